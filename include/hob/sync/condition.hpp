// SPDX-License-Identifier: MIT
// Condition: wait, with a lock, until another task says that something has changed.
#pragma once

#include <hob/core/message.hpp>
#include <hob/sync/lock.hpp>
#include <hob/sync/waiters.hpp>
#include <hob/task/coro.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace hob {

class Condition;

namespace detail {

// Two waits in a row: for the notification, then for the lock. The coroutine is resumed once, at
// the end.
class ConditionAwaiter : public LibraryAwaiter {
 public:
  explicit ConditionAwaiter(Condition& condition) noexcept : condition_(&condition) {}
  bool await_ready() noexcept;
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    start(self.promise());
  }
  void await_resume() {
    if (link_.refused() || cancelled_ || orphaned_) [[unlikely]]
      raise();
  }

 private:
  static const QueuedWait kNotification;
  static const QueuedWait kLock;
  static void notified(Node* node);
  static void locked(Node* node);
  void start(PromiseBase& leaf) noexcept;
  void reacquire();
  void note_cancellation() noexcept;
  [[noreturn]] void raise();

  Condition* condition_;
  WaitLink link_;
  Ref<Message> message_;  // of the last cancellation
  bool cancelled_ = false;
  bool orphaned_ = false;  // the condition or the lock is gone
};

}  // namespace detail

/// Tasks wait, holding the lock, until notified by a task that holds the lock. Belongs to the
/// loop's thread; bound to the loop in which a task first waits (RuntimeError from another). When
/// it is destroyed, a task that still waits stays suspended until cancelled. Semantics of
/// asyncio.Condition, CPython 3.13.
///
///   auto guard = co_await condition.scoped();  // async with condition:
///   co_await condition.wait_for([&] { return ready; });
class Condition {
 public:
  using Scoped = hob::Scoped<Lock>;

  /// With a lock of its own.
  Condition() noexcept : lock_(&own_lock_) {}
  /// With a lock shared with others, which must outlive it.
  explicit Condition(Lock& lock) noexcept : lock_(&lock) {}
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  /// The lock's own `acquire`, `scoped`, `release`, `locked`.
  [[nodiscard]] detail::LockAwaiter acquire() noexcept { return lock_->acquire(); }
  [[nodiscard]] auto scoped() noexcept { return lock_->scoped(); }
  void release() { lock_->release(); }
  bool locked() const noexcept { return lock_->locked(); }

  /// Releases the lock, waits until notified, and takes the lock again. Always suspends. May return
  /// although nothing has changed: check, and wait again (`wait_for` does). A cancelled wait also
  /// takes the lock back before it throws CancelledError (the last one, if it was cancelled more
  /// than once), and lets another waiter have the notification. Throws RuntimeError when the lock
  /// is not held.
  [[nodiscard]] detail::ConditionAwaiter wait() noexcept { return detail::ConditionAwaiter(*this); }
  /// Waits until `predicate()`, called with the lock held, gives something true; gives that.
  /// Does not suspend when it does so at once. Cancellation and errors as in `wait`.
  template <class Predicate>
    requires std::is_invocable_v<Predicate&>
  Coro<std::decay_t<std::invoke_result_t<Predicate&>>> wait_for(Predicate predicate) {
    for (;;) {
      std::decay_t<std::invoke_result_t<Predicate&>> result = predicate();
      if (result) co_return std::move(result);
      co_await wait();
    }
  }
  /// Wakes the first `n` waiting tasks; each goes on once it has the lock, which the caller still
  /// holds. Throws RuntimeError when the lock is not held.
  void notify(std::size_t n = 1);
  /// Wakes all of them.
  void notify_all() { notify(SIZE_MAX); }

 private:
  friend detail::ConditionAwaiter;

  Lock own_lock_;
  Lock* lock_;
  detail::WaitQueue waiters_;
  detail::LoopBound loop_;
};

}  // namespace hob
