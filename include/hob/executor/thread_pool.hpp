// SPDX-License-Identifier: MIT
// ThreadPoolExecutor: runs plain functions in threads, for work that blocks or computes.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/function.hpp>
#include <hob/core/text.hpp>
#include <hob/executor/executor.hpp>
#include <hob/executor/job.hpp>
#include <hob/executor/map.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/concurrent_future.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob {

struct ThreadPoolOptions {
  /// Threads are called `prefix_0`, `prefix_1`, ...; the kernel keeps 15 characters.
  Text thread_name_prefix = {};
  /// Called by each thread before its first job, perhaps by several at once. When it throws, the
  /// pool is broken: jobs that wait and later ones get BrokenThreadPool.
  Function<void()> initializer = {};
  /// The most jobs that may wait for a worker; 0: no limit. See `submit` and `async_submit`.
  std::size_t queue_limit = 0;
  /// How long a thread without work looks for some before it sleeps. Answers faster by the wake-up
  /// of a thread, and burns a processor for that long.
  Duration spin = {};
  /// After that many jobs a thread is replaced by a fresh one; 0: never.
  std::size_t max_tasks_per_child = 0;
};

namespace detail {

class ThreadPool;  // shared by the executor, its threads and the loops that use it
void retain_pool(ThreadPool& pool) noexcept;
void release_pool(ThreadPool& pool) noexcept;
/// A counted pointer to it.
struct PoolRef {
  explicit PoolRef(ThreadPool& p) noexcept : pool(&p) { retain_pool(p); }
  PoolRef(const PoolRef& other) noexcept : PoolRef(*other.pool) {}
  PoolRef& operator=(const PoolRef&) = delete;
  ~PoolRef() { release_pool(*pool); }
  ThreadPool* pool;
};

/// Queues the job and takes over one count of it. Throws RuntimeError, BrokenThreadPool.
void enqueue(ThreadPool& pool, Job& job);
/// One place in a bounded queue: done at once, or when a worker took a job. A place that is not
/// used by `enqueue` must be given back.
concurrent::Future<> request_place(ThreadPool& pool);
/// The same, blocking; free of charge in the pool's own threads.
void wait_for_place(ThreadPool& pool);
void give_place_back(ThreadPool& pool) noexcept;
bool is_bounded(const ThreadPool& pool) noexcept;

template <class F, class... Args>
concurrent::Future<JobResult<F, Args...>> submit_to(ThreadPool& pool, F&& fn, Args&&... args) {
  auto* job = new BoundJobFor<F, Args...>(std::forward<F>(fn), std::forward<Args>(args)...);
  concurrent::Future<JobResult<F, Args...>> future(Ref<ConcurrentFutureBase>::adopt(job));
  job->retain();  // the queue's
  try {
    enqueue(pool, *job);
  } catch (...) {
    job->release();
    throw;
  }
  return future;
}

template <class R, class F, class... Args>
Coro<concurrent::Future<R>> submit_when_free(PoolRef pool, F fn, Args... args) {
  const concurrent::Future<> place = request_place(*pool.pool);
  const Result<> waited = co_await as_result(place);
  if (!waited && !place.cancel()) {
    // Cancelled, but the place was granted; or the pool was shut down.
    if (!place.exception()) give_place_back(*pool.pool);
  }
  static_cast<void>(waited.value());
  try {
    co_return submit_to(*pool.pool, std::move(fn), std::move(args)...);
  } catch (...) {
    give_place_back(*pool.pool);
    throw;
  }
}

}  // namespace detail

/// A pool of threads. They start when there is a job and none of them idles, up to `max_workers`,
/// and are reused. Jobs start in the order in which they were submitted. Any thread may call
/// anything. Semantics of concurrent.futures.ThreadPoolExecutor.
class ThreadPoolExecutor final : public Executor {
 public:
  /// As many threads as there are processors, and 4 more, at most 32.
  explicit ThreadPoolExecutor(ThreadPoolOptions options = {});
  /// Throws ValueError unless `max_workers` is positive.
  explicit ThreadPoolExecutor(int max_workers, ThreadPoolOptions options = {});
  /// `shutdown()`: blocks until all jobs have ended. In one of its own threads it does not wait for
  /// that thread.
  ~ThreadPoolExecutor() override;

  /// Queues `fn(args...)`, both copied or moved in (std::ref opts out); a callable that takes a
  /// std::stop_token first (executor/stop_token.hpp) gets one, which is told when the `co_await` of
  /// the future is cancelled.
  /// Blocks while a bounded queue is full (not in the pool's own threads). Throws RuntimeError
  /// after `shutdown` and when no thread can be started, BrokenThreadPool.
  template <class F, class... Args>
  concurrent::Future<detail::JobResult<F, Args...>> submit(F&& fn, Args&&... args) {
    if (bounded_) [[unlikely]]
      detail::wait_for_place(core());
    return detail::submit_to(core(), std::forward<F>(fn), std::forward<Args>(args)...);
  }
  /// The same for coroutines: waits for a place in a bounded queue without blocking the loop.
  /// Cancelling it submits nothing.
  template <class F, class... Args>
  Coro<concurrent::Future<detail::JobResult<F, Args...>>> async_submit(F fn, Args... args) {
    return detail::submit_when_free<detail::JobResult<F, Args...>>(
        detail::PoolRef(core()), std::move(fn), std::move(args)...);
  }
  /// Calls `fn` with the items of the ranges, side by side until the shortest ends. The results
  /// come in order: `for (int n : pool.map(square, numbers))`, or `next()`. Without `buffersize`
  /// all is submitted at once. Throws ValueError for a chunk size of 0, and what `submit` throws.
  template <class F, class Range>
  auto map(F fn, Range&& range, MapOptions options) {
    return detail::map_on(*this, options, std::move(fn), std::forward<Range>(range));
  }
  template <class F, class A, class B>
  auto map(F fn, A&& a, B&& b, MapOptions options) {
    return detail::map_on(*this, options, std::move(fn), std::forward<A>(a), std::forward<B>(b));
  }
  template <class F, class... Ranges>
    requires(detail::InputRange<Ranges> && ...)
  auto map(F fn, Ranges&&... ranges) {
    return detail::map_on(*this, MapOptions{}, std::move(fn), std::forward<Ranges>(ranges)...);
  }
  /// For `map` and Pool: one job that calls `fn` with each of the items.
  template <class F, class Item>
  auto submit_chunk(F fn, std::vector<Item> items) {
    return submit(detail::RunChunk<F>(std::move(fn)), std::move(items));
  }

  /// Refuses new jobs; with `wait` blocks until all have ended. In one of its own threads `wait`
  /// throws RuntimeError, because that thread would wait for itself. Idempotent.
  void shutdown(ShutdownOptions options = {}) override;
  /// How many threads it has now.
  std::size_t workers() const noexcept;

  /// For the loop.
  detail::ThreadPool& core() const noexcept { return *core_; }

 private:
  detail::ThreadPool* core_;
  bool bounded_;
};

}  // namespace hob
