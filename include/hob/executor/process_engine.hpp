// SPDX-License-Identifier: MIT
// Pool: multiprocessing's Pool of processes.
#pragma once

#include <hob/executor/pool.hpp>
#include <hob/executor/process_pool.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace hob {

struct ProcessOptions {
  StartMethod start_method = StartMethod::forkserver;
  /// Called by each worker before its first job: `{.initializer = {connect, "db1"}}`. When it
  /// throws, the pool is broken: all jobs get BrokenProcessPool. (Python starts workers for ever.)
  RemoteCall initializer = {};
  /// After that many jobs (a chunk is one) a worker is replaced by a fresh one; 0: never.
  std::size_t maxtasksperchild = 0;
};

namespace detail {

/// Runs a BasicPool's jobs in processes.
class ProcessEngine {
 public:
  using Options = ProcessOptions;

  ProcessEngine(int workers, ProcessOptions options);
  template <class F, class... Args>
  auto submit(F fn, Args&&... args) {
    return processes_.submit(fn, std::forward<Args>(args)...);
  }
  template <class F, class Item>
  auto submit_chunk(F fn, const std::vector<Item>& items) {
    return processes_.submit_chunk(fn, items);
  }
  void close() { processes_.shutdown({.wait = false}); }
  void terminate();
  void join() { processes_.shutdown({}); }
  /// The process ids of the workers that run now.
  std::vector<int> worker_pids() const { return processes_.worker_pids(); }

 private:
  ProcessPoolHandle processes_;
};

}  // namespace detail

/// multiprocessing.Pool: a pool of processes. Takes what ProcessPoolExecutor takes. A worker that
/// dies is replaced, and the job that it ran fails with WorkerLostError; a job that had not reached
/// it goes to another worker. (In Python that job never ends.) `terminate` sends SIGTERM to the
/// workers.
using Pool = BasicPool<detail::ProcessEngine>;

}  // namespace hob
