// SPDX-License-Identifier: MIT
// BasicPool: multiprocessing's Pool, over an engine that runs jobs: threads (ThreadPool, here) or
// processes.
//
// An engine is constructed from (int workers, Options) and has:
//   concurrent::Future<R> submit(fn, args...);
//   concurrent::Future<std::vector<Result<R>>> submit_chunk(fn, std::vector<Item> items);
//     calls `fn` with the parts of each item, a tuple: every item has an outcome of its own
//   Options            a type, of the pool's options
//   void close();      no new jobs; those that wait still run
//   void terminate();  no new jobs; those that wait are cancelled
//   void join();       after one of these: blocks until the workers are gone
//   std::size_t workers() const;
#pragma once

#include <hob/core/raise.hpp>
#include <hob/executor/async_result.hpp>
#include <hob/executor/imap.hpp>
#include <hob/executor/map.hpp>
#include <hob/executor/pool_map.hpp>
#include <hob/executor/thread_pool.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob {

struct PoolOptions {
  /// Called by each worker before its first job. When it throws, the pool is broken.
  Function<void()> initializer = {};
  /// After that many jobs a worker is replaced by a fresh one; 0: never.
  std::size_t maxtasksperchild = 0;
};

/// Runs calls in workers. The plain calls block; the `..._async` ones give an AsyncResult, which
/// can be awaited, and take callbacks, which run in the thread that finishes the job. What a
/// callback throws is printed. Any thread may call anything. Calls after `close` or `terminate`
/// throw ValueError. Semantics of multiprocessing.Pool.
template <class Engine>
class BasicPool {
  template <class F, class... Args>
  using CallResult = typename decltype(std::declval<Engine&>().submit(
      std::declval<F>(), std::declval<Args>()...))::value_type;
  template <class F, class Item>
  using MappedBy = detail::ItemResult<F, Item>;

 public:
  using Options = typename Engine::Options;

  /// As many workers as there are processors.
  explicit BasicPool(Options options = {})
      : BasicPool(detail::processor_count(), std::move(options)) {}
  /// Throws ValueError unless `processes` is positive.
  explicit BasicPool(int processes, Options options = {})
      : engine_(check(processes), std::move(options)),
        processes_(static_cast<std::size_t>(processes)) {}
  BasicPool(const BasicPool&) = delete;
  BasicPool& operator=(const BasicPool&) = delete;
  /// `terminate` and `join`: the end of Python's `with`.
  ~BasicPool() {
    engine_.terminate();
    engine_.join();
  }

  /// Calls `fn(args...)` in a worker and blocks for the result.
  template <class F, class... Args>
  auto apply(F fn, Args... args) {
    return apply_async(std::move(fn), std::move(args)...).get();
  }
  template <class F, class... Args>
  auto apply_async(F fn, Args... args) {
    check_running();
    return result_of(engine_.submit(std::move(fn), std::move(args)...));
  }
  /// With the arguments as a tuple: calls `callback(result)` once it is there, or
  /// `error_callback(std::exception_ptr)`.
  template <class F, class... Args, class Callback, class ErrorCallback = detail::IgnoreError>
    requires std::is_invocable_v<Callback&, const detail::NoneIfVoid<CallResult<F, Args...>>&>
  auto apply_async(F fn, std::tuple<Args...> args, Callback callback,
                   ErrorCallback error_callback = {}) {
    check_running();
    auto future = std::apply(
        [&](Args&... a) { return engine_.submit(std::move(fn), std::move(a)...); }, args);
    detail::call_back(future, std::move(callback), std::move(error_callback));
    return result_of(std::move(future));
  }

  /// Calls `fn` with each item of `range` and blocks for all results, in order; throws the first
  /// exception that came, once all have ended. `chunksize` 0: four chunks for each worker.
  template <class F, class Range>
  auto map(F fn, Range&& range, std::size_t chunksize = 0) {
    return map_async(std::move(fn), std::forward<Range>(range), chunksize).get();
  }
  template <class F, class Range>
  auto map_async(F fn, Range&& range, std::size_t chunksize = 0) {
    return map_items(std::move(fn), detail::items_of(range), chunksize);
  }
  template <class F, class Range, class Callback, class ErrorCallback = detail::IgnoreError>
  auto map_async(F fn, Range&& range, std::size_t chunksize, Callback callback,
                 ErrorCallback error_callback = {}) {
    auto result = map_async(std::move(fn), std::forward<Range>(range), chunksize);
    detail::call_back(result.future(), std::move(callback), std::move(error_callback));
    return result;
  }
  /// The same for items that are tuples (or pairs, or arrays) of arguments.
  template <class F, class Range>
  auto starmap(F fn, Range&& range, std::size_t chunksize = 0) {
    return starmap_async(std::move(fn), std::forward<Range>(range), chunksize).get();
  }
  template <class F, class Range>
  auto starmap_async(F fn, Range&& range, std::size_t chunksize = 0) {
    using Item = detail::ItemOf<Range>;
    return map_items(std::move(fn), std::vector<Item>(std::begin(range), std::end(range)),
                     chunksize);
  }
  template <class F, class Range, class Callback, class ErrorCallback = detail::IgnoreError>
  auto starmap_async(F fn, Range&& range, std::size_t chunksize, Callback callback,
                     ErrorCallback error_callback = {}) {
    auto result = starmap_async(std::move(fn), std::forward<Range>(range), chunksize);
    detail::call_back(result.future(), std::move(callback), std::move(error_callback));
    return result;
  }
  /// Results one by one, in order. All items are read, and submitted, at once. Throws ValueError
  /// for a chunk size of 0.
  template <class F, class Range>
  auto imap(F fn, Range&& range, std::size_t chunksize = 1) {
    return imap_items(std::move(fn), detail::items_of(range), chunksize, true);
  }
  /// The same in the order in which they come.
  template <class F, class Range>
  auto imap_unordered(F fn, Range&& range, std::size_t chunksize = 1) {
    return imap_items(std::move(fn), detail::items_of(range), chunksize, false);
  }

