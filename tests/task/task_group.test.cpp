// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"

#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;
using hob::Coro;
using hob::TaskGroup;
using support::now;
using support::run_sim;

namespace task_group_tests {

Coro<int> after(hob::Duration delay, int n) {
  co_await hob::sleep(delay);
  co_return n;
}
Coro<> fail_after(hob::Duration delay, const char* what) {
  co_await hob::sleep(delay);
  throw hob::ValueError(what);
}

TEST_CASE("a task group waits for its children and gives the body's value") {
  const auto main = []() -> Coro<> {
    const auto body = [](TaskGroup& group) -> Coro<std::string> {
      group.create_task(after(3s, 1));
      auto two = group.create_task(after, 1s, 2);
      int n = co_await two;
      co_return "body" + std::to_string(n);
    };
    std::string value = co_await hob::task_group(body);
    CHECK(value == "body2");
    CHECK(now() == 3);
  };
  run_sim(main());
}

TEST_CASE("the first failure cancels the others and the body") {
  std::string log;
  const auto main = [&log]() -> Coro<> {
    const auto sibling = [&log]() -> Coro<> {
      try {
        co_await hob::sleep(100s);
      } catch (const hob::CancelledError&) {
        log += "sibling ";
        throw;
      }
    };
    const auto body = [&](TaskGroup& group) -> Coro<> {
      group.create_task(sibling);
      group.create_task(fail_after(1s, "one"));
      group.create_task(fail_after(1s, "two"));
      try {
        co_await hob::sleep(100s);
      } catch (const hob::CancelledError&) {
        log += "body ";
        throw;
      }
    };
    try {
      co_await hob::task_group(body);
    } catch (const hob::ExceptionGroup& group) {
      for (const auto& error : group.exceptions()) log += hob::describe(error) + " ";
      CHECK(group.message() == "unhandled errors in a TaskGroup");
    }
    CHECK(hob::current_task()->cancelling() == 0);
    CHECK(now() == 1);
  };
  run_sim(main());
  CHECK(log == "sibling body ValueError: one ValueError: two ");
}

TEST_CASE("a cancelled child alone is no failure") {
  const auto main = []() -> Coro<> {
    const auto body = [](TaskGroup& group) -> Coro<> {
      auto child = group.create_task(after(10s, 1));
      co_await hob::sleep(1s);
      child.cancel();
    };
    co_await hob::task_group(body);
    CHECK(now() == 1);
  };
  run_sim(main());
}

TEST_CASE("a cancellation from outside cancels the children and goes on") {
  const auto main = []() -> Coro<> {
    hob::Task<int> child;
    const auto body = [&child](TaskGroup& group) -> Coro<> {
      child = group.create_task(after(10s, 1));
      co_return;
    };
    const auto outer = [&]() -> Coro<> { co_await hob::task_group(body); };
    auto task = hob::create_task(outer);
    co_await hob::sleep(1s);
    task.cancel();
    auto outcome = co_await hob::as_result(task);
    CHECK(outcome.cancelled());
    CHECK(child.cancelled());
  };
  run_sim(main());
}

TEST_CASE("a finished or failing group takes no more children") {
  const auto main = []() -> Coro<> {
    TaskGroup* kept = nullptr;
    const auto body = [&kept](TaskGroup& group) -> Coro<> {
      kept = &group;
      group.create_task(fail_after(0s, "x"));
      try {
        co_await hob::sleep(1s);
      } catch (const hob::CancelledError&) {
      }
      CHECK_THROWS_AS(group.create_task(after(1s, 1)), hob::RuntimeError);
    };
    auto outcome = co_await hob::as_result(hob::task_group(body));
    CHECK(support::error_name(outcome) == "ExceptionGroup");
    CHECK(kept != nullptr);
  };
  run_sim(main());
}

TEST_CASE("children may start more children") {
  int count = 0;
  const auto main = [&count]() -> Coro<> {
    struct Spawner {
      static Coro<> run(TaskGroup& group, int depth, int& count) {
        ++count;
        co_await hob::sleep(1s);
        if (depth > 0) {
          group.create_task(run(group, depth - 1, count));
          group.create_task(run(group, depth - 1, count));
        }
      }
    };
    const auto body = [&count](TaskGroup& group) -> Coro<> {
      group.create_task(Spawner::run(group, 3, count));
      co_return;
    };
    co_await hob::task_group(body);
  };
  run_sim(main());
  CHECK(count == 15);
}

}  // namespace task_group_tests
