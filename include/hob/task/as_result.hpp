// SPDX-License-Identifier: MIT
// as_result: await without throwing.
#pragma once

#include <hob/core/result.hpp>
#include <hob/task/awaitable.hpp>

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

namespace hob {

namespace detail {

/// Wraps the awaiter of anything that can be awaited; uses its `await_resume_result` where it has
/// one, so that an exception is handed on as a pointer instead of thrown (2 us per coroutine
/// level).
template <class A>
class ResultAwaiter : public LibraryAwaiter {
  using Inner = decltype(std::declval<AwaitingPromise&>().await_transform(std::declval<A>()));
  using Plain = std::remove_cvref_t<Inner>;
  using T = std::remove_cvref_t<decltype(std::declval<Plain&>().await_resume())>;

 public:
  explicit ResultAwaiter(A&& awaited)
      : inner_(AwaitingPromise().await_transform(static_cast<A&&>(awaited), {})) {}
  bool await_ready() { return inner_.await_ready(); }
  template <class P>
  decltype(auto) await_suspend(std::coroutine_handle<P> self) {
    return inner_.await_suspend(self);
  }
  Result<T> await_resume() {
    if constexpr (requires { inner_.await_resume_result(); }) {
      return inner_.await_resume_result();
    } else {
      try {
        if constexpr (std::is_void_v<T>) {
          inner_.await_resume();
          return {};
        } else {
          return Result<T>(inner_.await_resume());
        }
      } catch (...) {
        return Result<T>(std::current_exception());
      }
    }
  }

 private:
  Inner inner_;
};

}  // namespace detail

/// Awaits `awaited` (a coroutine, future, sleep, ...) and gives its outcome as a Result: nothing is
/// thrown, a CancelledError included. `if (auto r = co_await as_result(f()); !r) ...` A
/// cancellation that is caught this way is swallowed, as in `except CancelledError: pass`; rethrow
/// it with `r.value()` unless you mean that.
template <class A>
auto as_result(A&& awaited) {
  return detail::ResultAwaiter<A&&>(static_cast<A&&>(awaited));
}

}  // namespace hob