  /// No new jobs; those that were submitted still run.
  void close() {
    if (state() == kRunning) set_state(kClosed);
    engine_.close();
  }
  /// No new jobs; those that have not begun are cancelled: `get` throws CancelledError.
  void terminate() {
    set_state(kTerminated);
    engine_.terminate();
  }
  /// Blocks until the workers are gone. Throws ValueError before `close` or `terminate`.
  void join() {
    if (state() == kRunning) detail::raise_value_error("Pool is still running");
    engine_.join();
  }
  Engine& engine() noexcept { return engine_; }

 private:
  static constexpr int kRunning = 0, kClosed = 1, kTerminated = 2;

  static int check(int processes) {
    if (processes < 1) detail::raise_value_error("Number of processes must be at least 1");
    return processes;
  }
  template <class T>
  static AsyncResult<T> result_of(concurrent::Future<T> future) {
    return AsyncResult<T>(std::move(future));
  }
  int state() const noexcept { return __atomic_load_n(&state_, __ATOMIC_ACQUIRE); }
  void set_state(int state) noexcept { __atomic_store_n(&state_, state, __ATOMIC_RELEASE); }
  void check_running() const {
    if (state() != kRunning) detail::raise_value_error("Pool not running");
  }

  template <class F, class Item>
  auto submit_chunks(F& fn, std::vector<Item> items, std::size_t chunksize) {
    std::vector<concurrent::Future<std::vector<Result<MappedBy<F, Item>>>>> jobs;
    jobs.reserve((items.size() + chunksize - 1) / chunksize);
    for (std::size_t at = 0; at < items.size(); at += chunksize) {
      const std::size_t end = items.size() - at < chunksize ? items.size() : at + chunksize;
      std::vector<Item> chunk;
      chunk.reserve(end - at);
      for (std::size_t i = at; i < end; ++i) chunk.push_back(std::move(items[i]));
      jobs.push_back(engine_.submit_chunk(fn, std::move(chunk)));
    }
    return jobs;
  }
  template <class F, class Item>
  auto map_items(F fn, std::vector<Item> items, std::size_t chunksize) {
    check_running();
    const std::size_t shares = processes_ * 4;
    if (chunksize == 0) chunksize = (items.size() + shares - 1) / shares;
    if (chunksize == 0) chunksize = 1;
    return result_of(
        detail::gather_chunks<MappedBy<F, Item>>(submit_chunks(fn, std::move(items), chunksize)));
  }
  template <class F, class Item>
  auto imap_items(F fn, std::vector<Item> items, std::size_t chunksize, bool ordered) {
    check_running();
    if (chunksize < 1) detail::raise_value_error("Chunksize must be 1+, not 0");
    return ImapIterator<MappedBy<F, Item>>(submit_chunks(fn, std::move(items), chunksize), ordered);
  }

  Engine engine_;
  std::size_t processes_;
  int state_ = kRunning;
};

namespace detail {

/// Runs a BasicPool's jobs in threads of this process.
class ThreadEngine {
 public:
  using Options = PoolOptions;

  ThreadEngine(int workers, PoolOptions options);
  template <class F, class... Args>
  auto submit(F&& fn, Args&&... args) {
    return threads_.submit(std::forward<F>(fn), std::forward<Args>(args)...);
  }
  template <class F, class Item>
  auto submit_chunk(F fn, std::vector<Item> items) {
    return threads_.submit_chunk(std::move(fn), std::move(items));
  }
  void close() { threads_.shutdown({.wait = false}); }
  void terminate() { threads_.shutdown({.wait = false, .cancel_futures = true}); }
  void join() { threads_.shutdown(); }
  std::size_t workers() const noexcept { return threads_.workers(); }

 private:
  ThreadPoolExecutor threads_;
};

}  // namespace detail

/// multiprocessing.pool.ThreadPool: a Pool of threads. Takes any callable, any argument.
using ThreadPool = BasicPool<detail::ThreadEngine>;

}  // namespace hob
