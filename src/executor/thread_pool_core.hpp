// SPDX-License-Identifier: MIT
// ThreadPool: the inside of a ThreadPoolExecutor: the queue, the threads, and how they sleep.
//
// Who submits pushes a job and then looks whether anybody idles; who idles says so and then looks
// into the queue once more. One of the two sees the other, so no job is left lying while a thread
// sleeps. `idle_` counts sleepers that nobody has woken yet; who takes one off it owes a token.
#pragma once

#include "executor/admission.hpp"
#include "executor/job_queue.hpp"

#include <hob/executor/thread_pool.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace hob::detail {

class ThreadPool {
 public:
  ThreadPool(int max_workers, ThreadPoolOptions options);
  static int default_workers() noexcept;

  void retain() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  void enqueue(Job& job);
  /// Refuses new jobs, and cancels those that wait when asked to.
  void close(bool cancel_waiting) noexcept;
  /// Blocks until all threads have ended. Not in one of them.
  void join();
  /// The same from anywhere: the caller's own thread is let go.
  void join_or_leave() noexcept;
  /// Done when the pool is closed and all jobs and threads have ended.
  const concurrent::Future<>& ended() const noexcept { return ended_; }
  /// Whether the calling thread is one of its own.
  bool is_mine() const noexcept;
  std::size_t workers() const noexcept { return live_.load(std::memory_order_relaxed); }
  Admission& admission() noexcept { return admission_; }
  const Admission& admission() const noexcept { return admission_; }
  /// Why nothing can be submitted any more.
  std::exception_ptr refusal() const;

 private:
  ~ThreadPool() = default;

  void work(std::size_t slot);
  void loop(std::size_t slot);
  bool initialize() noexcept;
  Job* next_job() noexcept;
  Job* spin_for_job() noexcept;
  Job* sleep_for_job() noexcept;
  void take_token() noexcept;
  void retract() noexcept;
  bool wake_one() noexcept;
  void kick() noexcept;
  bool start_thread();
  bool replace(std::size_t slot);
  void leave() noexcept;
  void drain(const std::exception_ptr& error) noexcept;

  JobQueue queue_;
  alignas(64) std::atomic<std::int32_t> idle_{0};
  std::atomic<std::int32_t> spinning_{0};
  std::atomic<std::uint32_t> tokens_{0};
  alignas(64) const std::size_t max_workers_;
  const std::size_t max_tasks_;
  const std::int64_t spin_ns_;
  std::atomic<std::size_t> started_{0};
  std::atomic<std::size_t> live_{0};
  std::atomic<bool> broken_{false};
  std::atomic<unsigned> refs_{1};
  Function<void()> initializer_;
  std::string name_;
  Admission admission_;
  concurrent::Future<> ended_ = concurrent::Future<>::make();
  std::mutex mutex_;  // of the threads
  std::mutex joining_;
  std::vector<std::thread> threads_;
  bool closed_ = false;
};

/// Keeps a pool that nobody will shut down any more until the process ends, which then waits for
/// its threads: what CPython's threading does at exit.
void join_at_exit(ThreadPool& pool) noexcept;

}  // namespace hob::detail
