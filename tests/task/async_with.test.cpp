// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"

#include <hob/core/error.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/async_with.hpp>
#include <hob/task/run.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/task.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace async_with_tests {

using namespace std::chrono_literals;
using hob::async_with;
using hob::AsyncExitStack;
using hob::Coro;
using support::run_sim;
using Log = std::vector<std::string>;

// "null" for no exception.
std::string name_of(const std::exception_ptr& error) {
  return error ? hob::type_name(error) : "null";
}

// Gives nothing to the body, lets exceptions pass; suspends at both ends.
class Gate {
 public:
  explicit Gate(Log& log, std::string name = "gate") : log_(&log), name_(std::move(name)) {}
  Gate(Gate&&) = default;
  Coro<> aenter() {
    log_->push_back(name_ + " entering");
    co_await hob::sleep(1s);
    log_->push_back(name_ + " entered");
    entered = true;
  }
  Coro<> aexit(std::exception_ptr error) {
    log_->push_back(name_ + " leaving: " + name_of(error));
    co_await hob::sleep(1s);
    log_->push_back(name_ + " left");
  }
  bool entered = false;

 private:
  Log* log_;
  std::string name_;
};

// Gives a value to the body, and swallows ValueError.
struct Swallowing {
  Log* log;
  Coro<std::unique_ptr<int>> aenter() { co_return std::make_unique<int>(42); }
  Coro<bool> aexit(std::exception_ptr error) {
    log->push_back("exit: " + name_of(error));
    co_return hob::type_name(error) == "ValueError";
  }
};

struct FailingEnter {
  Log* log;
  Coro<> aenter() {
    throw hob::ValueError("enter");
    co_return;
  }
  Coro<> aexit(std::exception_ptr) {
    log->push_back("exit");
    co_return;
  }
};

struct FailingExit {
  Coro<> aenter() { co_return; }
  Coro<bool> aexit(std::exception_ptr) {
    throw hob::LookupError("exit");
    co_return true;
  }
};

Coro<int> twice(int n) {
  co_await hob::sleep(1s);
  co_return 2 * n;
}
Coro<> fail_with_value_error() {
  co_await hob::sleep(0s);
  throw hob::ValueError("body");
}
Coro<> sleep_long() { co_await hob::sleep(100s); }

TEST_CASE("async_with enters, runs the body, leaves, and gives the body's result") {
  Log log;
  auto main = [&log]() -> Coro<int> {
    Gate gate(log);
    auto body = [&log](Gate& g, int n) -> Coro<int> {
      CHECK(g.entered);
      log.push_back("body");
      co_return co_await twice(n);
    };
    co_return co_await async_with(gate, body, 21);
  };
  CHECK(run_sim(main()) == 42);
  CHECK(log == Log{"gate entering", "gate entered", "body", "gate leaving: null", "gate left"});
}

TEST_CASE("the body gets what aenter gives, by reference or to keep") {
  Log log;
  auto main = [&log]() -> Coro<int> {
    Swallowing resource{&log};
    auto borrow = [](std::unique_ptr<int>& value) -> Coro<int> { co_return *value; };
    auto keep = [](std::unique_ptr<int> value) -> Coro<std::unique_ptr<int>> { co_return value; };
    const int borrowed = co_await async_with(resource, borrow);
    const auto kept = co_await async_with(resource, keep);
    co_return borrowed + *kept;
  };
  CHECK(run_sim(main()) == 84);
}

TEST_CASE("a body that does not want the resource is called without it") {
  Log log;
  auto main = [&log]() -> Coro<int> {
    Gate gate(log);
    co_return co_await async_with(gate, twice, 4);
  };
  CHECK(run_sim(main()) == 8);
}

