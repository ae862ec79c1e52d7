// SPDX-License-Identifier: MIT
// run_in_executor, to_thread and the default executor: jobs that a coroutine awaits.
#include <hob/executor/stop_token.hpp>
#include <hob/hob.hpp>
#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace run_in_executor_test {
namespace {

using hob::ThreadPoolExecutor;

constexpr hob::testing::CancelOptions kWithThreads{.count_blocks = false};

int twice(int n) { return 2 * n; }
int fail() { throw hob::ValueError("in a thread"); }

// A job that runs until it is told to stop.
struct Patient {
  std::latch begun{1};
  std::atomic<bool> ended = false;
  int operator()(std::stop_token stop) {
    begun.count_down();
    while (!stop.stop_requested()) std::this_thread::yield();
    ended = true;
    return 1;
  }
};

}  // namespace
}  // namespace run_in_executor_test
using namespace run_in_executor_test;

TEST_CASE("run_in_executor gives a future of the loop") {
  ThreadPoolExecutor pool(1);
  const int n = hob::run([](ThreadPoolExecutor& pool) -> hob::Coro<int> {
    hob::EventLoop& loop = hob::get_running_loop();
    const std::thread::id here = std::this_thread::get_id();
    hob::Future<bool> elsewhere =
        loop.run_in_executor(&pool, [here] { return std::this_thread::get_id() != here; });
    const bool was_elsewhere = co_await elsewhere;
    CHECK(was_elsewhere);
    const hob::Result<int> failed = co_await hob::as_result(loop.run_in_executor(&pool, fail));
    CHECK(hob::describe(failed.exception()) == "ValueError: in a thread");
    auto moved = co_await loop.run_in_executor(
        &pool, [](std::unique_ptr<int> p) { return p; }, std::make_unique<int>(7));
    CHECK(*moved == 7);
    co_return co_await loop.run_in_executor(&pool, twice, 21);
  }(pool));
  CHECK(n == 42);
}

TEST_CASE("the default executor is made on demand, and run shuts it down") {
  std::thread::id first, second;
  hob::run([](std::thread::id& a, std::thread::id& b) -> hob::Coro<> {
    a = co_await hob::get_running_loop().run_in_executor(nullptr, std::this_thread::get_id);
    b = co_await hob::to_thread(std::this_thread::get_id);
  }(first, second));
  CHECK(first != std::this_thread::get_id());
  CHECK(second != std::this_thread::get_id());
}

TEST_CASE("run waits for the jobs that are still in the default executor") {
  std::atomic<bool> ended = false;
  auto open = std::make_shared<std::latch>(1);
  auto begun = std::make_shared<std::latch>(1);
  std::jthread opener([open, begun] {
    begun->wait();
    open->count_down();
  });
  hob::run([](std::atomic<bool>& done, auto gate, auto start) -> hob::Coro<> {
    hob::get_running_loop().run_in_executor(nullptr, [&done, gate, start] {
      start->count_down();
      gate->wait();
      done = true;
    });
    co_return;
  }(ended, open, begun));
  CHECK(ended);
}

TEST_CASE("the default executor after its shutdown") {
  hob::run([]() -> hob::Coro<> {
    hob::EventLoop& loop = hob::get_running_loop();
    co_await hob::to_thread(twice, 1);
    co_await loop.shutdown_default_executor();
    CHECK_THROWS_WITH_AS(loop.run_in_executor(nullptr, twice, 1),
                         "Executor shutdown has been called", hob::RuntimeError);
    const hob::Result<int> late = co_await hob::as_result(hob::to_thread(twice, 1));
    CHECK(hob::type_name(late.exception()) == "RuntimeError");
    co_await loop.shutdown_default_executor();
  }());
}

TEST_CASE("shutting the default executor down with too little time leaves its threads") {
  auto open = std::make_shared<std::latch>(1);
  hob::run([](auto gate) -> hob::Coro<> {
    hob::EventLoop& loop = hob::get_running_loop();
    auto begun = std::make_shared<std::latch>(1);
    hob::Future<> job = loop.run_in_executor(nullptr, [gate, begun] {
      begun->count_down();
      gate->wait();
    });
    begun->wait();
    co_await loop.shutdown_default_executor(1ms);  // prints a warning
    CHECK_FALSE(job.done());
    gate->count_down();
    co_await job;
  }(open));
}

