// SPDX-License-Identifier: MIT
// Job: one call that waits in a thread pool's queue: its future, the callable and the arguments in
// one allocation.
#pragma once

#include <hob/core/context.hpp>
#include <hob/core/invoke.hpp>
#include <hob/task/concurrent_future.hpp>

#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hob::detail {

/// What a queue of jobs knows of one. It holds one count of the job's future until `run` or
/// `refuse`, of which exactly one is called, once.
class Job {
 public:
  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  /// In a worker: calls, and finishes the future.
  virtual void run() noexcept = 0;
  /// Finishes the future with `error`; cancels it when that is null.
  virtual void refuse(std::exception_ptr error) noexcept = 0;

  Job* next = nullptr;  // in the queue

 protected:
  ~Job() = default;
};

/// Converts to a std::stop_token without naming it: <stop_token> would make this header a sixth
/// heavier, and few want it.
struct AnyStopToken {
  template <class T>
    requires requires(const T& token) { token.stop_requested(), token.stop_possible(); }
  operator T() const;  // NOLINT
};
/// Whether `fn(args...)` wants a std::stop_token before its arguments, as std::jthread asks.
template <class F, class... Args>
inline constexpr bool kTakesStopToken =
    !std::is_invocable_v<F, Args...> && std::is_invocable_v<F, AnyStopToken, Args...>;
/// A std::stop_source; `F` only delays its look-up. Defined in executor/stop_token.hpp.
template <class F>
struct StopSourceFor;

template <class F, class... Args>
struct JobCall {
  static auto result() {
    if constexpr (kTakesStopToken<F, Args...>) {
      static_assert(
          requires { sizeof(StopSourceFor<F>); },
          "jobs that take a std::stop_token need #include <hob/executor/stop_token.hpp>");
      using Token = decltype(std::declval<StopSourceFor<F>&>().source.get_token());
      return std::type_identity<std::invoke_result_t<F, Token, Args...>>();
    } else {
      static_assert(std::is_invocable_v<F, Args...>,
                    "the callable cannot be called with these arguments");
      return std::type_identity<std::invoke_result_t<F, Args...>>();
    }
  }
  using Result = std::remove_cvref_t<typename decltype(result())::type>;
};
/// What the future of a job for `fn(args...)` gives.
template <class F, class... Args>
using JobResult = typename JobCall<std::decay_t<F>, std::decay_t<Args>...>::Result;

/// Callable and arguments are moved into the call and destroyed in the worker, before anybody can
/// see the result.
template <class R, class F, class... Args>
class BoundJob final : public ConcurrentFutureState<R>, public Job {
 public:
  template <class Fn, class... As>
  explicit BoundJob(Fn&& fn, As&&... args)
      : call_(std::in_place, std::forward<Fn>(fn), std::forward<As>(args)...) {}

  void run() noexcept override {
    const auto queued = Ref<ConcurrentFutureBase>::adopt(this);
    try {
      if (!this->set_running_or_notify_cancel()) return call_.reset();
    } catch (...) {  // the caller finished the future itself
      return call_.reset();
    }
    try {
      if constexpr (std::is_void_v<R>) {
        call();
        call_.reset();
        this->set_result({});
      } else {
        R result = call();
        call_.reset();
        this->set_result(std::move(result));
      }
    } catch (...) {
      call_.reset();
      fail(std::current_exception());
    }
  }
  void refuse(std::exception_ptr error) noexcept override {
    const auto queued = Ref<ConcurrentFutureBase>::adopt(this);
    call_.reset();
    try {
      if (!error) this->cancel();
      if (this->set_running_or_notify_cancel()) fail(std::move(error));
    } catch (...) {  // the caller finished the future itself
    }
  }
  void abandon() noexcept override {
    if constexpr (kStops) stop_.source.request_stop();
  }

 private:
  static constexpr bool kStops = kTakesStopToken<F, Args...>;

  decltype(auto) call() {
    std::tuple<F, Args...>& bound = *call_;
    if constexpr (kStops) {
      return std::apply(
          [this](F& fn, Args&... args) -> decltype(auto) {
            return detail::invoke(std::move(fn), stop_.source.get_token(), std::move(args)...);
          },
          bound);
    } else {
      return std::apply(
          [](F& fn, Args&... args) -> decltype(auto) {
            return detail::invoke(std::move(fn), std::move(args)...);
          },
          bound);
    }
  }
  void fail(std::exception_ptr error) noexcept {
    try {
      this->set_exception(std::move(error));
    } catch (...) {  // the caller finished the future itself
    }
  }

  std::optional<std::tuple<F, Args...>> call_;
  [[no_unique_address]] std::conditional_t<kStops, StopSourceFor<F>, None> stop_;
};

template <class F, class... Args>
using BoundJobFor = BoundJob<JobResult<F, Args...>, std::decay_t<F>, std::decay_t<Args>...>;

/// A callable that runs in a context of its own.
template <class F>
class InContext {
 public:
  InContext(ContextSlot context, F fn) : context_(std::move(context)), fn_(std::move(fn)) {}
  template <class... Args>
    requires std::is_invocable_v<F, Args...>
  decltype(auto) operator()(Args&&... args) && {
    const ContextScope scope(context_);
    return detail::invoke(std::move(fn_), std::forward<Args>(args)...);
  }

 private:
  ContextSlot context_;
  F fn_;
};

}  // namespace hob::detail