TEST_CASE("a temporary resource, the body's captures and arguments live until the end") {
  Log log;
  auto main = [&log]() -> Coro<std::string> {
    auto text = std::make_shared<std::string>("captured ");
    auto body = [text](Gate&, std::string argument) -> Coro<std::string> {
      co_await hob::sleep(1s);
      co_return *text + argument;
    };
    auto scope = async_with(Gate(log), std::move(body), std::string("argument"));
    text.reset();
    co_return co_await std::move(scope);
  };
  CHECK(run_sim(main()) == "captured argument");
  CHECK(log.back() == "gate left");
}

TEST_CASE("a pointer to a member function can be the body") {
  struct Server {
    Coro<int> serve(int clients) {
      co_await hob::sleep(1s);
      co_return port + clients;
    }
    int port = 80;
  };
  Log log;
  auto main = [&log]() -> Coro<int> {
    Server server;
    co_return co_await async_with(Gate(log), &Server::serve, &server, 3);
  };
  CHECK(run_sim(main()) == 83);
}

TEST_CASE("an exception of the body goes to aexit and is rethrown") {
  Log log;
  auto main = [&log]() -> Coro<> {
    Gate gate(log);
    const auto outcome = co_await hob::as_result(async_with(gate, fail_with_value_error));
    CHECK(hob::describe(outcome.exception()) == "ValueError: body");
  };
  run_sim(main());
  CHECK(log == Log{"gate entering", "gate entered", "gate leaving: ValueError", "gate left"});
}

TEST_CASE("a body that throws before it gives something to await is a body that throws") {
  Log log;
  auto main = [&log]() -> Coro<> {
    Swallowing resource{&log};
    auto body = [](auto&) -> Coro<int> { throw std::bad_alloc(); };
    const auto outcome = co_await hob::as_result(async_with(resource, body));
    CHECK(hob::type_name(outcome.exception()) == "bad_alloc");
  };
  run_sim(main());
  CHECK(log == Log{"exit: bad_alloc"});
}

TEST_CASE("aexit that gives true swallows the exception, and async_with gives T()") {
  Log log;
  auto main = [&log]() -> Coro<> {
    Swallowing resource{&log};
    auto fail = [](auto&) -> Coro<int> { throw hob::ValueError("body"); };
    const int value = co_await async_with(resource, fail);
    CHECK(value == 0);
    co_await async_with(resource, fail_with_value_error);
    auto fail_otherwise = [](auto&) -> Coro<> { throw hob::LookupError("other"); };
    const auto outcome = co_await hob::as_result(async_with(resource, fail_otherwise));
    CHECK(hob::describe(outcome.exception()) == "LookupError: other");
  };
  run_sim(main());
  CHECK(log == Log{"exit: ValueError", "exit: ValueError", "exit: LookupError"});
}

TEST_CASE("an exception of aexit replaces the body's") {
  auto main = []() -> Coro<> {
    FailingExit resource;
    const auto failed = co_await hob::as_result(async_with(resource, fail_with_value_error));
    CHECK(hob::describe(failed.exception()) == "LookupError: exit");
    const auto passed = co_await hob::as_result(async_with(resource, twice, 1));
    CHECK(hob::describe(passed.exception()) == "LookupError: exit");
  };
  run_sim(main());
}

TEST_CASE("when aenter throws, nothing else is called") {
  Log log;
  auto main = [&log]() -> Coro<> {
    FailingEnter resource{&log};
    auto body = [&log](FailingEnter&) -> Coro<> {
      log.push_back("body");
      co_return;
    };
    const auto outcome = co_await hob::as_result(async_with(resource, body));
    CHECK(hob::describe(outcome.exception()) == "ValueError: enter");
  };
  run_sim(main());
  CHECK(log.empty());
}

