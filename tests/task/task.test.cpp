// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"

#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Task;
using support::run_sim;

namespace task_tests {

Coro<int> value(int n) {
  co_await hob::sleep(1s);
  co_return n;
}
Coro<> failing() {
  co_await hob::sleep(1s);
  throw hob::ValueError("boom");
}
Coro<std::string> stubborn() {
  try {
    co_await hob::sleep(10s);
  } catch (const hob::CancelledError&) {
  }
  co_await hob::sleep(1s);
  co_return "finished";
}

TEST_CASE("tasks take turns in the order in which they were made") {
  std::string log;
  const auto worker = [&log](char name) -> Coro<> {
    for (int i = 0; i < 3; ++i) {
      log += name;
      co_await hob::sleep(0s);
    }
  };
  const auto main = [&]() -> Coro<> {
    auto a = hob::create_task(worker, 'a');
    auto b = hob::create_task(worker, 'b');
    log += "m";
    co_await a;
    co_await b;
  };
  run_sim(main());
  CHECK(log == "mababab");
}

TEST_CASE("a task cancelled before its first step never runs") {
  bool ran = false;
  const auto main = [&ran]() -> Coro<> {
    const auto body = [&ran]() -> Coro<> {
      ran = true;
      co_return;
    };
    auto task = hob::create_task(body);
    CHECK(task.cancel("early"));
    auto outcome = co_await hob::as_result(task);
    CHECK(outcome.cancelled());
    CHECK(task.cancelled());
    CHECK_FALSE(task.cancel());
  };
  run_sim(main());
  CHECK_FALSE(ran);
}

TEST_CASE("a task may ignore a cancellation") {
  const auto main = []() -> Coro<std::string> {
    auto task = hob::create_task(stubborn());
    co_await hob::sleep(1s);
    CHECK(task.cancel());
    CHECK(task.cancelling() == 1);
    CHECK(task.uncancel() == 0);
    co_return co_await task;
  };
  CHECK(run_sim(main()) == "finished");
}

TEST_CASE("cancel messages arrive") {
  std::string seen;
  const auto main = [&seen]() -> Coro<> {
    const auto body = [&seen]() -> Coro<> {
      try {
        co_await hob::sleep(10s);
      } catch (const hob::CancelledError& e) {
        seen = e.what();
        throw;
      }
    };
    auto task = hob::create_task(body);
    co_await hob::sleep(1s);
    task.cancel("first");
    task.cancel("second");
    auto outcome = co_await hob::as_result(task);
    CHECK(hob::describe(outcome.exception()) == "CancelledError: first");
  };
  run_sim(main());
  CHECK(seen == "first");
}

TEST_CASE("a cancellation of a running task is thrown at its next suspension") {
  const auto main = []() -> Coro<std::string> {
    hob::current_task()->cancel("self");
    try {
      co_await hob::sleep(1s);
    } catch (const hob::CancelledError& e) {
      hob::current_task()->uncancel();
      co_return e.what();
    }
    co_return "not thrown";
  };
  CHECK(run_sim(main()) == "self");
}

TEST_CASE("uncancel to zero drops a cancellation that was not thrown yet") {
  const auto main = []() -> Coro<int> {
    hob::current_task()->cancel();
    CHECK(hob::current_task()->uncancel() == 0);
    CHECK(hob::current_task()->uncancel() == 0);
    co_await hob::sleep(1s);
    co_return 1;
  };
  CHECK(run_sim(main()) == 1);
}

TEST_CASE("a task that returns while a cancellation is pending is cancelled") {
  const auto main = []() -> Coro<> {
    const auto body = []() -> Coro<int> {
      hob::current_task()->cancel("pending");
      co_return 5;
    };
    auto task = hob::create_task(body);
    auto outcome = co_await hob::as_result(task);
    CHECK(outcome.cancelled());
  };
  run_sim(main());
}

TEST_CASE("a task cannot await itself") {
  const auto main = []() -> Coro<std::string> {
    Task<> self;
    const auto body = [&self]() -> Coro<> { co_await self; };
    self = hob::create_task(body);
    auto outcome = co_await hob::as_result(self);
    co_return support::error_name(outcome);
  };
  CHECK(run_sim(main()) == "RuntimeError");
}

TEST_CASE("cancelling tasks that wait for each other ends them all") {
  std::string log;
  Task<> first, second;
  const auto wait_for_other = [&log](const Task<>& other, char name) -> Coro<> {
    try {
      co_await other;
    } catch (const hob::CancelledError&) {
      log += name;
      throw;
    }
  };
  const auto main = [&]() -> Coro<> {
    first = hob::create_task([&]() -> Coro<> { return wait_for_other(second, 'a'); });
    second = hob::create_task([&]() -> Coro<> { return wait_for_other(first, 'b'); });
    co_await hob::sleep(1s);
    CHECK(first.cancel("enough"));
    co_await hob::sleep(1s);
    CHECK(first.cancelled());
    CHECK(second.cancelled());
    CHECK(first.cancelling() == 1);
  };
  run_sim(main());
  CHECK(log == "ab");
}

TEST_CASE("tasks have names, and all_tasks lists the living in order") {
  const auto main = []() -> Coro<> {
    auto a = hob::create_task(value(1), {.name = "a"});
    auto b = hob::create_task(value(2));
    CHECK(a.get_name() == "a");
    b.set_name("bee");
    std::vector<std::string> names;
    for (const auto& task : hob::all_tasks()) names.push_back(task.get_name());
    CHECK(names.size() == 3);
    CHECK(names[1] == "a");
    CHECK(names[2] == "bee");
    CHECK(hob::current_task()->get_name().rfind("Task-", 0) == 0);
    CHECK(a.repr() == "<Task pending name='a'>");
    co_await a;
    CHECK(a.repr() == "<Task finished name='a'>");
    co_await b;
    CHECK(hob::all_tasks().size() == 1);
  };
  run_sim(main());
}

TEST_CASE("a task's exception that nobody retrieves is reported with its name and place") {
  std::string message;
  std::string what;
  std::string source;
  const auto main = [&]() -> Coro<> {
    hob::get_running_loop().set_exception_handler([&](hob::EventLoop&, const hob::ExceptionContext& c) {
      message = c.message;
      what = hob::describe(c.exception);
      source = c.source;
    });
    hob::create_task(failing(), {.name = "bad"});
    co_await hob::sleep(2s);
  };
  run_sim(main());
  CHECK(message == "Task exception was never retrieved");
  CHECK(what == "ValueError: boom");
  CHECK(source.find("task.test.cpp") != std::string::npos);
}

TEST_CASE("an eager task runs its first step inside create_task") {
  std::string log;
  const auto main = [&log]() -> Coro<> {
    const auto body = [&log](bool block) -> Coro<int> {
      log += hob::current_task()->get_name();
      if (block) co_await hob::sleep(1s);
      co_return 3;
    };
    const std::string before = hob::current_task()->get_name();
    auto coro = body(false);
    auto done = hob::create_task(std::move(coro), {.name = "e", .eager_start = true});
    CHECK(log == "e");
    CHECK(done.done());
    CHECK(done.result() == 3);
    CHECK(hob::current_task()->get_name() == before);
    hob::get_running_loop().set_task_factory(hob::eager_task_factory);
    auto blocking = body(true);
    auto waits = hob::create_task(std::move(blocking), {.name = "f"});
    CHECK(log == "ef");
    CHECK_FALSE(waits.done());
    int three = co_await waits;
    CHECK(three == 3);
  };
  run_sim(main());
}

TEST_CASE("the stack of a suspended task names its coroutines and lines") {
  const auto main = []() -> Coro<> {
    const auto outer = []() -> Coro<int> { co_return co_await value(1); };
    auto task = hob::create_task(outer);
    co_await hob::sleep(0s);
    auto stack = task.get_stack();
    CHECK(stack.size() == 2);
    CHECK(stack.front().line() == __LINE__ - 5);
    CHECK(std::string(stack.back().function_name()).find("value") != std::string::npos);
    auto waiter = [](Task<int> t) -> Coro<int> { co_return co_await t; };
    auto second = hob::create_task(waiter, task);
    co_await hob::sleep(0s);
    auto graph = hob::capture_call_graph(task);
    CHECK(graph.waiting_for == "sleep");
    CHECK(graph.call_stack.size() == 2);
    CHECK(graph.awaited_by.size() == 1);
    CHECK(hob::format_call_graph(task).find("awaited by") != std::string::npos);
    co_await second;
    CHECK(task.get_stack().empty());
  };
  run_sim(main());
}

TEST_CASE("a running task sees its own stack and coroutine") {
  const auto main = []() -> Coro<> {
    const auto inner = []() -> Coro<std::size_t> {
      co_await value(1);
      auto coro = hob::current_task()->get_coro();
      CHECK(coro.has_value());
      co_return hob::capture_call_graph().call_stack.size();
    };
    std::size_t depth = co_await inner();
    CHECK(depth == 2);
    CHECK(hob::capture_call_graph().call_stack.size() == 1);
    auto task = hob::create_task(value(1));
    CHECK(task.get_coro()->name == "value");
    co_await task;
    CHECK_FALSE(task.get_coro().has_value());
  };
  run_sim(main());
}

TEST_CASE("KeyboardInterrupt leaves the loop at once") {
  const auto body = []() -> Coro<> {
    co_await hob::sleep(1s);
    throw hob::KeyboardInterrupt();
  };
  const auto main = [&]() -> Coro<> {
    auto task = hob::create_task(body);
    co_await hob::sleep(100s);
  };
  CHECK_THROWS_AS(run_sim(main()), hob::KeyboardInterrupt);
}

}  // namespace task_tests
