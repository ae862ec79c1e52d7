// SPDX-License-Identifier: MIT
// Lock: one task at a time. Needed only where an invariant must hold across a co_await: between two
// of them a task is alone anyway.
#pragma once

#include <hob/sync/scoped.hpp>
#include <hob/sync/waiters.hpp>
#include <hob/task/awaitable.hpp>

#include <coroutine>

namespace hob {

class Lock;

namespace detail {

class ConditionAwaiter;

class LockAwaiter : public LibraryAwaiter {
 public:
  explicit LockAwaiter(Lock& lock) noexcept : lock_(&lock) {}
  bool await_ready() noexcept;
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    start(self.promise());
  }
  void await_resume() {
    if (link_.used()) finish();
  }

 private:
  void start(PromiseBase& leaf) noexcept;
  void finish();

  Lock* lock_;
  WaitLink link_;
};

}  // namespace detail

/// Mutual exclusion between tasks of one loop; fair: served in order of arrival. It has no owner:
/// any task may release it. Belongs to the loop's thread; bound to the loop in which a task first
/// waits for it (RuntimeError from another). When it is destroyed, a task that still waits stays
/// suspended until cancelled. Semantics of asyncio.Lock, CPython 3.13.
///
///   auto guard = co_await lock.scoped();  // async with lock:
class Lock {
 public:
  using Scoped = hob::Scoped<Lock>;

  Lock() noexcept = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  /// Takes the lock; does not suspend when it is free and nobody else is due.
  /// A cancelled acquire leaves the lock to the next task in line.
  [[nodiscard]] detail::LockAwaiter acquire() noexcept { return detail::LockAwaiter(*this); }
  /// The same; gives a guard that releases it.
  [[nodiscard]] detail::ScopedAwaiter<detail::LockAwaiter, Lock> scoped() noexcept {
    return detail::ScopedAwaiter<detail::LockAwaiter, Lock>(*this);
  }
  /// Gives the lock to the first task in line, which has it once it runs. Throws RuntimeError when
  /// not locked.
  void release() {
    if (!locked_) [[unlikely]]
      raise_not_acquired();
    locked_ = false;
    waiters_.wake_first();
  }
  /// Whether a task has it now. False between a release and the next task's turn.
  bool locked() const noexcept { return locked_; }

 private:
  friend detail::LockAwaiter;
  friend detail::ConditionAwaiter;
  friend Scoped;

  bool try_acquire() noexcept {
    if (locked_ || waiters_.has_live()) return false;
    return locked_ = true;
  }
  /// The step of a task that was in line: gives whether it has the lock. When not, the next one is
  /// woken.
  bool end_wait(detail::WaitLink& link) noexcept;
  void release_scope() noexcept;
  [[noreturn]] static void raise_not_acquired();

  detail::WaitQueue waiters_;
  detail::LoopBound loop_;
  bool locked_ = false;
};

inline bool detail::LockAwaiter::await_ready() noexcept {
  if (lock_->try_acquire()) return true;
  return link_.refused_by(lock_->loop_);
}

}  // namespace hob
