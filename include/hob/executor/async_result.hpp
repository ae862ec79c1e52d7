// SPDX-License-Identifier: MIT
// AsyncResult: what Pool's `..._async` calls give.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/raise.hpp>
#include <hob/task/concurrent_future.hpp>

#include <utility>

namespace hob {

/// The result of a job, or of all jobs of a `map_async`, that comes later. Cheap to copy; any
/// thread. The calls block; `co_await` waits without, and cancelling that cancels jobs that have
/// not begun. Semantics of multiprocessing.pool.AsyncResult.
template <class T>
class AsyncResult {
 public:
  using value_type = T;
  explicit AsyncResult(concurrent::Future<T> future) noexcept : future_(std::move(future)) {}

  /// Blocks for the result, or throws the job's exception. Throws TimeoutError when it is not there
  /// in time, CancelledError after `terminate`. The reference lives as long as any handle.
  decltype(auto) get(Duration timeout = Duration::forever()) const& {
    return future_.result(timeout);
  }
  T get(Duration timeout = Duration::forever()) && { return std::move(future_).result(timeout); }
  /// Blocks until it is ready or the time has passed.
  void wait(Duration timeout = Duration::forever()) const { future_.base()->wait(timeout); }
  bool ready() const noexcept { return future_.done(); }
  /// Whether there is a result and no exception. Throws ValueError when it is not ready.
  bool successful() const {
    if (!ready()) detail::raise_value_error("the AsyncResult is not ready");
    return !future_.base()->outcome_error();
  }

  auto operator co_await() const { return future_.operator co_await(); }
  const concurrent::Future<T>& future() const noexcept { return future_; }

 private:
  concurrent::Future<T> future_;
};

}  // namespace hob
