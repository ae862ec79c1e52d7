// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"

#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;
using hob::Coro;
using support::run_sim;

namespace run_tests {

Coro<int> value(int n) {
  co_await hob::sleep(1s);
  co_return n;
}
Coro<> forever() { co_await hob::create_future<>(); }

TEST_CASE("run cancels what is left and waits for it") {
  std::string log;
  const auto left = [&log]() -> Coro<> {
    auto slept = co_await hob::as_result(hob::sleep(100s));
    co_await hob::sleep(1s);
    log += "cleaned up";
    slept.value();
  };
  const auto main = [&]() -> Coro<> {
    hob::create_task(left);
    co_await hob::sleep(1s);
  };
  run_sim(main());
  CHECK(log == "cleaned up");
}

TEST_CASE("an exception of a task that is cancelled at the end reaches the handler") {
  std::string seen;
  const auto main = [&seen]() -> Coro<> {
    hob::get_running_loop().set_exception_handler(
        [&seen](hob::EventLoop&, const hob::ExceptionContext& c) { seen += c.message; });
    const auto bad = []() -> Coro<> {
      try {
        co_await hob::sleep(100s);
      } catch (const hob::CancelledError&) {
        throw hob::ValueError("at the end");
      }
    };
    hob::create_task(bad);
    co_await hob::sleep(1s);
  };
  run_sim(main());
  CHECK(seen == "unhandled exception during asyncio.run() shutdown");
}

TEST_CASE("run inside run throws RuntimeError") {
  const auto main = []() -> Coro<> {
    CHECK_THROWS_AS(hob::run(value(1)), hob::RuntimeError);
    co_return;
  };
  run_sim(main());
}

TEST_CASE("get_running_loop outside throws RuntimeError") {
  CHECK_THROWS_AS(hob::get_running_loop(), hob::RuntimeError);
  CHECK_THROWS_AS(hob::create_future<>(), hob::RuntimeError);
}

TEST_CASE("a program that can never go on is an error with a report, not a hang") {
  std::string report;
  try {
    run_sim(forever());
  } catch (const hob::DeadlockError& e) {
    report = e.what();
  }
  CHECK(report.find("forever at ") != std::string::npos);
  CHECK(report.find("waiting for a future") != std::string::npos);
}

TEST_CASE("a Runner runs several coroutines on one loop and in one context") {
  static hob::ContextVar<int> variable("variable", 0);
  hob::Runner runner({.driver = hob::Driver::sim});
  const auto set = []() -> Coro<> {
    variable.set(5);
    co_return;
  };
  const auto get = []() -> Coro<int> { co_return variable.get(); };
  hob::EventLoop* loop = &runner.get_loop();
  runner.run(set());
  CHECK(runner.run(get()) == 5);
  CHECK(&runner.get_loop() == loop);
  runner.close();
  runner.close();
  auto coro = get();
  CHECK_THROWS_AS(runner.run(std::move(coro)), hob::RuntimeError);
  coro.close();
  CHECK(variable.get() == 0);
}

TEST_CASE("run_until_complete gives the result, or says that the loop was stopped") {
  hob::EventLoop loop({.driver = hob::Driver::sim});
  CHECK(loop.run_until_complete(value(3)) == 3);
  auto future = loop.create_future<int>();
  loop.call_later(1s, [&loop] { loop.stop(); });
  CHECK_THROWS_AS(loop.run_until_complete(future), hob::RuntimeError);
  loop.close();
  CHECK_THROWS_AS(loop.create_future<int>(), hob::RuntimeError);
}

TEST_CASE("destroying a loop reports every task that is pending") {
  int reports = 0;
  {
    hob::EventLoop loop({.driver = hob::Driver::sim});
    loop.set_exception_handler([&reports](hob::EventLoop&, const hob::ExceptionContext& c) {
      if (c.message == "Task was destroyed but it is pending!") ++reports;
    });
    auto a = loop.create_task(value(1));
    auto b = loop.create_task(forever());
    loop.call_later(500ms, [&loop] { loop.stop(); });
    loop.run_forever();
  }
  CHECK(reports == 2);
}

}  // namespace run_tests
