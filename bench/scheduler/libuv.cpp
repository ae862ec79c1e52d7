// SPDX-License-Identifier: MIT
//
// The scheduler benchmark on libuv. It has no coroutines, tasks or queues: only the cases about
// turns of the loop and timers apply, with plain callbacks, and a "sleeper" is one timer. Its
// timers count milliseconds.
#include <uv.h>

#include <vector>

#include "../support/measure.hpp"
#include "cases.hpp"

namespace {

struct Loop {
  uv_loop_t loop;
  Loop() { uv_loop_init(&loop); }
  // No uv_loop_close: the handles of a case go out of scope with it, the process soon after.
  void run() { uv_run(&loop, UV_RUN_DEFAULT); }
};

std::uint64_t to_ms(std::chrono::nanoseconds delay) {
  return std::uint64_t(std::chrono::ceil<std::chrono::milliseconds>(delay).count());
}

// An idle handle is called once per turn of the loop, each with its poll.
void yield(bench::Run& run) {
  Loop loop;
  std::uint64_t left = run.count;
  uv_idle_t idle;
  uv_idle_init(&loop.loop, &idle);
  idle.data = &left;
  run.start();
  uv_idle_start(&idle, [](uv_idle_t* self) {
    if (--*static_cast<std::uint64_t*>(self->data) == 0) uv_idle_stop(self);
  });
  loop.run();
  run.stop();
  run.expect(left == 0, "all turns");
}

void set(uv_timer_t& timer, std::chrono::nanoseconds delay, std::uint64_t& fired) {
  timer.data = &fired;
  uv_timer_start(
      &timer, [](uv_timer_t* self) { ++*static_cast<std::uint64_t*>(self->data); }, to_ms(delay),
      0);
}

void timer_set_cancel(bench::Run& run) {
  Loop loop;
  cases::Random random;
  std::uint64_t fired = 0;
  std::vector<uv_timer_t> outstanding(cases::kOutstanding), batch(cases::kBatch);
  for (uv_timer_t& timer : outstanding) {
    uv_timer_init(&loop.loop, &timer);
    set(timer, random.far(), fired);
  }
  for (uv_timer_t& timer : batch) uv_timer_init(&loop.loop, &timer);
  run.start();
  for (std::uint64_t i = 0; i < run.count; i += cases::kBatch) {
    uv_update_time(&loop.loop);
    for (uv_timer_t& timer : batch) set(timer, random.far(), fired);
    for (uv_timer_t& timer : batch) uv_timer_stop(&timer);
  }
  run.stop();
  run.expect(fired == 0, "no timer fired");
}

void timer_rearm(bench::Run& run) {
  Loop loop;
  cases::Random random;
  std::uint64_t fired = 0;
  std::vector<uv_timer_t> outstanding(cases::kOutstanding);
  for (uv_timer_t& timer : outstanding) {
    uv_timer_init(&loop.loop, &timer);
    set(timer, random.far(), fired);
  }
  run.start();
  for (std::uint64_t i = 0; i < run.count; ++i) {
    if (i % cases::kBatch == 0) uv_update_time(&loop.loop);
    set(outstanding[random.below(cases::kOutstanding)], random.far(), fired);
  }
  run.stop();
  run.expect(fired == 0, "no timer fired");
}

void timer_fire(bench::Run& run) {
  Loop loop;
  cases::Random random;
  std::uint64_t fired = 0;
  run.start();
  std::vector<uv_timer_t> timers(run.count);
  for (uv_timer_t& timer : timers) {
    uv_timer_init(&loop.loop, &timer);
    set(timer, random.soon(run.count), fired);
  }
  loop.run();
  run.stop();
  run.expect(fired == run.count, "all timers fired");
}

void sleepers(bench::Run& run) {
  Loop loop;
  cases::Random random;
  std::uint64_t fired = 0;
  run.memory_start();
  run.start();
  std::vector<uv_timer_t*> timers(run.count);
  for (uv_timer_t*& timer : timers) {
    timer = new uv_timer_t;
    uv_timer_init(&loop.loop, timer);
    set(*timer, run.settle + random.soon(run.count), fired);
  }
  run.memory_stop();
  loop.run();
  run.stop();
  run.expect(fired == run.count, "all timers fired");
  for (uv_timer_t* timer : timers) delete timer;
}

constexpr bench::Case kCases[] = {
    {"yield", cases::kYields, yield},
    {"timer_set_cancel", cases::kTimerPairs, timer_set_cancel},
    {"timer_rearm", cases::kTimerPairs, timer_rearm},
    {"timer_fire", cases::kFires, timer_fire},
    {"sleepers_100k", cases::kSleepersFew, sleepers, true},
    {"sleepers_1m", cases::kSleepersMany, sleepers, true},
};

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, "scheduler", "libuv", kCases); }
