// SPDX-License-Identifier: MIT
// Inbox: what other threads hand to a loop. Producers push with one compare-and-swap and wake the
// loop only when it sleeps; the loop takes everything in one exchange. Order is kept per producer,
// and overall by push. Once closed it refuses: a push either came before the close, and is dropped
// by it, or fails.
#pragma once

#include <hob/core/function.hpp>
#include <hob/loop/handle.hpp>

#include <atomic>

namespace hob {

/// One call posted from another thread. Comes from the global heap: it is freed on the other side,
/// and the thread-local pool would drain in one thread and grow in the other.
class ThreadSafeHandle::State : public detail::Node {
 public:
  enum class Phase : unsigned char { pending, taken, cancelled };

  State(EventLoop& l, Function<void()> f, detail::ContextSlot c)
      : loop(l), fn(std::move(f)), context(std::move(c)) {
    run = &State::run_node;
  }

  void retain() noexcept { refs.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  /// The one who moves the phase away from pending decides.
  bool claim(Phase to) noexcept {
    Phase expected = Phase::pending;
    return phase.compare_exchange_strong(expected, to, std::memory_order_acq_rel);
  }

  static void run_node(detail::Node* node);

  EventLoop& loop;
  Function<void()> fn;
  detail::ContextSlot context;
  std::atomic<unsigned> refs{1};
  std::atomic<Phase> phase{Phase::pending};
  State* older = nullptr;  // in the inbox
};

namespace detail {

class Inbox {
 public:
  using Item = ThreadSafeHandle::State;

  enum class Pushed : unsigned char { quietly, to_sleeper, refused };

  /// Any thread. After `to_sleeper` the loop must be woken.
  Pushed push(Item& item) noexcept {
    Item* head = head_.load(std::memory_order_relaxed);
    do {
      if (head == closed_mark()) return Pushed::refused;
      item.older = head;
    } while (!head_.compare_exchange_weak(head, &item, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
    return sleeping_.exchange(false, std::memory_order_seq_cst) ? Pushed::to_sleeper
                                                                : Pushed::quietly;
  }
  bool empty() const noexcept {
    const Item* head = head_.load(std::memory_order_relaxed);
    return head == nullptr || head == closed_mark();
  }
  /// Loop thread: appends everything to `ready`, oldest first.
  void take_all(NodeList& ready) noexcept {
    if (!empty()) deal_out(head_.exchange(nullptr, std::memory_order_acquire), ready);
  }
  /// Loop thread: the same, and refuses whatever comes later.
  void close(NodeList& ready) noexcept {
    Item* newest = head_.exchange(closed_mark(), std::memory_order_acq_rel);
    if (newest != closed_mark()) deal_out(newest, ready);
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
  static void deal_out(Item* newest, NodeList& ready) noexcept {
    Item* oldest = nullptr;
    while (newest) {
      Item* older = newest->older;
      newest->older = oldest;
      oldest = newest;
      newest = older;
    }
    for (Item* item = oldest; item; item = item->older) ready.push_back(*item);
  }
  static Item* closed_mark() noexcept { return reinterpret_cast<Item*>(alignof(Item)); }

  std::atomic<Item*> head_{nullptr};
  std::atomic<bool> sleeping_{false};
};

}  // namespace detail
}  // namespace hob
