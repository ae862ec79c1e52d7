// SPDX-License-Identifier: MIT
// ThreadPoolExecutor without a loop: submit, states, order, shutdown, bad input.
#include <hob/hob.hpp>

#include "support/no_new_threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

using hob::ThreadPoolExecutor;
using hob::concurrent::FutureState;

int plus(int a, int b) { return a + b; }

// A job that says when it has begun and waits until it may end.
struct Gate {
  std::latch begun{1};
  std::latch open{1};
  void pass() {
    begun.count_down();
    open.wait();
  }
};

struct Point {
  int x = 0;
  int norm(int factor) const { return x * factor; }
};

}  // namespace

TEST_CASE("submit gives the result, or the exception") {
  ThreadPoolExecutor pool(2);
  CHECK(pool.submit(plus, 1, 2).result() == 3);
  CHECK(pool.submit([] { return std::string("a"); }).result() == "a");
  pool.submit([] {}).result();
  CHECK(pool.submit(&Point::norm, Point{2}, 3).result() == 6);
  const auto failed = pool.submit([]() -> int { throw hob::ValueError("no"); });
  CHECK_THROWS_AS(failed.result(), hob::ValueError);
  CHECK(hob::describe(failed.exception()) == "ValueError: no");
}

TEST_CASE("a job takes and gives what can only be moved") {
  ThreadPoolExecutor pool(1);
  auto future = pool.submit([](std::unique_ptr<int> n) { return n; }, std::make_unique<int>(5));
  CHECK(*std::move(future).result() == 5);
}

TEST_CASE("callable and arguments are destroyed before the result is seen") {
  ThreadPoolExecutor pool(1);
  auto token = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = token;
  const auto future = pool.submit([token = std::move(token)] { return *token; });
  CHECK(future.result() == 1);
  CHECK(watch.expired());
}

TEST_CASE("the states of a job") {
  Gate gate;
  ThreadPoolExecutor pool(1);
  const auto first = pool.submit([&gate] { gate.pass(); });
  const auto second = pool.submit(plus, 1, 1);
  const auto third = pool.submit(plus, 1, 1);
  gate.begun.wait();
  CHECK(first.running());
  CHECK_FALSE(first.cancel());
  CHECK(second.state() == FutureState::pending);
  CHECK(second.cancel());
  CHECK(second.state() == FutureState::cancelled);
  gate.open.count_down();
  CHECK(third.result() == 2);
  CHECK(second.state() == FutureState::cancelled_and_notified);
  CHECK_THROWS_AS(second.result(), hob::CancelledError);
  CHECK(first.state() == FutureState::finished);
}

