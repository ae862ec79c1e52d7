// SPDX-License-Identifier: MIT
//
// The scheduler benchmark on Hob, written as a user would write it.
#include <hob/hob.hpp>

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "../support/measure.hpp"
#include "cases.hpp"

namespace {

using namespace std::chrono_literals;
using hob::Coro;

[[gnu::noinline]] Coro<std::uint64_t> child(std::uint64_t n) { co_return n + 1; }

void await_ready(bench::Run& run) {
  hob::run([](bench::Run& run) -> Coro<> {
    std::uint64_t sum = 0;
    run.start();
    for (std::uint64_t i = 0; i < run.count; ++i) sum += co_await child(i);
    run.stop();
    run.expect(sum == run.count * (run.count + 1) / 2, "the sum of all children");
  }(run));
}

void spawn_join(bench::Run& run) {
  hob::run([](bench::Run& run) -> Coro<> {
    std::uint64_t sum = 0;
    run.start();
    for (std::uint64_t i = 0; i < run.count; ++i) sum += co_await hob::create_task(child(i));
    run.stop();
    run.expect(sum == run.count * (run.count + 1) / 2, "the sum of all tasks");
  }(run));
}

void yield(bench::Run& run) {
  hob::run([](bench::Run& run) -> Coro<> {
    run.start();
    for (std::uint64_t i = 0; i < run.count; ++i) co_await hob::sleep(0s);
    run.stop();
  }(run));
}

Coro<> yielder(std::uint64_t times, std::uint64_t& total) {
  for (std::uint64_t i = 0; i < times; ++i) {
    co_await hob::sleep(0s);
    ++total;
  }
}

void yield_100(bench::Run& run) {
  hob::run([](bench::Run& run) -> Coro<> {
    std::uint64_t total = 0, times = run.count / cases::kYielders;
    std::vector<hob::Task<>> tasks;
    run.start();
    for (std::uint64_t i = 0; i < cases::kYielders; ++i)
      tasks.push_back(hob::create_task(yielder(times, total)));
    co_await hob::gather(tasks);
    run.stop();
    run.expect(total == times * cases::kYielders, "all yields");
  }(run));
}

Coro<> echo(hob::Queue<int>& in, hob::Queue<int>& out, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    int item = co_await in.get();
    co_await out.put(item + 1);
  }
}

void queue_ping_pong(bench::Run& run) {
  hob::run([](bench::Run& run) -> Coro<> {
    hob::Queue<int> there(1), back(1);
    int value = 0;
    run.start();
    hob::Task<> echoing = hob::create_task(echo(there, back, run.count));
    for (std::uint64_t i = 0; i < run.count; ++i) {
      co_await there.put(value);
      value = co_await back.get();
    }
    co_await echoing;
    run.stop();
    run.expect(value == int(run.count), "one increment per round trip");
  }(run));
}

struct Poster {
  hob::EventLoop& loop;
  std::uint64_t left;
  std::uint64_t called = 0;

  void operator()() {
    for (std::uint64_t i = 0; i < cases::kBatch; ++i) {
      loop.call_soon([this] {
        ++called;
        bench::keep(called);
      });
    }
    left -= cases::kBatch;
    loop.call_soon([this] { left > 0 ? (*this)() : loop.stop(); });
  }
};

void call_soon(bench::Run& run) {
  hob::EventLoop loop;
  Poster poster{loop, run.count};
  run.start();
  poster();
  loop.run_forever();
  run.stop();
  run.expect(poster.called == run.count, "all callbacks called");
}

// The time is asked for once per turn, as the baseline does, and not by each call_later.
hob::TimerHandle set(hob::EventLoop& loop, hob::Duration now, std::chrono::nanoseconds delay,
                     std::uint64_t& fired) {
  return loop.call_at(now + delay, [&fired] { ++fired; });
}

void timer_set_cancel(bench::Run& run) {
  hob::run([](bench::Run& run) -> Coro<> {
    hob::EventLoop& loop = hob::get_running_loop();
    cases::Random random;
    std::uint64_t fired = 0;
    std::vector<hob::TimerHandle> outstanding(cases::kOutstanding), batch(cases::kBatch);
    for (auto& timer : outstanding) timer = set(loop, loop.time(), random.far(), fired);
    run.start();
    for (std::uint64_t i = 0; i < run.count; i += cases::kBatch) {
      hob::Duration now = loop.time();
      for (auto& timer : batch) timer = set(loop, now, random.far(), fired);
      for (auto& timer : batch) timer.cancel();
      co_await hob::sleep(0s);
    }
    run.stop();
    for (auto& timer : outstanding) timer.cancel();
    run.expect(fired == 0, "no timer fired");
  }(run));
}

