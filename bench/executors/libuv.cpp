// SPDX-License-Identifier: MIT
// The executors benchmark with libuv: uv_queue_work belongs to a loop, so one thread submits, and
// results come back through the loop. submit_8 has no counterpart: the pool is the process's.
#include "../support/measure.hpp"
#include "cases.hpp"

#include <uv.h>

#include <cstdlib>

namespace {

struct Work {
  uv_work_t request;
  int value = 0;
  std::uint64_t* left = nullptr;
};

void submit_1(bench::Run& run) {
  uv_loop_t loop;
  uv_loop_init(&loop);
  std::vector<Work> jobs(cases::kInFlight);
  run.start();
  for (std::uint64_t begin = 0; begin < run.count; begin += cases::kInFlight) {
    std::uint64_t left = cases::kInFlight;
    for (std::uint64_t i = 0; i < cases::kInFlight; ++i) {
      jobs[i].value = static_cast<int>(i);
      jobs[i].left = &left;
      jobs[i].request.data = &jobs[i];
      uv_queue_work(
          &loop, &jobs[i].request,
          [](uv_work_t* request) {
            auto& work = *static_cast<Work*>(request->data);
            work.value = cases::add_one(work.value);
          },
          [](uv_work_t* request, int) { --*static_cast<Work*>(request->data)->left; });
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    run.expect(left == 0 && jobs[1].value == 2, "every result");
  }
  run.stop();
  uv_loop_close(&loop);
}

struct Trips {
  uv_work_t request;
  std::uint64_t left = 0;
  int value = 0;

  static void work(uv_work_t* request) {
    auto& trips = *static_cast<Trips*>(request->data);
    trips.value = cases::add_one(trips.value);
  }
  static void done(uv_work_t* request, int) {
    auto& trips = *static_cast<Trips*>(request->data);
    if (--trips.left > 0) uv_queue_work(request->loop, request, &work, &done);
  }
};

void round_trip(bench::Run& run) {
  uv_loop_t loop;
  uv_loop_init(&loop);
  Trips trips;
  trips.left = run.count;
  trips.request.data = &trips;
  run.start();
  uv_queue_work(&loop, &trips.request, &Trips::work, &Trips::done);
  uv_run(&loop, UV_RUN_DEFAULT);
  run.stop();
  run.expect(trips.value == static_cast<int>(run.count), "every round trip");
  uv_loop_close(&loop);
}

constexpr bench::Case kCases[] = {
    {.name = "submit_1", .count = cases::kJobs, .body = submit_1, .wall = true},
    {.name = "round_trip", .count = cases::kRoundTrips, .body = round_trip, .wall = true}};

}  // namespace

int main(int argc, char** argv) {
  setenv("UV_THREADPOOL_SIZE", "2", 1);  // kWorkers; read at first use
  return bench::main(argc, argv, "executors", "libuv", kCases);
}