TEST_CASE("jobs start in the order in which they were submitted") {
  std::vector<int> order;
  Gate gate;
  ThreadPoolExecutor pool(1);
  pool.submit([&gate] { gate.pass(); });
  for (int i = 0; i < 1000; ++i) pool.submit([&order, i] { order.push_back(i); });
  gate.open.count_down();
  pool.shutdown();
  REQUIRE(order.size() == 1000);
  for (int i = 0; i < 1000; ++i) REQUIRE(order[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("no job waits behind another while a thread has nothing to do") {
  // Each job needs the next one to run beside it.
  ThreadPoolExecutor pool(2);
  for (int round = 0; round < 2000; ++round) {
    auto meeting = std::make_shared<std::latch>(2);
    const auto a = pool.submit([meeting] { meeting->arrive_and_wait(); });
    const auto b = pool.submit([meeting] { meeting->arrive_and_wait(); });
    a.result();
    b.result();
  }
}

TEST_CASE("threads start on demand and are reused") {
  ThreadPoolExecutor pool(4);
  CHECK(pool.workers() == 0);
  pool.submit(plus, 1, 2).result();
  CHECK(pool.workers() == 1);
  std::latch all(4);
  std::vector<hob::concurrent::Future<>> futures;
  for (int i = 0; i < 4; ++i) futures.push_back(pool.submit([&all] { all.arrive_and_wait(); }));
  for (const auto& future : futures) future.result();
  CHECK(pool.workers() == 4);
  for (int i = 0; i < 100; ++i) pool.submit(plus, 1, 2).result();
  CHECK(pool.workers() == 4);
  pool.shutdown();
  CHECK(pool.workers() == 0);
}

TEST_CASE("many threads submit to many threads") {
  for (const hob::Duration spin : {hob::Duration(0s), hob::Duration(20us)}) {
    ThreadPoolExecutor pool(3, {.spin = spin});
    std::atomic<int> sum{0};
    {
      std::vector<std::jthread> submitters;
      for (int t = 0; t < 4; ++t) {
        submitters.emplace_back([&pool, &sum] {
          std::vector<hob::concurrent::Future<int>> futures;
          for (int i = 0; i < 2000; ++i)
            futures.push_back(pool.submit([&sum, i] { return sum += 1, i; }));
          for (int i = 0; i < 2000; ++i)
            if (futures[static_cast<std::size_t>(i)].result() != i) std::abort();
        });
      }
    }
    CHECK(sum == 8000);
  }
}

TEST_CASE("a job may submit jobs, and wait for them while a thread is left") {
  ThreadPoolExecutor pool(2);
  const auto outer = pool.submit([&pool] { return pool.submit(plus, 1, 2).result() + 1; });
  CHECK(outer.result() == 4);
}

TEST_CASE("submit after shutdown is refused, what was submitted still runs") {
  Gate gate;
  ThreadPoolExecutor pool(1);
  const auto first = pool.submit([&gate] { gate.pass(); });
  const auto second = pool.submit(plus, 1, 2);
  pool.shutdown({.wait = false});
  CHECK_THROWS_WITH_AS(pool.submit(plus, 1, 2), "cannot schedule new futures after shutdown",
                       hob::RuntimeError);
  CHECK_FALSE(second.done());
  gate.open.count_down();
  pool.shutdown();
  CHECK(second.result() == 3);
  pool.shutdown();
  ThreadPoolExecutor unused(1);
  unused.shutdown();
  CHECK_THROWS_AS(unused.submit(plus, 1, 2), hob::RuntimeError);
}

TEST_CASE("shutdown that cancels: exactly the jobs that have not begun") {
  Gate gate;
  ThreadPoolExecutor pool(1);
  const auto running = pool.submit([&gate] {
    gate.pass();
    return 1;
  });
  std::vector<hob::concurrent::Future<int>> waiting;
  for (int i = 0; i < 1000; ++i) waiting.push_back(pool.submit(plus, i, 0));
  gate.begun.wait();
  pool.shutdown({.wait = false, .cancel_futures = true});
  for (const auto& future : waiting) CHECK(future.state() == FutureState::cancelled_and_notified);
  gate.open.count_down();
  CHECK(running.result() == 1);
}

TEST_CASE("a pool needs a positive number of workers") {
  CHECK_THROWS_WITH_AS(ThreadPoolExecutor(0), "max_workers must be greater than 0",
                       hob::ValueError);
  CHECK_THROWS_AS(ThreadPoolExecutor(-1), hob::ValueError);
}

TEST_CASE("a pool whose first thread cannot start refuses the job, and is fine once one can") {
  hob::ThreadPoolExecutor pool(2);
  {
    const support::NoNewThreads none;
    CHECK_THROWS_WITH_AS(pool.submit([] { return 1; }), "can't start new thread",
                         hob::RuntimeError);
  }
  CHECK(pool.submit([] { return 2; }).result() == 2);
}

TEST_CASE("a pool makes do with the threads that it got") {
  hob::ThreadPoolExecutor pool(8);
  std::latch open(1);
  const auto first = pool.submit([&open] { open.wait(); });
  std::vector<hob::concurrent::Future<int>> jobs;
  {
    const support::NoNewThreads none;
    for (int i = 0; i < 20; ++i) jobs.push_back(pool.submit([i] { return i; }));
    CHECK(pool.workers() == 1);
  }
  open.count_down();
  for (int i = 0; i < 20; ++i) CHECK(jobs[static_cast<std::size_t>(i)].result() == i);
  first.result();
}

TEST_CASE("an initializer runs once in each thread, before its jobs") {
  static thread_local int prepared = 0;
  std::atomic<int> calls{0};
  ThreadPoolExecutor pool(3, {.initializer = [&calls] {
                            ++prepared;
                            ++calls;
                          }});
  for (int i = 0; i < 50; ++i) CHECK(pool.submit([] { return prepared; }).result() == 1);
  CHECK(calls <= 3);
}

TEST_CASE("an initializer that throws breaks the pool: every job that waits is told") {
  Gate gate;
  ThreadPoolExecutor pool(1, {.initializer = [&gate] {
                            gate.pass();
                            throw hob::ValueError("not today (this is printed)");
                          }});
  const auto first = pool.submit(plus, 1, 2);
  const auto second = pool.submit(plus, 1, 2);
  const auto third = pool.submit(plus, 1, 2);
  CHECK(third.cancel());
  gate.open.count_down();
  CHECK_THROWS_WITH_AS(first.result(),
                       "A thread initializer failed, the thread pool is not usable anymore",
                       hob::BrokenThreadPool);
  CHECK_THROWS_AS(second.result(), hob::BrokenThreadPool);
  CHECK(third.cancelled());
  CHECK_THROWS_AS(pool.submit(plus, 1, 2), hob::BrokenThreadPool);
  pool.shutdown();
}

TEST_CASE("a callback that throws is reported, and the pool goes on") {
  ThreadPoolExecutor pool(1);
  const auto future = pool.submit(plus, 1, 2);
  future.add_done_callback([](auto&&) { throw hob::ValueError("in a callback (printed)"); });
  CHECK(future.result() == 3);
  CHECK(pool.submit(plus, 2, 2).result() == 4);
}

TEST_CASE("a thread of the pool can not wait for the end of the pool") {
  ThreadPoolExecutor pool(1);
  const auto future = pool.submit([&pool] { pool.shutdown(); });
  CHECK_THROWS_WITH_AS(future.result(), "cannot join current thread", hob::RuntimeError);
}

TEST_CASE("the last handle may go in a thread of the pool") {
  auto pool = std::make_shared<ThreadPoolExecutor>(1);
  auto started = std::make_shared<std::latch>(1);
  auto done = std::make_shared<std::latch>(1);
  ThreadPoolExecutor& raw = *pool;
  raw.submit([pool = std::move(pool), started, done]() mutable {
    started->wait();
    pool.reset();
    done->count_down();
  });
  started->count_down();
  done->wait();
}

TEST_CASE("several threads shut a pool down at once") {
  ThreadPoolExecutor pool(3);
  std::atomic<int> done{0};
  for (int i = 0; i < 100; ++i) pool.submit([&done] { ++done; });
  {
    std::vector<std::jthread> closers;
    for (int i = 0; i < 3; ++i)
      closers.emplace_back([&pool, &done] {
        pool.shutdown();
        if (done != 100) std::abort();
      });
  }
  CHECK(done == 100);
}

TEST_CASE("submitting races with shutdown: a job is refused or runs, never lost") {
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> accepted{0}, ran{0};
    {
      ThreadPoolExecutor pool(2);
      std::jthread submitter([&] {
        try {
          for (;;) {
            pool.submit([&ran] { ++ran; });
            ++accepted;
          }
        } catch (const hob::RuntimeError&) {
        }
      });
      while (accepted < 5) std::this_thread::yield();
      pool.shutdown();
      submitter.join();
    }
    REQUIRE(accepted == ran);
  }
}

TEST_CASE("threads are replaced after so many jobs") {
  ThreadPoolExecutor pool(1, {.max_tasks_per_child = 2});
  std::set<std::thread::id> threads;
  static thread_local int jobs = 0;
  for (int i = 0; i < 10; ++i) CHECK(pool.submit([] { return ++jobs; }).result() == i % 2 + 1);
  CHECK(pool.workers() == 1);
}

TEST_CASE("a bounded queue: submit waits for a place") {
  Gate gate;
  ThreadPoolExecutor pool(1, {.queue_limit = 2});
  pool.submit([&gate] { gate.pass(); });
  gate.begun.wait();
  pool.submit(plus, 1, 2);
  pool.submit(plus, 1, 2);
  std::atomic<bool> submitted = false;
  std::jthread third([&] {
    pool.submit(plus, 1, 2).result();
    submitted = true;
  });
  std::this_thread::yield();
  CHECK_FALSE(submitted);
  gate.open.count_down();
  third.join();
  CHECK(submitted);
}

TEST_CASE("a bounded queue: its own threads never wait for a place") {
  ThreadPoolExecutor pool(1, {.queue_limit = 1});
  const auto jobs = pool.submit([&pool] {
                          std::vector<hob::concurrent::Future<int>> inner;
                          for (int i = 0; i < 5; ++i) inner.push_back(pool.submit(plus, i, 1));
                          return inner;
                        })
                        .result();
  for (int i = 0; i < 5; ++i) CHECK(jobs[static_cast<std::size_t>(i)].result() == i + 1);
}

TEST_CASE("a bounded queue: whoever waits for a place is told of the shutdown") {
  Gate gate;
  ThreadPoolExecutor pool(1, {.queue_limit = 1});
  pool.submit([&gate] { gate.pass(); });
  gate.begun.wait();
  pool.submit(plus, 1, 2);
  std::jthread third([&] { CHECK_THROWS_AS(pool.submit(plus, 1, 2), hob::RuntimeError); });
  std::this_thread::sleep_for(1ms);  // it may come before or after the shutdown: both must work
  pool.shutdown({.wait = false});
  third.join();
  gate.open.count_down();
}
