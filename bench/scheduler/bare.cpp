// SPDX-License-Identifier: MIT
//
// The scheduler benchmark on the hand-written baseline: subject `bare` with a 4-ary timer heap,
// and subject `bare-wheel` with a timer wheel for the cases that have timers.
#include "bare.hpp"

#include <memory>
#include <string_view>

#include "../support/measure.hpp"
#include "cases.hpp"

namespace {

using bare::Coro;
using bare::Countdown;
using bare::Detached;
using bare::Task;
using HeapLoop = bare::Loop<bare::TimerHeap>;

/// Runs one coroutine to its end on a loop of its own.
template <class Loop = HeapLoop, class Body>
void run_to_end(Body body) {
  bool done = false;
  auto loop = std::make_unique<Loop>();
  auto root = [](Body& body, Loop& loop, bool& done) -> Task<int> {
    int result = co_await body(loop);
    done = true;
    co_return result;
  };
  Task<int> task = root(body, *loop, done);
  loop->run(done);
}

[[gnu::noinline]] Coro<std::uint64_t> child(std::uint64_t n) { co_return n + 1; }
[[gnu::noinline]] Task<std::uint64_t> child_task(std::uint64_t n) { co_return n + 1; }

void await_ready(bench::Run& run) {
  run_to_end([&](auto&) -> Coro<int> {
    std::uint64_t sum = 0;
    run.start();
    for (std::uint64_t i = 0; i < run.count; ++i) sum += co_await child(i);
    run.stop();
    run.expect(sum == run.count * (run.count + 1) / 2, "the sum of all children");
    co_return 0;
  });
}

void spawn_join(bench::Run& run) {
  run_to_end([&](auto&) -> Coro<int> {
    std::uint64_t sum = 0;
    run.start();
    for (std::uint64_t i = 0; i < run.count; ++i) {
      Task<std::uint64_t> task = child_task(i);
      sum += co_await task;
    }
    run.stop();
    run.expect(sum == run.count * (run.count + 1) / 2, "the sum of all tasks");
    co_return 0;
  });
}

void yield(bench::Run& run) {
  run_to_end([&](auto&) -> Coro<int> {
    run.start();
    for (std::uint64_t i = 0; i < run.count; ++i) co_await bare::Yield();
    run.stop();
    co_return 0;
  });
}

Detached yielder(Countdown&, std::uint64_t times, std::uint64_t& total) {
  for (std::uint64_t i = 0; i < times; ++i) {
    co_await bare::Yield();
    ++total;
  }
}

void yield_100(bench::Run& run) {
  run_to_end([&](auto&) -> Coro<int> {
    Countdown all{cases::kYielders};
    std::uint64_t total = 0, times = run.count / cases::kYielders;
    run.start();
    for (std::uint64_t i = 0; i < cases::kYielders; ++i) yielder(all, times, total);
    co_await all;
    run.stop();
    run.expect(total == times * cases::kYielders, "all yields");
    co_return 0;
  });
}

Detached echo(Countdown&, bare::Queue<int>& in, bare::Queue<int>& out, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    int item = co_await in.get();
    co_await out.put(item + 1);
  }
}

void queue_ping_pong(bench::Run& run) {
  run_to_end([&](auto&) -> Coro<int> {
    bare::Queue<int> there(1), back(1);
    Countdown done{1};
    int value = 0;
    run.start();
    echo(done, there, back, run.count);
    for (std::uint64_t i = 0; i < run.count; ++i) {
      co_await there.put(value);
      value = co_await back.get();
    }
    co_await done;
    run.stop();
    run.expect(value == int(run.count), "one increment per round trip");
    co_return 0;
  });
}

struct Poster {
  std::uint64_t left;
  std::uint64_t& called;
  bool& done;

  void operator()() {
    for (std::uint64_t i = 0; i < cases::kBatch; ++i) {
      bare::call_soon([this] {
        ++called;
        bench::keep(called);
      });
    }
    left -= cases::kBatch;
    bare::call_soon([this] { left > 0 ? (*this)() : void(done = true); });
  }
};

void call_soon(bench::Run& run) {
  HeapLoop loop;
  std::uint64_t called = 0;
  bool done = false;
  Poster poster{run.count, called, done};
  run.start();
  poster();
  loop.run(done);
  run.stop();
  run.expect(called == run.count, "all callbacks called");
}

template <class Loop>
struct Counter : Loop::Timer {
  std::uint64_t* fired;
  static void count(typename Loop::Timer* timer) { ++*static_cast<Counter*>(timer)->fired; }
};

template <class Loop>
void timer_set_cancel(bench::Run& run) {
  auto loop = std::make_unique<Loop>();
  cases::Random random;
  std::uint64_t fired = 0;
  std::vector<Counter<Loop>> outstanding(cases::kOutstanding), batch(cases::kBatch);
  auto set = [&](Counter<Loop>& timer) {
    timer.fire = Counter<Loop>::count;
    timer.fired = &fired;
    loop->set(&timer, loop->now() + std::uint64_t(random.far().count()));
  };
  for (auto& timer : outstanding) set(timer);
  run.start();
  for (std::uint64_t i = 0; i < run.count; i += cases::kBatch) {
    loop->update();
    for (auto& timer : batch) set(timer);
    for (auto& timer : batch) loop->cancel(&timer);
  }
  run.stop();
  run.expect(fired == 0, "no timer fired");
}

