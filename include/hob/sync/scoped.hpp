// SPDX-License-Identifier: MIT
// Scoped: Python's `async with lock:` for things with `acquire` and `release`. The release is
// synchronous, so a destructor can do it.
#pragma once

#include <utility>

namespace hob {

namespace detail {
template <class Acquire, class P>
class ScopedAwaiter;
}

/// Holds what `co_await x.scoped()` acquired and releases it at the end of the scope.
/// `x` must outlive it. Belongs to the loop's thread.
template <class P>
class [[nodiscard(
    "it is released at once when not kept: auto guard = co_await lock.scoped();")]] Scoped {
 public:
  Scoped(Scoped&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  Scoped& operator=(Scoped&&) = delete;
  ~Scoped() {
    if (held_) held_->release_scope();
  }
  /// Releases now instead of at the end of the scope. Idempotent.
  void release() {
    if (P* held = std::exchange(held_, nullptr)) held->release();
  }

 private:
  template <class Acquire, class Q>
  friend class detail::ScopedAwaiter;
  explicit Scoped(P& held) noexcept : held_(&held) {}

  P* held_;
};

namespace detail {

/// Awaits like `Acquire` and gives the guard.
template <class Acquire, class P>
class ScopedAwaiter : public Acquire {
 public:
  explicit ScopedAwaiter(P& acquired) noexcept : Acquire(acquired), acquired_(&acquired) {}
  Scoped<P> await_resume() {
    Acquire::await_resume();
    return Scoped<P>(*acquired_);
  }

 private:
  P* acquired_;
};

}  // namespace detail
}  // namespace hob
