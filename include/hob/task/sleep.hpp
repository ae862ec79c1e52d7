// SPDX-License-Identifier: MIT
// sleep: wait for time to pass.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/task/awaitable.hpp>
#include <hob/task/task_base.hpp>

#include <coroutine>
#include <utility>

namespace hob {

namespace detail {

class SleepAwaiter : public LibraryAwaiter {
 public:
  explicit SleepAwaiter(Duration delay) noexcept : delay_(delay) {}
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    PromiseBase& promise = self.promise();
    task_ = promise.task;
    if (delay_ <= Duration()) {
      task_->yield(promise);
    } else {
      task_->sleep_until(promise, (task_->loop()->time() + delay_).count_ns());
    }
  }
  void await_resume() const { task_->finish_wait(); }

 private:
  Duration delay_;
  TaskBase* task_ = nullptr;
};

template <class T>
class SleepWithResult : public SleepAwaiter {
 public:
  SleepWithResult(Duration delay, T result) : SleepAwaiter(delay), result_(std::move(result)) {}
  T await_resume() {
    SleepAwaiter::await_resume();
    return std::move(result_);
  }

 private:
  T result_;
};

}  // namespace detail

/// Suspends the task for `delay` on the loop's clock; zero or less lets every other ready task run
/// once. Never wakes early; to within a few microseconds. Throws ValueError for NaN. Behaviour of
/// asyncio.sleep.
[[nodiscard("co_await it: alone it does not wait")]] inline detail::SleepAwaiter sleep(
    Duration delay) noexcept {
  return detail::SleepAwaiter(delay);
}

/// The same; gives `result` afterwards.
template <class T>
[[nodiscard("co_await it: alone it does not wait")]] detail::SleepWithResult<T> sleep(
    Duration delay, T result) {
  return {delay, std::move(result)};
}

}  // namespace hob