void timer_rearm(bench::Run& run) {
  hob::run([](bench::Run& run) -> Coro<> {
    hob::EventLoop& loop = hob::get_running_loop();
    cases::Random random;
    std::uint64_t fired = 0;
    std::vector<hob::TimerHandle> outstanding(cases::kOutstanding);
    for (auto& timer : outstanding) timer = set(loop, loop.time(), random.far(), fired);
    hob::Duration now;
    run.start();
    for (std::uint64_t i = 0; i < run.count; ++i) {
      if (i % cases::kBatch == 0) {
        co_await hob::sleep(0s);
        now = loop.time();
      }
      auto& timer = outstanding[random.below(cases::kOutstanding)];
      timer.cancel();
      timer = set(loop, now, random.far(), fired);
    }
    run.stop();
    for (auto& timer : outstanding) timer.cancel();
    run.expect(fired == 0, "no timer fired");
  }(run));
}

void timer_fire(bench::Run& run) {
  hob::EventLoop loop;
  cases::Random random;
  std::uint64_t left = run.count;
  run.start();
  hob::Duration now = loop.time();
  for (std::uint64_t i = 0; i < run.count; ++i) {
    loop.call_at(now + random.soon(run.count), [&] {
      if (--left == 0) loop.stop();
    });
  }
  loop.run_forever();
  run.stop();
  run.expect(left == 0, "all timers fired");
}

void gather(bench::Run& run) {
  hob::run([](bench::Run& run) -> Coro<> {
    run.start();
    std::vector<hob::Task<std::uint64_t>> tasks;
    tasks.reserve(run.count);
    for (std::uint64_t i = 0; i < run.count; ++i) tasks.push_back(hob::create_task(child(i)));
    std::uint64_t sum = 0;
    for (std::uint64_t result : co_await hob::gather(tasks)) sum += result;
    tasks.clear();
    run.stop();
    run.expect(sum == run.count * (run.count + 1) / 2, "the sum of all children");
  }(run));
}

// Counts down, as for the other subjects: a gather of so many would be measured with them.
struct Dormitory {
  std::uint64_t asleep;
  std::uint64_t left;
  hob::Future<> empty;
};

[[gnu::noinline]] Coro<> sleeper(std::chrono::nanoseconds delay, Dormitory& room) {
  ++room.asleep;
  co_await hob::sleep(delay);
  --room.asleep;
  if (--room.left == 0) room.empty.set_result();
}

void sleepers(bench::Run& run) {
  hob::run([](bench::Run& run) -> Coro<> {
    cases::Random random;
    Dormitory room{0, run.count, hob::create_future()};
    run.memory_start();
    run.start();
    for (std::uint64_t i = 0; i < run.count; ++i)
      hob::create_task(sleeper(run.settle + random.soon(run.count), room));
    co_await hob::sleep(0s);  // behind all sleepers
    run.memory_stop();
    if (room.asleep != run.count) run.spoil();
    co_await room.empty;
    run.stop();
    run.expect(room.asleep == 0, "all sleepers awake");
  }(run));
}

constexpr bench::Case kCases[] = {
    {"await_ready", cases::kAwaits, await_ready},
    {"spawn_join", cases::kSpawns, spawn_join},
    {"yield", cases::kYields, yield},
    {"yield_100", cases::kYields, yield_100},
    {"queue_ping_pong", cases::kRoundTrips, queue_ping_pong},
    {"call_soon", cases::kCalls, call_soon},
    {"timer_set_cancel", cases::kTimerPairs, timer_set_cancel},
    {"timer_rearm", cases::kTimerPairs, timer_rearm},
    {"timer_fire", cases::kFires, timer_fire},
    {"gather_100k", cases::kGathered, gather, true},
    {"gather_100k_warm", cases::kGathered, gather},
    {"sleepers_100k", cases::kSleepersFew, sleepers, true},
    {"sleepers_1m", cases::kSleepersMany, sleepers, true},
};

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, "scheduler", "hob", kCases); }