TEST_CASE("an executor of one's own as the default one; it may go before the loop") {
  hob::run([]() -> hob::Coro<> {
    hob::EventLoop& loop = hob::get_running_loop();
    {
      ThreadPoolExecutor pool(1);
      loop.set_default_executor(pool);
      const int n = co_await hob::to_thread(twice, 3);
      CHECK(n == 6);
      CHECK(pool.workers() == 1);
    }
    CHECK_THROWS_WITH_AS(loop.run_in_executor(nullptr, twice, 1),
                         "cannot schedule new futures after shutdown", hob::RuntimeError);
  }());
}

TEST_CASE("a loop that is closed with jobs at work leaves them behind") {
  std::latch open(1);
  std::latch begun(1);
  std::atomic<bool> ended = false;
  ThreadPoolExecutor pool(1);
  {
    hob::EventLoop loop;
    loop.set_default_executor(pool);
    hob::Future<> job = loop.run_in_executor(nullptr, [&] {
      begun.count_down();
      open.wait();
      ended = true;
    });
    begun.wait();
  }
  CHECK_FALSE(ended);
  open.count_down();
  pool.shutdown();
  CHECK(ended);
}

TEST_CASE("to_thread carries the context, and what it sets stays there") {
  static hob::ContextVar<int> var("var", 1);
  hob::run([]() -> hob::Coro<> {
    var.set(2);
    const int seen = co_await hob::to_thread([] {
      const int n = var.get();
      var.set(3);
      return n;
    });
    CHECK(seen == 2);
    CHECK(var.get() == 2);
    const int bare =
        co_await hob::get_running_loop().run_in_executor(nullptr, [] { return var.get(); });
    CHECK(bare == 1);
  }());
}

TEST_CASE("cancelling the await of a job that has not begun cancels the job") {
  ThreadPoolExecutor pool(1);
  std::atomic<bool> ran = false;
  std::latch open(1);
  hob::run(
      [](ThreadPoolExecutor& workers, std::atomic<bool>& flag, std::latch& gate) -> hob::Coro<> {
        hob::EventLoop& loop = hob::get_running_loop();
        hob::Future<> first = loop.run_in_executor(&workers, [&gate] { gate.wait(); });
        hob::Future<> second = loop.run_in_executor(&workers, [&flag] { flag = true; });
        second.cancel();
        co_await hob::sleep(0s);
        gate.count_down();
        co_await first;
        const hob::Result<> result = co_await hob::as_result(second);
        CHECK(result.cancelled());
      }(pool, ran, open));
  pool.shutdown();
  CHECK_FALSE(ran);
}

TEST_CASE("a job with a stop_token is told when its await is cancelled") {
  auto patient = std::make_shared<Patient>();
  hob::run([](auto job) -> hob::Coro<> {
    auto call = [job](std::stop_token stop) { return (*job)(stop); };
    hob::Task<int> task = hob::create_task(hob::to_thread(call));
    co_await hob::to_thread([job] { job->begun.wait(); });
    task.cancel();
    const hob::Result<int> result = co_await hob::as_result(task);
    CHECK(result.cancelled());
  }(patient));
  CHECK(patient->ended);  // or `run` would not have ended
}

TEST_CASE("a stop_token comes before the arguments") {
  ThreadPoolExecutor pool(1);
  const auto sum =
      pool.submit([](std::stop_token stop, int a,
                     int b) { return stop.stop_possible() && !stop.stop_requested() ? a + b : 0; },
                  1, 2);
  CHECK(sum.result() == 3);
}