template <class Loop>
void timer_rearm(bench::Run& run) {
  auto loop = std::make_unique<Loop>();
  cases::Random random;
  std::uint64_t fired = 0;
  std::vector<Counter<Loop>> outstanding(cases::kOutstanding);
  auto set = [&](Counter<Loop>& timer) {
    timer.fire = Counter<Loop>::count;
    timer.fired = &fired;
    loop->set(&timer, loop->now() + std::uint64_t(random.far().count()));
  };
  for (auto& timer : outstanding) set(timer);
  run.start();
  for (std::uint64_t i = 0; i < run.count; ++i) {
    if (i % cases::kBatch == 0) loop->update();
    Counter<Loop>& timer = outstanding[random.below(cases::kOutstanding)];
    loop->cancel(&timer);
    set(timer);
  }
  run.stop();
  run.expect(fired == 0, "no timer fired");
}

template <class Loop>
void timer_fire(bench::Run& run) {
  auto loop = std::make_unique<Loop>();
  cases::Random random;
  std::uint64_t fired = 0;
  run.start();
  std::vector<Counter<Loop>> timers(run.count);
  for (auto& timer : timers) {
    timer.fire = Counter<Loop>::count;
    timer.fired = &fired;
    loop->set(&timer, loop->now() + std::uint64_t(random.soon(run.count).count()));
  }
  loop->run(false);
  run.stop();
  run.expect(fired == run.count, "all timers fired");
}

[[gnu::noinline]] Detached gathered(Countdown&, std::uint64_t n, std::uint64_t& result) {
  result = n + 1;
  co_return;
}

void gather(bench::Run& run) {
  run_to_end([&](auto&) -> Coro<int> {
    run.start();
    std::vector<std::uint64_t> results(run.count);
    Countdown all{run.count};
    for (std::uint64_t i = 0; i < run.count; ++i) gathered(all, i, results[i]);
    co_await all;
    std::uint64_t sum = 0;
    for (std::uint64_t result : results) sum += result;
    run.stop();
    run.expect(sum == run.count * (run.count + 1) / 2, "the sum of all children");
    co_return 0;
  });
}

template <class Loop>
[[gnu::noinline]] Detached sleeper(Countdown&, Loop& loop, std::uint64_t delay,
                                   std::uint64_t& asleep) {
  ++asleep;
  co_await loop.sleep(delay);
  --asleep;
}

template <class Loop>
void sleepers(bench::Run& run) {
  run_to_end<Loop>([&](Loop& loop) -> Coro<int> {
    cases::Random random;
    Countdown all{run.count};
    std::uint64_t asleep = 0;
    run.memory_start();
    run.start();
    for (std::uint64_t i = 0; i < run.count; ++i)
      sleeper(all, loop, std::uint64_t((run.settle + random.soon(run.count)).count()), asleep);
    co_await bare::Yield();  // behind all sleepers
    run.memory_stop();
    if (asleep != run.count) run.spoil();
    co_await all;
    run.stop();
    run.expect(asleep == 0, "all sleepers awake");
    co_return 0;
  });
}

using WheelLoop = bare::Loop<bare::TimerWheel>;

constexpr bench::Case kCases[] = {
    {"await_ready", cases::kAwaits, await_ready},
    {"spawn_join", cases::kSpawns, spawn_join},
    {"yield", cases::kYields, yield},
    {"yield_100", cases::kYields, yield_100},
    {"queue_ping_pong", cases::kRoundTrips, queue_ping_pong},
    {"call_soon", cases::kCalls, call_soon},
    {"timer_set_cancel", cases::kTimerPairs, timer_set_cancel<HeapLoop>},
    {"timer_rearm", cases::kTimerPairs, timer_rearm<HeapLoop>},
    {"timer_fire", cases::kFires, timer_fire<HeapLoop>},
    {"gather_100k", cases::kGathered, gather, true},
    {"gather_100k_warm", cases::kGathered, gather},
    {"sleepers_100k", cases::kSleepersFew, sleepers<HeapLoop>, true},
    {"sleepers_1m", cases::kSleepersMany, sleepers<HeapLoop>, true},
    {"timer_set_cancel", cases::kTimerPairs, timer_set_cancel<WheelLoop>, false, "bare-wheel"},
    {"timer_rearm", cases::kTimerPairs, timer_rearm<WheelLoop>, false, "bare-wheel"},
    {"timer_fire", cases::kFires, timer_fire<WheelLoop>, false, "bare-wheel"},
    {"sleepers_100k", cases::kSleepersFew, sleepers<WheelLoop>, true, "bare-wheel"},
    {"sleepers_1m", cases::kSleepersMany, sleepers<WheelLoop>, true, "bare-wheel"},
};

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, "scheduler", "bare", kCases); }
