// SPDX-License-Identifier: MIT
// timeout, timeout_at, wait_for: a limit on how long something may take.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/invoke.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/ensure_future.hpp>
#include <hob/task/this_task.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace hob {

/// A running time limit; given to the body of `timeout`. When it passes, the task is cancelled
/// once, and the CancelledError that leaves the body becomes a TimeoutError, unless somebody else
/// cancelled the task too. Semantics of asyncio.Timeout.
class Timeout {
 public:
  Timeout(const Timeout&) = delete;
  Timeout& operator=(const Timeout&) = delete;
  ~Timeout();

  /// The deadline on the loop's clock; `Duration::forever()` for none.
  Duration when() const noexcept { return when_; }
  /// Moves the deadline; one in the past is due at once. Throws RuntimeError once it has passed or
  /// ended.
  void reschedule(Duration when);
  /// Whether the deadline passed while the body ran.
  bool expired() const noexcept { return state_ == State::expiring || state_ == State::expired; }

  /// For the functions below. `keep_result`: a wake-up that is on its way at the deadline goes
  /// first.
  Timeout(detail::TaskBase& task, Duration when, bool keep_result);
  /// Ends the limit; throws TimeoutError in place of `error` when that is its own cancellation.
  void exit(const std::exception_ptr& error);

 private:
  enum class State : unsigned char { entered, expiring, expired, exited };
  struct Timer : detail::TimerNode {
    Timeout* owner;
  };
  static void on_timeout(detail::Node* node);
  void disarm() noexcept;
  void publish() noexcept;

  detail::TaskBase& task_;
  Duration when_;
  Timer timer_;
  detail::ContextSlot context_;  // where callees read the deadline
  std::int64_t outer_deadline_ns_;
  unsigned cancelling_;
  State state_ = State::entered;
  bool keep_result_;
  bool deferred_ = false;
};

namespace detail {

template <class F, class... Args>
decltype(auto) call_timeout_body(Timeout& scope, F& fn, Args&... args) {
  if constexpr (std::is_invocable_v<F&, Timeout&, Args...>) {
    return detail::invoke(fn, scope, std::move(args)...);
  } else {
    static_assert(std::is_invocable_v<F&, Args...>,
                  "the body of timeout is called as fn(args...) or fn(timeout, args...)");
    return detail::invoke(fn, std::move(args)...);
  }
}
template <class F, class... Args>
using TimeoutBodyCoro = decltype(call_timeout_body(std::declval<Timeout&>(), std::declval<F&>(),
                                                   std::declval<Args&>()...));

template <class F, class... Args>
Coro<typename CoroResult<TimeoutBodyCoro<F, Args...>>::Type> run_with_timeout(Duration when, F fn,
                                                                              Args... args) {
  Timeout scope(co_await ThisTask(), when, false);
  auto result = co_await as_result(call_timeout_body(scope, fn, args...));
  scope.exit(result.exception());
  if constexpr (std::is_void_v<typename CoroResult<TimeoutBodyCoro<F, Args...>>::Type>) {
    result.value();
  } else {
    co_return std::move(result).value();
  }
}

Duration deadline_after(Duration delay);
/// Cancels the future and waits for its end (not for its outcome).
Coro<> cancel_and_wait(Ref<FutureBase> future);
/// "The result after all" of a wait_for with no time: throws TimeoutError for a cancelled one.
void check_cancelled_future(FutureBase& future);

template <class T, class A>
Coro<T> run_wait_for(A awaited, Duration timeout) {
  Timeout scope(co_await ThisTask(), deadline_after(timeout), true);
  Result<T> result = co_await as_result(std::move(awaited));
  scope.exit(result.exception());
  if constexpr (std::is_void_v<T>) {
    result.value();
  } else {
    co_return std::move(result).value();
  }
}

template <class T>
Coro<T> wait_no_time(Future<T> future) {
  if (!future.done()) {
    co_await cancel_and_wait(future.state());
    check_cancelled_future(*future.state());
  }
  co_return co_await std::move(future);
}

}  // namespace detail

/// The time by which the current task must be done: the nearest deadline of the `timeout` and
/// `wait_for` calls around it, in this task or in those that made it. For callees that want to pass
/// a limit on, or not to start what cannot end in time. (asyncio has no way to ask.)
class Deadline {
 public:
  /// The current one; without limit outside of all timeouts. Throws RuntimeError without a loop.
  static Deadline current();

  /// On the loop's clock; `Duration::forever()` when there is none.
  Duration when() const noexcept { return when_; }
  /// How much time is left; negative once it has passed, `Duration::forever()` when there is none.
  Duration remaining() const;
  bool expired() const { return remaining() <= Duration(); }

 private:
  explicit Deadline(Duration when) noexcept : when_(when) {}
  Duration when_;
};

/// Runs `fn(args...)`, or `fn(timeout, args...)` with a `Timeout&` to reschedule, for at most
/// `delay`. Gives what it gives. When the time has passed, the body is cancelled, and TimeoutError
/// is thrown once it ended. `Duration::forever()` is no limit. Callable and arguments live until
/// the end. Behaviour of asyncio.timeout.
template <class F, class... Args>
auto timeout(Duration delay, F fn, Args... args) {
  return detail::run_with_timeout(detail::deadline_after(delay), std::move(fn), std::move(args)...);
}

/// The same with a deadline on the clock of `EventLoop::time`.
template <class F, class... Args>
auto timeout_at(Duration when, F fn, Args... args) {
  return detail::run_with_timeout(when, std::move(fn), std::move(args)...);
}

/// Waits for a coroutine, future or task for at most `timeout`: then cancels it, waits for its end,
/// and throws TimeoutError; if it gives a result all the same, gives that. With no time (<= 0) a
/// coroutine is not started. A result that becomes ready in the same turn as the deadline is kept
/// (Python 3.11's rule; 3.12 loses it). Cancelling cancels what is waited for; wrap it in `shield`
/// to prevent that. Behaviour of asyncio.wait_for.
template <class T>
Coro<T> wait_for(Coro<T>&& coro, Duration timeout) {
  if (timeout <= Duration()) return detail::wait_no_time<T>(create_task(std::move(coro)));
  return detail::run_wait_for<T>(detail::OwnedCoro<T>(std::move(coro)), timeout);
}
template <class F>
  requires kIsFuture<F>
Coro<typename F::value_type> wait_for(F future, Duration timeout) {
  using T = typename F::value_type;
  if (timeout <= Duration()) return detail::wait_no_time<T>(std::move(future));
  return detail::run_wait_for<T>(Future<T>(std::move(future)), timeout);
}
template <class A>
  requires(!kIsFuture<std::remove_cvref_t<A>> && !detail::kIsCoro<std::remove_cvref_t<A>>)
auto wait_for(A&& awaitable, Duration timeout) {
  return wait_for(detail::await_whole<std::decay_t<A>>(std::forward<A>(awaitable)), timeout);
}

}  // namespace hob