TEST_CASE("a cancellation is thrown where the task is: aenter, body or aexit") {
  // When it strikes, and what is logged.
  struct Case {
    std::chrono::milliseconds at;
    Log log;
  };
  const std::vector<Case> cases = {
      {500ms, {"gate entering"}},
      {1500ms, {"gate entering", "gate entered", "gate leaving: CancelledError", "gate left"}},
      {2500ms, {"gate entering", "gate entered", "gate leaving: null"}},
  };
  for (const Case& expected : cases) {
    Log log;
    auto main = [&log, &expected]() -> Coro<> {
      auto scope = [](Log& l) -> Coro<> { co_await async_with(Gate(l), twice, 1); };
      auto task = hob::create_task(scope(log));
      co_await hob::sleep(expected.at);
      task.cancel();
      const auto outcome = co_await hob::as_result(task);
      CHECK(outcome.cancelled());
    };
    run_sim(main());
    CHECK(log == expected.log);
  }
}

TEST_CASE("aexit may swallow a cancellation, as in Python") {
  struct Shelter {
    Coro<> aenter() { co_return; }
    Coro<bool> aexit(std::exception_ptr error) { co_return error != nullptr; }
  };
  auto main = []() -> Coro<> {
    auto scope = []() -> Coro<int> {
      Shelter shelter;
      co_await async_with(shelter, sleep_long);
      co_return 1;
    };
    auto task = hob::create_task(scope());
    co_await hob::sleep(1s);
    task.cancel();
    const int value = co_await task;
    CHECK(value == 1);
    CHECK(task.cancelling() == 1);
  };
  run_sim(main());
}

TEST_CASE("an exit stack unwinds in reverse order") {
  Log log;
  auto main = [&log]() -> Coro<> {
    auto body = [&log](AsyncExitStack& stack) -> Coro<int> {
      Gate& first = *co_await stack.enter_async_context(Gate(log, "a"));
      CHECK(first.entered);
      const auto value = co_await stack.enter_async_context(Swallowing{&log});
      CHECK(*value == 42);
      stack.callback([&log](int n) { log.push_back("callback " + std::to_string(n)); }, 1);
      auto later = [&log](std::string what) -> Coro<> {
        co_await hob::sleep(1s);
        log.push_back(what);
      };
      stack.push_async_callback(later, "async callback");
      stack.push([&log](std::exception_ptr error) { log.push_back("push " + name_of(error)); });
      auto leave = [&log](std::exception_ptr error) -> Coro<> {
        log.push_back("async exit " + name_of(error));
        co_return;
      };
      stack.push_async_exit(leave);
      log.push_back("body");
      co_return 7;
    };
    const int result = co_await async_with(AsyncExitStack(), body);
    CHECK(result == 7);
  };
  run_sim(main());
  CHECK(log == Log{"a entering", "a entered", "body", "async exit null", "push null",
                   "async callback", "callback 1", "exit: null", "a leaving: null", "a left"});
}

// CPython 3.13's AsyncExitStack logs the same.
TEST_CASE(
    "in an exit stack an exception passes from exit to exit, and one may swallow or replace it") {
  Log log;
  auto main = [&log]() -> Coro<> {
    const auto note = [&log](const char* name) {
      return [&log, name](std::exception_ptr error) {
        log.push_back(std::string(name) + " " + name_of(error));
      };
    };
    auto body = [&log, &note](AsyncExitStack& stack) -> Coro<> {
      stack.push(note("outermost"));
      stack.push([&log](std::exception_ptr error) {
        log.push_back("swallow " + name_of(error));
        return true;
      });
      stack.push(note("between"));
      stack.callback([] { throw hob::LookupError("callback"); });
      stack.push(note("innermost"));
      co_await fail_with_value_error();
    };
    co_await async_with(AsyncExitStack(), body);
    log.push_back("after");
  };
  run_sim(main());
  CHECK(log == Log{"innermost ValueError", "between LookupError", "swallow LookupError",
                   "outermost null", "after"});
}

