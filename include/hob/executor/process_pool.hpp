// SPDX-License-Identifier: MIT
// ProcessPoolExecutor: runs functions in other processes, for work that computes, may crash, or
// leaks.
#pragma once

#include <hob/core/text.hpp>
#include <hob/executor/detail/process_call.hpp>
#include <hob/executor/detail/worker_hook.hpp>
#include <hob/executor/executor.hpp>
#include <hob/executor/map.hpp>
#include <hob/executor/remote_error.hpp>
#include <hob/task/concurrent_future.hpp>

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob {

/// How worker processes are made. In each they run the same program.
enum class StartMethod {
  /// The program is started once more without its `main`, single-threaded, and that process is
  /// forked for each worker: quick, and free of this process's threads, locks and memory.
  forkserver,
  /// The program is started anew for each worker, without its `main`.
  spawn,
  /// This process is forked when the pool is made, and workers are forked from that: they see all
  /// that was in memory then. Refused once there are threads, whose locks nobody would release.
  fork,
};

/// A function and its arguments, kept to be called in other processes. Made from what
/// `ProcessPoolExecutor::submit` takes: `{fn, args...}`.
class RemoteCall {
 public:
  RemoteCall() noexcept = default;
  template <class F, class... Args>
    requires(!std::is_same_v<std::remove_cvref_t<F>, RemoteCall>)
  RemoteCall(F&& fn, Args&&... args)  // NOLINT(google-explicit-constructor)
      : call_(new detail::ProcessCall) {
    detail::require_remote_callable<std::decay_t<F>>();
    try {
      detail::make_call<std::decay_t<F>>(*call_, std::forward<F>(fn), std::forward<Args>(args)...);
    } catch (...) {
      delete call_;
      throw;
    }
  }
  RemoteCall(RemoteCall&& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
  RemoteCall& operator=(RemoteCall other) noexcept {
    std::swap(call_, other.call_);
    return *this;
  }
  ~RemoteCall() { delete call_; }

  explicit operator bool() const noexcept { return call_ != nullptr; }
  const detail::ProcessCall* get() const noexcept { return call_; }

 private:
  detail::ProcessCall* call_ = nullptr;
};

struct ProcessPoolOptions {
  StartMethod start_method = StartMethod::forkserver;
  /// Called by each worker before its first job: `{.initializer = {connect, "db1"}}`. When it
  /// throws, the pool is broken.
  RemoteCall initializer = {};
  /// After that many jobs a worker is replaced by a fresh one; 0: never.
  std::size_t max_tasks_per_child = 0;
  /// The program to start, for `forkserver` and `spawn`; empty: the one that runs. It must be the
  /// same build. Python's multiprocessing.set_executable.
  std::string executable = {};
};

namespace detail {

class ProcessPool;  // shared by the executor and its manager thread

/// What a pool does when a worker dies.
enum class WorkerLoss { breaks_pool, fails_job };

/// A counted pointer to a pool of processes, and the calls on it. Any thread.
class ProcessPoolHandle {
 public:
  /// Throws ValueError, and RuntimeError when `fork` is refused.
  ProcessPoolHandle(int max_workers, ProcessPoolOptions options, WorkerLoss loss);
  ProcessPoolHandle(const ProcessPoolHandle&) = delete;
  ProcessPoolHandle& operator=(const ProcessPoolHandle&) = delete;
  /// Shuts down, and waits.
  ~ProcessPoolHandle();

  /// Queues the job and takes over one count of it. Throws RuntimeError, BrokenProcessPool.
  void enqueue(ProcessJob& job);
  void shutdown(ShutdownOptions options);
  /// Sends `signal` to all workers, after `shutdown` without waiting.
  void signal_workers(int signal);
  std::vector<int> worker_pids() const;
  std::size_t max_workers() const noexcept;

  template <class F, class... Args>
  auto submit(F fn, Args&&... args) {
    require_remote_callable<F>();
    using Call = PlainCall<F, StoredArguments<F, Args...>>;
    auto* job = new BoundProcessJob<typename Call::R, Call>;
    concurrent::Future<typename Call::R> future(Ref<ConcurrentFutureBase>::adopt(job));
    make_call<F>(job->request, fn, std::forward<Args>(args)...);
    send_off(*job, *job);
    return future;
  }
  template <class F, class Item>
  auto submit_chunk(F fn, const std::vector<Item>& items) {
    require_remote_callable<F>();
    using Call = ChunkCall<F, Item>;
    require_sendable<Item, Argument<0>>();
    if constexpr (!std::is_void_v<typename Call::R>)
      require_sendable<typename Call::R, ResultOf<F>>();
    auto* job = new BoundProcessJob<typename Call::Results, Call>;
    concurrent::Future<typename Call::Results> future(Ref<ConcurrentFutureBase>::adopt(job));
    put(job->request.arguments, items);
    job->request.detach();
    name_call<Call>(job->request, fn);
    send_off(*job, *job);
    return future;
  }

 private:
  void send_off(ConcurrentFutureBase& future, ProcessJob& job) {
    future.retain();  // the queue's
    try {
      enqueue(job);
    } catch (...) {
      future.release();
      throw;
    }
  }
  ProcessPool* pool_;
};

}  // namespace detail

/// A pool of processes that run this program. They start when there is a job and none of them
/// idles, up to `max_workers`, and are reused. Jobs are given to workers in the order in which they
/// were submitted. Any thread may call anything. Semantics of
/// concurrent.futures.ProcessPoolExecutor.
///
/// When a worker dies (a signal, `_exit`, out of memory), every job that has not ended gets
/// BrokenProcessPool, whose text names the worker and the signal, and so does every later `submit`.
/// Workers ignore SIGINT, read nothing from standard input, and die with this process.
///
/// The program's `main` does not run in workers, its static objects are made there. Descriptors are
/// not inherited, except with `fork`.
class ProcessPoolExecutor final : public Executor {
 public:
  /// As many workers as there are processors.
  explicit ProcessPoolExecutor(ProcessPoolOptions options = {})
      : ProcessPoolExecutor(default_workers(), std::move(options)) {}
  /// Throws ValueError unless `max_workers` is positive, and RuntimeError for `fork` in a process
  /// that has threads. Starts nothing yet, but for `fork`.
  explicit ProcessPoolExecutor(int max_workers, ProcessPoolOptions options = {})
      : pool_(max_workers, std::move(options), detail::WorkerLoss::breaks_pool) {}

  /// Calls `fn(args...)` in a worker. `fn` is a function, a static member or a lambda without
  /// captures; nothing is registered. The arguments are written as bytes now, as the parameters of
  /// `fn` want them, and what the worker reads is copies; so is the result. Which types can be sent
  /// is said at OutArchive; others do not compile. What `fn` throws is thrown by the future: see
  /// `register_exception` and RemoteError. Throws RuntimeError after `shutdown`, BrokenProcessPool.
  template <class F, class... Args>
  auto submit(F&& fn, Args&&... args) {
    return pool_.submit(static_cast<std::decay_t<F>>(fn), std::forward<Args>(args)...);
  }
  /// Calls `fn` with the items of the ranges, side by side until the shortest ends, `chunksize` of
  /// them in one job. The results come in order: `for (int n : pool.map(square, numbers))`, or
  /// `next()`. Throws ValueError for a chunk size of 0, and what `submit` throws.
  template <class F, class Range>
  auto map(F fn, Range&& range, MapOptions options) {
    return detail::map_on(*this, options, fn, std::forward<Range>(range));
  }
  template <class F, class A, class B>
  auto map(F fn, A&& a, B&& b, MapOptions options) {
    return detail::map_on(*this, options, fn, std::forward<A>(a), std::forward<B>(b));
  }
  template <class F, class... Ranges>
    requires(detail::InputRange<Ranges> && ...)
  auto map(F fn, Ranges&&... ranges) {
    return detail::map_on(*this, MapOptions{}, fn, std::forward<Ranges>(ranges)...);
  }
  /// For `map` and Pool: one job that calls `fn` with each of the items.
  template <class F, class Item>
  auto submit_chunk(F fn, const std::vector<Item>& items) {
    return pool_.submit_chunk(fn, items);
  }

  /// Refuses new jobs; with `wait` blocks until all have ended and the processes are gone.
  /// Idempotent. In a done callback of one of its jobs `wait` throws RuntimeError.
  void shutdown(ShutdownOptions options = {}) override { pool_.shutdown(options); }
  /// Cancels what waits, and sends SIGTERM to the workers; jobs that run get BrokenProcessPool.
  void terminate_workers();
  /// The same with SIGKILL, which no job can outlive.
  void kill_workers();
  /// The process ids of the workers that run now.
  std::vector<int> worker_pids() const { return pool_.worker_pids(); }

 private:
  static int default_workers() noexcept;
  detail::ProcessPoolHandle pool_;
};

}  // namespace hob
