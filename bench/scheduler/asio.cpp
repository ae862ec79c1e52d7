// SPDX-License-Identifier: MIT
//
// The scheduler benchmark on Boost.Asio coroutines, set up as its documentation says is fastest on
// one thread: concurrency hint 1 and the concrete executor type instead of any_io_executor.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/version.hpp>

#include <deque>
#include <memory>
#include <vector>

#include "../support/measure.hpp"
#include "cases.hpp"

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Token = asio::use_awaitable_t<Executor>;
template <class T = void>
using Coro = asio::awaitable<T, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
using Channel = asio::experimental::basic_channel<Executor, asio::experimental::channel_traits<>,
                                                  void(error_code, int)>;
constexpr Token use_coro;

template <class Body>
void run_to_end(Body body) {
  asio::io_context context(1);
  asio::co_spawn(context.get_executor(), body(context), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  context.run();
}

[[gnu::noinline]] Coro<std::uint64_t> child(std::uint64_t n) { co_return n + 1; }

void await_ready(bench::Run& run) {
  run_to_end([&](asio::io_context&) -> Coro<> {
    std::uint64_t sum = 0;
    run.start();
    for (std::uint64_t i = 0; i < run.count; ++i) sum += co_await child(i);
    run.stop();
    run.expect(sum == run.count * (run.count + 1) / 2, "the sum of all children");
  });
}

void spawn_join(bench::Run& run) {
  run_to_end([&](asio::io_context& context) -> Coro<> {
    std::uint64_t sum = 0;
    run.start();
    for (std::uint64_t i = 0; i < run.count; ++i)
      sum += co_await asio::co_spawn(context.get_executor(), child(i), use_coro);
    run.stop();
    run.expect(sum == run.count * (run.count + 1) / 2, "the sum of all tasks");
  });
}

void yield(bench::Run& run) {
  run_to_end([&](asio::io_context& context) -> Coro<> {
    run.start();
    for (std::uint64_t i = 0; i < run.count; ++i)
      co_await asio::post(context.get_executor(), use_coro);
    run.stop();
  });
}

Coro<> yielder(asio::io_context& context, std::uint64_t times, std::uint64_t& total) {
  for (std::uint64_t i = 0; i < times; ++i) {
    co_await asio::post(context.get_executor(), use_coro);
    ++total;
  }
}

void yield_100(bench::Run& run) {
  asio::io_context context(1);
  std::uint64_t total = 0, times = run.count / cases::kYielders;
  run.start();
  for (std::uint64_t i = 0; i < cases::kYielders; ++i)
    asio::co_spawn(context.get_executor(), yielder(context, times, total), asio::detached);
  context.run();
  run.stop();
  run.expect(total == times * cases::kYielders, "all yields");
}

Coro<> echo(Channel& in, Channel& out, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    int item = co_await in.async_receive(use_coro);
    co_await out.async_send(error_code{}, item + 1, use_coro);
  }
}

void queue_ping_pong(bench::Run& run) {
  run_to_end([&](asio::io_context& context) -> Coro<> {
    Channel there(context.get_executor(), 1), back(context.get_executor(), 1);
    int value = 0;
    run.start();
    asio::co_spawn(context.get_executor(), echo(there, back, run.count), asio::detached);
    for (std::uint64_t i = 0; i < run.count; ++i) {
      co_await there.async_send(error_code{}, value, use_coro);
      value = co_await back.async_receive(use_coro);
    }
    run.stop();
    run.expect(value == int(run.count), "one increment per round trip");
  });
}

struct Poster {
  asio::io_context& context;
  std::uint64_t left;
  std::uint64_t called = 0;

  void operator()() {
    for (std::uint64_t i = 0; i < cases::kBatch; ++i) {
      asio::post(context, [this] {
        ++called;
        bench::keep(called);
      });
    }
    left -= cases::kBatch;
    if (left > 0) asio::post(context, [this] { (*this)(); });
  }
};

void call_soon(bench::Run& run) {
  asio::io_context context(1);
  Poster poster{context, run.count};
  run.start();
  poster();
  context.run();
  run.stop();
  run.expect(poster.called == run.count, "all callbacks called");
}

