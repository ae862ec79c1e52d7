// SPDX-License-Identifier: MIT
// Inbox: what other threads hand to a loop. Producers push with one compare-and-swap and wake the loop only when
// it sleeps; the loop takes everything in one exchange. Order is kept per producer, and overall by push.
#pragma once

#include <hob/core/function.hpp>
#include <hob/loop/handle.hpp>

#include <atomic>

namespace hob {

/// One call posted from another thread. Comes from the global heap: it is freed on the other side, and the
/// thread-local pool would drain in one thread and grow in the other.
class ThreadSafeHandle::State {
 public:
  enum class Phase : unsigned char { pending, taken, cancelled };

  State(EventLoop& loop, Function<void()> fn, detail::ContextSlot context)
      : loop(loop), fn(std::move(fn)), context(std::move(context)) {}

  void retain() noexcept { refs.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  /// The one who moves the phase away from pending decides.
  bool claim(Phase to) noexcept {
    Phase expected = Phase::pending;
    return phase.compare_exchange_strong(expected, to, std::memory_order_acq_rel);
  }

  EventLoop& loop;
  Function<void()> fn;
  detail::ContextSlot context;
  std::atomic<unsigned> refs{1};
  std::atomic<Phase> phase{Phase::pending};
  State* next = nullptr;
};

namespace detail {

class Inbox {
 public:
  using Item = ThreadSafeHandle::State;

  /// Any thread. Gives whether the loop sleeps and must be woken.
  bool push(Item& item) noexcept {
    Item* head = head_.load(std::memory_order_relaxed);
    do {
      item.next = head;
    } while (!head_.compare_exchange_weak(head, &item, std::memory_order_seq_cst, std::memory_order_relaxed));
    return sleeping_.exchange(false, std::memory_order_seq_cst);
  }
  bool empty() const noexcept { return head_.load(std::memory_order_relaxed) == nullptr; }
  /// Loop thread: takes all, oldest first.
  Item* take_all() noexcept {
    Item* newest = head_.exchange(nullptr, std::memory_order_acquire);
    Item* oldest = nullptr;
    while (newest) {
      Item* next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
    }
    return oldest;
  }
  /// Loop thread: announces sleep; gives false when something came in meanwhile.
  bool fall_asleep() noexcept {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (head_.load(std::memory_order_seq_cst) == nullptr) return true;
    sleeping_.store(false, std::memory_order_relaxed);
    return false;
  }
  void wake_up() noexcept { sleeping_.store(false, std::memory_order_relaxed); }

 private:
  std::atomic<Item*> head_{nullptr};
  std::atomic<bool> sleeping_{false};
};

}  // namespace detail
}  // namespace hob
