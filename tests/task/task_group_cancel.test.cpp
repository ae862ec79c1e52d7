// SPDX-License-Identifier: MIT
// TaskGroup::cancel (CPython 3.15, gh-108951): an early end that is no error.
#include "support/virtual.hpp"

#include <hob/hob.hpp>

#include <hob/testing/cancel_everywhere.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;
using hob::Coro;
using hob::TaskGroup;
using support::now;
using support::run_sim;

namespace task_group_cancel_tests {

Coro<> log_end(std::string& log, char name) {
  try {
    co_await hob::sleep(100s);
  } catch (const hob::CancelledError&) {
    log += name;
    throw;
  }
}

TEST_CASE("the body ends its group") {
  std::string log;
  const auto main = [&log]() -> Coro<> {
    const auto body = [&log](TaskGroup& group) -> Coro<int> {
      group.create_task(log_end, std::ref(log), 'a');
      group.create_task(log_end, std::ref(log), 'b');
      co_await hob::sleep(1s);
      group.cancel();
      group.cancel();
      co_return 7;
    };
    const int value = co_await hob::task_group(body);
    CHECK(value == 7);
    CHECK(log == "ab");
    CHECK(now() == 1);
    CHECK(hob::current_task()->cancelling() == 0);
    co_await hob::sleep(1s);  // nothing is left over
  };
  run_sim(main());
}

TEST_CASE("a child ends the group and the body") {
  std::string log;
  const auto main = [&log]() -> Coro<> {
    const auto body = [&log](TaskGroup& group) -> Coro<> {
      group.create_task([&group]() -> Coro<> {
        co_await hob::sleep(2s);
        group.cancel();
      });
      co_await log_end(log, 'x');
      CHECK(false);
    };
    co_await hob::task_group(body);
    CHECK(log == "x");
    CHECK(now() == 2);
    CHECK(hob::current_task()->cancelling() == 0);
  };
  run_sim(main());
}

TEST_CASE("a body with a result that was interrupted has none") {
  const auto main = []() -> Coro<> {
    const auto body = [](TaskGroup& group) -> Coro<int> {
      group.cancel();
      co_await hob::sleep(1s);
      co_return 1;
    };
    const auto ended = co_await hob::as_result(hob::task_group(body));
    CHECK(hob::type_name(ended.exception()) == "InvalidStateError");
  };
  run_sim(main());
}

TEST_CASE("errors of children leave a cancelled group, and nobody joins it") {
  const auto main = []() -> Coro<> {
    const auto body = [](TaskGroup& group) -> Coro<> {
      group.create_task([]() -> Coro<> {
        const auto ended = co_await hob::as_result(hob::sleep(100s));
        CHECK(ended.cancelled());
        throw hob::ValueError("at the end");
      });
      co_await hob::sleep(1s);
      group.cancel();
      CHECK_THROWS_AS(group.create_task(hob::sleep(1s)), hob::RuntimeError);
    };
    const auto ended = co_await hob::as_result(hob::task_group(body));
    CHECK(hob::type_name(ended.exception()) == "ExceptionGroup");
    CHECK(hob::current_task()->cancelling() == 0);
  };
  run_sim(main());
}

TEST_CASE("a cancellation from outside is not swallowed (gh-155433)") {
  const auto main = []() -> Coro<> {
    const auto slow_to_end = []() -> Coro<> {
      co_await hob::as_result(hob::sleep(100s));
      co_await hob::sleep(1s);
    };
    const auto limited = [&]() -> Coro<> {
      const auto body = [&](TaskGroup& group) -> Coro<> {
        group.create_task(slow_to_end);
        co_await hob::sleep(100ms);
        group.cancel();
      };
      co_await hob::task_group(body);
    };
    const auto ended = co_await hob::as_result(hob::timeout(500ms, limited));
    CHECK(hob::type_name(ended.exception()) == "TimeoutError");
    CHECK(hob::current_task()->cancelling() == 0);
  };
  run_sim(main());
}

TEST_CASE("an old cancellation that was caught is not the group's business") {
  const auto main = []() -> Coro<> {
    hob::current_task()->cancel();
    co_await hob::as_result(hob::sleep(1s));  // caught, and never taken back
    CHECK(hob::current_task()->cancelling() == 1);
    const auto interrupted = [](TaskGroup& group) -> Coro<> {
      group.create_task(hob::sleep(100s));
      hob::get_running_loop().call_soon([&group] { group.cancel(); });
      co_await hob::sleep(100s);
    };
    co_await hob::task_group(interrupted);
    const auto returns = [](TaskGroup& group) -> Coro<> {
      group.cancel();
      co_return;
    };
    co_await hob::task_group(returns);
    CHECK(hob::current_task()->cancelling() == 1);
    co_await hob::sleep(1s);
  };
  run_sim(main());
}

TEST_CASE("cancelling a group can be cancelled everywhere") {
  const auto scenario = []() -> Coro<> {
    const auto body = [](TaskGroup& group) -> Coro<> {
      group.create_task(hob::sleep(100s));
      group.create_task([]() -> Coro<> {
        const auto ended = co_await hob::as_result(hob::sleep(100s));
        co_await hob::sleep(1s);
        ended.value();
      });
      co_await hob::sleep(1s);
      group.cancel();
      co_await hob::sleep(1s);
    };
    co_await hob::task_group(body);
  };
  CHECK(hob::testing::cancel_everywhere(scenario) >= 3);
}

}  // namespace task_group_cancel_tests
