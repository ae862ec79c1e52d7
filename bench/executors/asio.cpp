// SPDX-License-Identifier: MIT
// The executors benchmark with boost::asio::thread_pool: results come as std::future.
#include "../support/measure.hpp"
#include "cases.hpp"

#include <boost/asio.hpp>

#include <future>

namespace {

void submit_from(bench::Run& run, int threads) {
  boost::asio::thread_pool pool(cases::kWorkers);
  run.start();
  cases::in_threads(run, threads, [&](std::uint64_t count) {
    std::vector<std::future<int>> jobs;
    jobs.reserve(cases::kInFlight);
    for (std::uint64_t begin = 0; begin < count; begin += cases::kInFlight) {
      for (std::uint64_t i = 0; i < cases::kInFlight; ++i) {
        jobs.push_back(boost::asio::post(
            pool, boost::asio::use_future([i] { return cases::add_one(static_cast<int>(i)); })));
      }
      for (std::uint64_t i = 0; i < cases::kInFlight; ++i)
        run.expect(jobs[i].get() == static_cast<int>(i) + 1, "the result");
      jobs.clear();
    }
  });
  run.stop();
}
void submit_1(bench::Run& run) { submit_from(run, 1); }
void submit_8(bench::Run& run) { submit_from(run, cases::kSubmitters); }

boost::asio::awaitable<void> trips(bench::Run* run, boost::asio::thread_pool* pool) {
  int value = 0;
  run->start();
  for (std::uint64_t i = 0; i < run->count; ++i) {
    auto job = [](int n) -> boost::asio::awaitable<int> { co_return cases::add_one(n); };
    value = co_await boost::asio::co_spawn(*pool, job(value), boost::asio::use_awaitable);
  }
  run->stop();
  run->expect(value == static_cast<int>(run->count), "every round trip");
}
void round_trip(bench::Run& run) {
  boost::asio::thread_pool pool(1);
  boost::asio::io_context loop(1);
  boost::asio::co_spawn(loop, trips(&run, &pool), boost::asio::detached);
  loop.run();
}

constexpr bench::Case kCases[] = {
    {.name = "submit_1", .count = cases::kJobs, .body = submit_1, .wall = true},
    {.name = "submit_8", .count = cases::kJobs, .body = submit_8, .wall = true},
    {.name = "round_trip", .count = cases::kRoundTrips, .body = round_trip, .wall = true}};

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, "executors", "asio", kCases); }