// A cancelled wait still completes, with an error, on a later turn: run what is ready after each
// batch, or the timers' operations pile up.
void set(Timer& timer, std::chrono::nanoseconds delay, std::uint64_t& fired) {
  timer.expires_after(delay);
  timer.async_wait([&fired](error_code error) {
    if (!error) ++fired;
  });
}

void timer_set_cancel(bench::Run& run) {
  asio::io_context context(1);
  cases::Random random;
  std::uint64_t fired = 0;
  std::deque<Timer> outstanding, batch;
  for (std::uint64_t i = 0; i < cases::kOutstanding; ++i)
    set(outstanding.emplace_back(context.get_executor()), random.far(), fired);
  for (std::uint64_t i = 0; i < cases::kBatch; ++i) batch.emplace_back(context.get_executor());
  run.start();
  for (std::uint64_t i = 0; i < run.count; i += cases::kBatch) {
    for (Timer& timer : batch) set(timer, random.far(), fired);
    for (Timer& timer : batch) timer.cancel();
    context.poll();
  }
  run.stop();
  run.expect(fired == 0, "no timer fired");
}

void timer_rearm(bench::Run& run) {
  asio::io_context context(1);
  cases::Random random;
  std::uint64_t fired = 0;
  std::deque<Timer> outstanding;
  for (std::uint64_t i = 0; i < cases::kOutstanding; ++i)
    set(outstanding.emplace_back(context.get_executor()), random.far(), fired);
  run.start();
  for (std::uint64_t i = 0; i < run.count; ++i) {
    if (i % cases::kBatch == 0) context.poll();
    set(outstanding[random.below(cases::kOutstanding)], random.far(), fired);
  }
  run.stop();
  run.expect(fired == 0, "no timer fired");
}

void timer_fire(bench::Run& run) {
  asio::io_context context(1);
  cases::Random random;
  std::uint64_t fired = 0;
  run.start();
  std::deque<Timer> timers;
  for (std::uint64_t i = 0; i < run.count; ++i)
    set(timers.emplace_back(context.get_executor()), random.soon(run.count), fired);
  context.run();
  run.stop();
  run.expect(fired == run.count, "all timers fired");
}

// 1.81 has no group of a number known at run time: children count down, the last one wakes the
// parent, which waits on a timer that never fires.
void gather(bench::Run& run) {
  run_to_end([&](asio::io_context& context) -> Coro<> {
    run.start();
    std::vector<std::uint64_t> results(run.count);
    std::uint64_t pending = run.count;
    Timer all(context.get_executor(), Timer::time_point::max());
    for (std::uint64_t i = 0; i < run.count; ++i)
      asio::co_spawn(context.get_executor(), child(i),
                     [&, i](std::exception_ptr, std::uint64_t result) {
                       results[i] = result;
                       if (--pending == 0) all.cancel();
                     });
    try {
      co_await all.async_wait(use_coro);
    } catch (const boost::system::system_error&) {
    }
    std::uint64_t sum = 0;
    for (std::uint64_t result : results) sum += result;
    run.stop();
    run.expect(sum == run.count * (run.count + 1) / 2, "the sum of all children");
  });
}

Coro<> sleeper(asio::io_context& context, std::chrono::nanoseconds delay, std::uint64_t& asleep) {
  Timer timer(context.get_executor(), delay);
  ++asleep;
  co_await timer.async_wait(use_coro);
  --asleep;
}

void sleepers(bench::Run& run) {
  asio::io_context context(1);
  cases::Random random;
  std::uint64_t asleep = 0;
  run.memory_start();
  run.start();
  for (std::uint64_t i = 0; i < run.count; ++i)
    asio::co_spawn(context.get_executor(),
                   sleeper(context, run.settle + random.soon(run.count), asleep), asio::detached);
  asio::post(context, [&] {  // behind all sleepers
    run.memory_stop();
    if (asleep != run.count) run.spoil();
  });
  context.run();
  run.stop();
  run.expect(asleep == 0, "all sleepers awake");
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

int main(int argc, char** argv) { return bench::main(argc, argv, "scheduler", "asio", kCases); }
