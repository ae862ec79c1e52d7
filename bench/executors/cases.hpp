// SPDX-License-Identifier: MIT
//
// The cases of the executors benchmark. python.py repeats the sizes.
//
// CPU time says little about hand-overs between threads: these cases measure wall time. On a busy
// machine compare figures of the same run only.
#pragma once

#include "../support/measure.hpp"

#include <time.h>
#include <cstdint>
#include <thread>
#include <vector>

namespace cases {

// submit_1         one thread submits small jobs to a pool, then takes all results; per job.
// submit_8         eight threads do so at once with the same pool.
// round_trip       a loop has one small job done by a thread and waits for its result; per job.
// round_trip_spin  the same when waiting threads may spin for a while before they sleep.
inline constexpr std::uint64_t kJobs = 40'000;
inline constexpr std::uint64_t kRoundTrips = 2'000;
inline constexpr int kWorkers = 2;
inline constexpr int kSubmitters = 8;
inline constexpr std::uint64_t kInFlight = 1000;  // jobs that a submitter has submitted ahead

/// The job: cheap, and not to be optimised away.
[[gnu::noinline]] inline int add_one(int n) {
  bench::keep(n);
  return n + 1;
}

/// Calls `submit(count)` in `threads` threads, which share the run's count.
template <class F>
void in_threads(bench::Run& run, int threads, F submit) {
  const std::uint64_t each = run.count / static_cast<std::uint64_t>(threads);
  if (threads == 1) return submit(run.count);
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) all.emplace_back([&submit, each] { submit(each); });
  for (std::thread& thread : all) thread.join();
}

}  // namespace cases
