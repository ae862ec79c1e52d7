// SPDX-License-Identifier: MIT
// run_in_executor, to_thread: plain functions in threads, awaited by coroutines.
#pragma once

#include <hob/core/context.hpp>
#include <hob/executor/job.hpp>
#include <hob/executor/thread_pool.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/concurrent_future.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/future.hpp>
#include <hob/task/this_task.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace hob {
namespace detail {

/// Made when nobody has set one. Throws RuntimeError once it was shut down.
ThreadPool& default_pool(EventLoop& loop);

/// Nobody else will ask for the value: it is moved.
template <class T>
void move_concurrent_value(FutureBase& dest, ConcurrentFutureBase& source) {
  auto& value = static_cast<ConcurrentFutureState<T>&>(source).value;
  static_cast<FutureState<T>&>(dest).set_result(std::move(value.get()));
}

template <class T>
Future<T> bring_home(EventLoop& loop, const concurrent::Future<T>& job) {
  Future<T> dest = loop.create_future<T>();
  bridge_futures(*dest.state(), job.base(), &move_concurrent_value<T>);
  return dest;
}

/// After the await of `job` was cancelled: makes the task group around the awaiting task wait for
/// the thread, when it is at work.
void join_in_group(TaskBase& task, const Ref<ConcurrentFutureBase>& job);

template <class R, class F, class... Args>
Coro<R> run_to_thread(F fn, Args... args) {
  TaskBase& task = co_await ThisTask();
  EventLoop& loop = *task.loop();
  InContext<F> call(copy_current_context(), std::move(fn));
  const concurrent::Future<R> job =
      submit_to(default_pool(loop), std::move(call), std::move(args)...);
  Future<R> home = bring_home(loop, job);
  Result<R> result = co_await as_result(std::move(home));
  if (!result && !job.done() && !job.cancel()) join_in_group(task, job.base());
  if constexpr (std::is_void_v<R>) {
    result.value();
  } else {
    co_return std::move(result).value();
  }
}

}  // namespace detail

/// Runs `fn(args...)` in a thread of the loop's default executor, in a copy of the current context,
/// and gives its result or throws its exception. Cancelling the await cancels a job that has not
/// begun; one that runs is told when it takes a std::stop_token first, and goes on without us. But
/// a task group does not end before it has: inside one, threads never outlive the block.
/// Throws RuntimeError once the default executor was shut down. Behaviour of asyncio.to_thread.
template <class F, class... Args>
Coro<detail::JobResult<detail::InContext<F>, Args...>> to_thread(F fn, Args... args) {
  return detail::run_to_thread<detail::JobResult<detail::InContext<F>, Args...>>(
      std::move(fn), std::move(args)...);
}

template <class E, class F, class... Args>
auto EventLoop::run_in_executor(E* executor, F&& fn, Args&&... args) {
  if (core_.closed || core_.debug) check_usable();
  return detail::bring_home(*this,
                            executor->submit(std::forward<F>(fn), std::forward<Args>(args)...));
}

template <class F, class... Args>
auto EventLoop::run_in_executor(std::nullptr_t, F&& fn, Args&&... args) {
  if (core_.closed || core_.debug) check_usable();
  return detail::bring_home(*this,
                            detail::submit_to(detail::default_pool(*this), std::forward<F>(fn),
                                              std::forward<Args>(args)...));
}

}  // namespace hob
