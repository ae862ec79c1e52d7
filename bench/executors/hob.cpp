// SPDX-License-Identifier: MIT
// The executors benchmark with Hob.
#include <hob/hob.hpp>

#include "../support/measure.hpp"
#include "cases.hpp"

using namespace std::chrono_literals;

namespace {

void submit_from(bench::Run& run, int threads) {
  hob::ThreadPoolExecutor pool(cases::kWorkers);
  run.start();
  cases::in_threads(run, threads, [&](std::uint64_t count) {
    std::vector<hob::concurrent::Future<int>> jobs;
    jobs.reserve(cases::kInFlight);
    for (std::uint64_t begin = 0; begin < count; begin += cases::kInFlight) {
      for (std::uint64_t i = 0; i < cases::kInFlight; ++i)
        jobs.push_back(pool.submit(cases::add_one, static_cast<int>(i)));
      for (std::uint64_t i = 0; i < cases::kInFlight; ++i)
        run.expect(jobs[i].result() == static_cast<int>(i) + 1, "the result");
      jobs.clear();
    }
  });
  run.stop();
}
void submit_1(bench::Run& run) { submit_from(run, 1); }
void submit_8(bench::Run& run) { submit_from(run, cases::kSubmitters); }

hob::Coro<> trips(bench::Run* run, hob::ThreadPoolExecutor* pool) {
  hob::EventLoop& loop = hob::get_running_loop();
  int value = 0;
  run->start();
  for (std::uint64_t i = 0; i < run->count; ++i)
    value = co_await loop.run_in_executor(pool, cases::add_one, value);
  run->stop();
  run->expect(value == static_cast<int>(run->count), "every round trip");
}
void round_trip(bench::Run& run) {
  hob::ThreadPoolExecutor pool(1);
  hob::run(trips(&run, &pool));
}
void round_trip_spin(bench::Run& run) {
  hob::ThreadPoolExecutor pool(1, {.spin = 50us});
  hob::run(trips(&run, &pool), {.spin = 50us});
}

constexpr bench::Case kCases[] = {
    {.name = "submit_1", .count = cases::kJobs, .body = submit_1, .wall = true},
    {.name = "submit_8", .count = cases::kJobs, .body = submit_8, .wall = true},
    {.name = "round_trip", .count = cases::kRoundTrips, .body = round_trip, .wall = true},
    {.name = "round_trip_spin",
     .count = cases::kRoundTrips,
     .body = round_trip_spin,
     .wall = true}};

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, "executors", "hob", kCases); }