TEST_CASE("the last exception of an exit stack's unwinding is what leaves") {
  Log log;
  auto main = [&log]() -> Coro<> {
    AsyncExitStack stack;
    stack.callback([&log] { log.push_back("first in, last out"); });
    auto fail = [](std::string what) -> Coro<> {
      throw hob::LookupError(what);
      co_return;
    };
    stack.push_async_callback(fail, "second");
    stack.callback([] { throw hob::ValueError("first"); });
    const auto outcome = co_await hob::as_result(stack.aclose());
    CHECK(hob::describe(outcome.exception()) == "LookupError: second");
    co_await stack.aclose();
  };
  run_sim(main());
  CHECK(log == Log{"first in, last out"});
}

TEST_CASE("callbacks of an exit stack cannot swallow an exception") {
  auto main = []() -> Coro<> {
    auto body = [](AsyncExitStack& stack) -> Coro<> {
      stack.callback([] { return true; });
      auto yes = []() -> Coro<bool> { co_return true; };
      stack.push_async_callback(yes);
      co_await fail_with_value_error();
    };
    const auto outcome = co_await hob::as_result(async_with(AsyncExitStack(), body));
    CHECK(hob::describe(outcome.exception()) == "ValueError: body");
  };
  run_sim(main());
}

TEST_CASE("a resource whose aenter fails is not left by the exit stack") {
  Log log;
  auto main = [&log]() -> Coro<> {
    AsyncExitStack stack;
    const auto outcome = co_await hob::as_result(stack.enter_async_context(FailingEnter{&log}));
    CHECK(hob::describe(outcome.exception()) == "ValueError: enter");
    co_await stack.aclose();
  };
  run_sim(main());
  CHECK(log.empty());
}

TEST_CASE("an exit stack uses an lvalue resource by reference, and may adopt an entered one") {
  Log log;
  auto main = [&log]() -> Coro<> {
    AsyncExitStack stack;
    Gate gate(log);
    Gate* entered = co_await stack.enter_async_context(gate);
    CHECK(entered == &gate);
    Gate other(log, "other");
    stack.push_async_exit(other);
    co_await stack.aclose();
  };
  run_sim(main());
  CHECK(log == Log{"gate entering", "gate entered", "other leaving: null", "other left",
                   "gate leaving: null", "gate left"});
}

TEST_CASE("pop_all keeps the exits for later") {
  Log log;
  auto main = [&log]() -> Coro<> {
    AsyncExitStack kept;
    auto body = [&log, &kept](AsyncExitStack& stack) -> Coro<> {
      stack.callback([&log] { log.push_back("exit"); });
      kept = stack.pop_all();
      co_return;
    };
    co_await async_with(AsyncExitStack(), body);
    log.push_back("after");
    co_await kept.aclose();
  };
  run_sim(main());
  CHECK(log == Log{"after", "exit"});
}

TEST_CASE("an exit stack that is destroyed runs nothing, and frees what it holds") {
  Log log;
  auto value = std::make_shared<int>(1);
  {
    AsyncExitStack stack;
    stack.callback([&log, value] { log.push_back("exit"); });
    stack.callback([&log](const std::shared_ptr<int>&) { log.push_back("exit"); }, value);
    CHECK(value.use_count() == 3);
  }
  CHECK(value.use_count() == 1);
  CHECK(log.empty());
}

TEST_CASE("a cancellation during unwinding does not stop the other exits") {
  Log log;
  auto main = [&log]() -> Coro<> {
    auto scope = [](Log& l) -> Coro<> {
      AsyncExitStack stack;
      stack.push([&l](std::exception_ptr error) { l.push_back("last " + name_of(error)); });
      stack.push_async_callback(sleep_long);
      co_await stack.aclose();
    };
    auto task = hob::create_task(scope(log));
    co_await hob::sleep(1s);
    task.cancel();
    const auto outcome = co_await hob::as_result(task);
    CHECK(outcome.cancelled());
  };
  run_sim(main());
  CHECK(log == Log{"last CancelledError"});
}

}  // namespace async_with_tests