TEST_CASE("a task group does not end before the threads of its cancelled children") {
  auto patient = std::make_shared<Patient>();
  hob::run([](auto job) -> hob::Coro<> {
    auto body = [job](hob::TaskGroup& group) -> hob::Coro<> {
      group.create_task([job]() -> hob::Coro<> {
        auto call = [job](std::stop_token stop) { return (*job)(stop); };
        co_await hob::to_thread(call);
      });
      co_await hob::to_thread([job] { job->begun.wait(); });
      throw hob::ValueError("the body fails");
    };
    const hob::Result<> result = co_await hob::as_result(hob::task_group(body));
    CHECK(hob::type_name(result.exception()) == "ExceptionGroup");
    CHECK(job->ended);
  }(patient));
}

TEST_CASE("a task group does not end before a thread of its own block") {
  auto patient = std::make_shared<Patient>();
  hob::run([](auto job) -> hob::Coro<> {
    auto body = [job](hob::TaskGroup&) -> hob::Coro<> {
      auto call = [job](std::stop_token stop) { return (*job)(stop); };
      co_await hob::to_thread(call);
    };
    hob::Task<> task =
        hob::create_task([](auto fn) -> hob::Coro<> { co_await hob::task_group(fn); }, body);
    co_await hob::to_thread([job] { job->begun.wait(); });
    task.cancel();
    const hob::Result<> result = co_await hob::as_result(task);
    CHECK(result.cancelled());
    CHECK(job->ended);
  }(patient));
}

TEST_CASE("outside a task group a cancelled await leaves its thread behind, as in asyncio") {
  auto open = std::make_shared<std::latch>(1);
  hob::run([](auto gate) -> hob::Coro<> {
    hob::Task<> task = hob::create_task(hob::to_thread([gate] { gate->wait(); }));
    const hob::Result<> result = co_await hob::as_result(hob::wait_for(task, 1ms));
    CHECK(hob::type_name(result.exception()) == "TimeoutError");
    gate->count_down();
  }(open));
}

TEST_CASE("awaiting a job can be cancelled at every point") {
  ThreadPoolExecutor pool(1);
  hob::testing::cancel_everywhere(
      [&pool]() -> hob::Coro<> {
        const int n = co_await hob::get_running_loop().run_in_executor(&pool, twice, 2);
        CHECK(n == 4);
        const int m = co_await hob::to_thread(twice, 3);
        CHECK(m == 6);
        auto body = [](hob::TaskGroup& group) -> hob::Coro<> {
          group.create_task(hob::to_thread(twice, 1));
          co_await hob::to_thread(twice, 4);
        };
        co_await hob::task_group(body);
      },
      kWithThreads);
}

TEST_CASE("virtual time stands still while a thread is at work") {
  hob::testing::run_virtual([]() -> hob::Coro<> {
    hob::EventLoop& loop = hob::get_running_loop();
    const hob::Duration before = loop.time();
    hob::Task<> sleeper = hob::create_task([]() -> hob::Coro<> { co_await hob::sleep(1h); });
    co_await hob::to_thread([] { std::this_thread::yield(); });
    CHECK(loop.time() == before);
    sleeper.cancel();
  }());
}

TEST_CASE("a bounded pool: async_submit waits for a place, and loses none when cancelled") {
  ThreadPoolExecutor pool(1, {.queue_limit = 1});
  hob::testing::cancel_everywhere(
      [&pool]() -> hob::Coro<> {
        auto open = std::make_shared<std::latch>(1);
        std::vector<hob::concurrent::Future<int>> jobs;
        struct Open {
          std::shared_ptr<std::latch> latch;
          ~Open() {
            if (!latch->try_wait()) latch->count_down();
          }
        } const opened{open};
        auto wait = [open] {
          open->wait();
          return 0;
        };
        jobs.push_back(co_await pool.async_submit(wait));
        jobs.push_back(co_await pool.async_submit(twice, 1));
        hob::Task<hob::concurrent::Future<int>> third =
            hob::create_task(pool.async_submit(twice, 2));
        co_await hob::sleep(0s);
        open->count_down();
        jobs.push_back(co_await third);
        const int last = co_await jobs.back();
        CHECK(last == 4);
      },
      kWithThreads);
  // Every place came back: otherwise this would wait for ever.
  for (int i = 0; i < 10; ++i) CHECK(pool.submit(twice, i).result() == 2 * i);
}
