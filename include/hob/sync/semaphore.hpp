// SPDX-License-Identifier: MIT
// Semaphore, BoundedSemaphore: at most so many tasks at a time.
#pragma once

#include <hob/sync/scoped.hpp>
#include <hob/sync/waiters.hpp>
#include <hob/task/awaitable.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>

namespace hob {

class Semaphore;

namespace detail {

class SemaphoreAwaiter : public LibraryAwaiter {
 public:
  explicit SemaphoreAwaiter(Semaphore& semaphore) noexcept : semaphore_(&semaphore) {}
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

  Semaphore* semaphore_;
  WaitLink link_;
};

}  // namespace detail

/// A number of permits. Fair: a task that comes while others wait goes to the end of the line, even
/// when there are permits. Belongs to the loop's thread; bound to the loop in which a task first
/// waits for it (RuntimeError from another). When it is destroyed, a task that still waits stays
/// suspended until cancelled. Semantics of asyncio.Semaphore, CPython 3.13.
class Semaphore {
 public:
  using Scoped = hob::Scoped<Semaphore>;

  /// Throws ValueError when `value`, the number of permits, is negative.
  explicit Semaphore(std::ptrdiff_t value = 1) : Semaphore(value, PTRDIFF_MAX) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  /// Takes a permit; does not suspend when there is one and nobody waits. A cancelled acquire has
  /// taken none: a permit that was already on its way goes to the next task in line.
  [[nodiscard]] detail::SemaphoreAwaiter acquire() noexcept {
    return detail::SemaphoreAwaiter(*this);
  }
  /// The same; gives a guard that returns the permit: `auto guard = co_await semaphore.scoped();`
  [[nodiscard]] detail::ScopedAwaiter<detail::SemaphoreAwaiter, Semaphore> scoped() noexcept {
    return detail::ScopedAwaiter<detail::SemaphoreAwaiter, Semaphore>(*this);
  }
  /// Returns a permit, or adds one; the first task in line gets it. Never suspends.
  /// Throws ValueError when a BoundedSemaphore has all of its permits.
  void release() {
    if (value_ >= bound_) [[unlikely]]
      raise_too_many();
    ++value_;
    grant();
  }
  /// Whether `acquire` would suspend.
  bool locked() const noexcept { return value_ == 0 || waiters_.has_live(); }

 protected:
  Semaphore(std::ptrdiff_t value, std::ptrdiff_t bound);

 private:
  friend detail::SemaphoreAwaiter;
  friend Scoped;

  /// Gives a permit to the first in line; false when nobody waits.
  bool grant() noexcept {
    if (!waiters_.wake_next()) return false;
    --value_;
    return true;
  }
  /// The step of a task that was in line: gives whether it has a permit.
  bool end_wait(detail::WaitLink& link) noexcept;
  void release_scope() noexcept;
  [[noreturn]] static void raise_too_many();

  detail::WaitQueue waiters_;
  detail::LoopBound loop_;
  std::ptrdiff_t value_;  // permits that neither a task has nor one was granted
  std::ptrdiff_t bound_;
};

/// A Semaphore that never has more permits than at first: one `release` too many throws ValueError.
/// Semantics of asyncio.BoundedSemaphore.
class BoundedSemaphore : public Semaphore {
 public:
  explicit BoundedSemaphore(std::ptrdiff_t value = 1) : Semaphore(value, value) {}
};

inline bool detail::SemaphoreAwaiter::await_ready() noexcept {
  if (!semaphore_->locked()) {
    --semaphore_->value_;
    return true;
  }
  return link_.refused_by(semaphore_->loop_);
}

}  // namespace hob
