// SPDX-License-Identifier: MIT
// The executors benchmark by hand: bare.hpp's pool, and two threads with an eventfd each.
#include "bare.hpp"

#include "../support/measure.hpp"
#include "cases.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <memory>

namespace {

void submit_from(bench::Run& run, int threads) {
  bare::Pool pool(cases::kWorkers);
  run.start();
  cases::in_threads(run, threads, [&](std::uint64_t count) {
    std::vector<std::unique_ptr<bare::Job>> jobs;
    jobs.reserve(cases::kInFlight);
    for (std::uint64_t begin = 0; begin < count; begin += cases::kInFlight) {
      for (std::uint64_t i = 0; i < cases::kInFlight; ++i) {
        jobs.push_back(std::make_unique<bare::Job>(&cases::add_one, static_cast<int>(i)));
        pool.submit(*jobs.back());
      }
      for (std::uint64_t i = 0; i < cases::kInFlight; ++i)
        run.expect(jobs[i]->wait() == static_cast<int>(i) + 1, "the result");
      jobs.clear();
    }
  });
  run.stop();
}
void submit_1(bench::Run& run) { submit_from(run, 1); }
void submit_8(bench::Run& run) { submit_from(run, cases::kSubmitters); }

// One side sleeps in read, as a worker thread does, the other in epoll_wait, as a loop does.
void round_trip(bench::Run& run) {
  const int there = eventfd(0, EFD_CLOEXEC);
  const int back = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  epoll_ctl(epoll, EPOLL_CTL_ADD, back, &event);
  int value = 0;
  std::thread worker([&] {
    for (std::uint64_t i = 0, one = 1; i < run.count; ++i) {
      std::uint64_t got = 0;
      if (read(there, &got, sizeof got) < 0) std::abort();
      value = cases::add_one(value);
      if (write(back, &one, sizeof one) < 0) std::abort();
    }
  });
  run.start();
  for (std::uint64_t i = 0, one = 1; i < run.count; ++i) {
    if (write(there, &one, sizeof one) < 0) std::abort();
    if (epoll_wait(epoll, &event, 1, -1) != 1) std::abort();
  }
  run.stop();
  worker.join();
  run.expect(value == static_cast<int>(run.count), "every round trip");
  close(there);
  close(back);
  close(epoll);
}

constexpr bench::Case kCases[] = {
    {.name = "submit_1", .count = cases::kJobs, .body = submit_1, .wall = true},
    {.name = "submit_8", .count = cases::kJobs, .body = submit_8, .wall = true},
    {.name = "round_trip", .count = cases::kRoundTrips, .body = round_trip, .wall = true}};

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, "executors", "bare", kCases); }
