// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"

#include <hob/core/context.hpp>
#include <hob/core/error.hpp>
#include <hob/task/future.hpp>
#include <hob/task/run.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/task.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace context_tests {

using namespace std::chrono_literals;
using hob::Context;
using hob::ContextVar;
using hob::Coro;
using support::run_sim;

ContextVar<int> number("number");
ContextVar<std::string> word("word", "default");

Coro<int> read_number() { co_return number.get(-1); }

// In a fresh context, so that no test sees another's values.
template <class F>
void isolated(F&& fn) {
  Context context;
  context.run(std::forward<F>(fn));
}

TEST_CASE("a variable without value and default throws LookupError that names it") {
  isolated([] {
    CHECK_THROWS_WITH_AS(number.get(), "number", hob::LookupError);
    CHECK(number.get(5) == 5);
    CHECK(word.get() == "default");
    CHECK(word.get("fallback") == "fallback");
    CHECK(std::string(word.name()) == "word");
  });
}

TEST_CASE("set gives a token that restores the value before") {
  isolated([] {
    auto first = number.set(1);
    CHECK(number.get() == 1);
    auto second = number.set(2);
    CHECK(number.get() == 2);
    number.reset(second);
    CHECK(number.get() == 1);
    number.reset(first);
    CHECK_THROWS_AS(number.get(), hob::LookupError);
  });
}

TEST_CASE("tokens may be used out of order, each once") {
  isolated([] {
    auto first = number.set(1);
    auto second = number.set(2);
    number.reset(first);
    CHECK(number.get(0) == 0);
    number.reset(second);
    CHECK(number.get() == 1);
    CHECK_THROWS_AS(number.reset(first), hob::RuntimeError);
    CHECK(number.get() == 1);
  });
}

TEST_CASE("a token works only in the context that it was made in") {
  isolated([] {
    auto token = number.set(1);
    hob::copy_context().run([&token] {
      CHECK_THROWS_AS(number.reset(token), hob::ValueError);
      CHECK(number.get() == 1);
    });
    number.reset(token);
    CHECK(number.get(0) == 0);
  });
}

TEST_CASE("variables are independent of each other") {
  isolated([] {
    number.set(1);
    word.set("one");
    auto token = number.set(2);
    word.set("two");
    number.reset(token);
    CHECK(number.get() == 1);
    CHECK(word.get() == "two");
  });
}

TEST_CASE("a copy of the context changes apart from it") {
  isolated([] {
    number.set(1);
    Context copy = hob::copy_context();
    number.set(2);
    copy.run([] {
      CHECK(number.get() == 1);
      number.set(3);
    });
    CHECK(number.get() == 2);
    Context second = copy.copy();
    CHECK_FALSE(second == copy);
    second.run([] { number.set(4); });
    CHECK(copy.run([] { return number.get(); }) == 3);
  });
}

TEST_CASE("run keeps what it sets, passes arguments and results on") {
  isolated([] {
    Context context;
    const int sum = context.run(
        [](int a, std::unique_ptr<int> b) {
          number.set(a + *b);
          return number.get();
        },
        1, std::make_unique<int>(2));
    CHECK(sum == 3);
    CHECK(number.get(0) == 0);
    CHECK(context.run([] { return number.get(); }) == 3);
  });
}

TEST_CASE("run leaves the context when the function throws") {
  isolated([] {
    Context context;
    auto fail = [] {
      number.set(1);
      throw hob::ValueError("inside");
    };
    CHECK_THROWS_AS(context.run(fail), hob::ValueError);
    CHECK(number.get(0) == 0);
    CHECK(context.run([] { return number.get(); }) == 1);
  });
}

TEST_CASE("a context that is entered cannot be entered again") {
  Context context;
  auto twice = [&context] { context.run([] {}); };
  CHECK_THROWS_AS(context.run(twice), hob::RuntimeError);
  CHECK(context.run([] { return 1; }) == 1);
}

TEST_CASE("each thread begins with an empty context") {
  isolated([] {
    number.set(1);
    int seen = 0;
    std::thread([&seen] { seen = number.get(-1); }).join();
    CHECK(seen == -1);
  });
}

TEST_CASE("values live as long as a context that holds them") {
  static ContextVar<std::shared_ptr<int>> pointer("pointer");
  auto value = std::make_shared<int>(1);
  {
    Context context;
    context.run([&value] { pointer.set(value); });
    Context copy = context.copy();
    CHECK(value.use_count() == 2);
    context.run([] { pointer.set(nullptr); });
    CHECK(value.use_count() == 2);
  }
  CHECK(value.use_count() == 1);
}

TEST_CASE("a task runs in a copy of the context of its creation") {
  auto main = []() -> Coro<> {
    number.set(1);
    auto child = []() -> Coro<int> {
      const int inherited = number.get();
      number.set(10);
      co_await hob::sleep(1s);
      co_return inherited + number.get();
    };
    auto task = hob::create_task(child());
    number.set(2);
    const int seen = co_await task;
    CHECK(seen == 11);
    CHECK(number.get() == 2);
  };
  run_sim(main());
}

TEST_CASE("a coroutine that is awaited in place shares the context of its task") {
  auto main = []() -> Coro<> {
    auto child = []() -> Coro<> {
      number.set(5);
      co_return;
    };
    co_await child();
    CHECK(number.get() == 5);
  };
  run_sim(main());
}

TEST_CASE("a task may be given its context, and has it across suspensions") {
  auto main = []() -> Coro<> {
    Context context;
    context.run([] { number.set(7); });
    hob::TaskOptions options;
    options.context = &context;
    auto child = []() -> Coro<int> {
      co_await hob::sleep(1s);
      number.set(number.get() + 1);
      co_return number.get();
    };
    auto task = hob::create_task(child(), options);
    CHECK(task.get_context() == context);
    const int seen = co_await task;
    CHECK(seen == 8);
    CHECK(context.run([] { return number.get(); }) == 8);
    CHECK(number.get(0) == 0);
  };
  run_sim(main());
}

TEST_CASE("an eager task has its own context from the first step") {
  auto main = []() -> Coro<> {
    number.set(1);
    hob::TaskOptions options;
    options.eager_start = true;
    auto child = []() -> Coro<int> {
      number.set(2);
      co_return number.get();
    };
    auto task = hob::create_task(child(), options);
    CHECK(task.done());
    CHECK(number.get() == 1);
    const int seen = co_await task;
    CHECK(seen == 2);
  };
  run_sim(main());
}

TEST_CASE("callbacks run in a copy of the context of their registration") {
  auto main = []() -> Coro<> {
    std::vector<int> seen;
    auto note = [&seen] {
      seen.push_back(number.get());
      number.set(100);
    };
    hob::EventLoop& loop = hob::get_running_loop();
    auto future = hob::create_future();
    number.set(1);
    loop.call_soon(note);
    number.set(2);
    loop.call_later(1s, note);
    number.set(3);
    future.add_done_callback([note](const hob::Future<>&) { note(); });
    number.set(4);
    loop.call_soon_threadsafe(note);
    number.set(5);
    future.set_result();
    co_await hob::sleep(2s);
    CHECK(seen == std::vector{1, 3, 4, 2});
    CHECK(number.get() == 5);
  };
  run_sim(main());
}

TEST_CASE("callbacks that share a context see each other's changes") {
  auto main = []() -> Coro<> {
    std::vector<int> seen;
    Context context;
    auto step = [&seen] {
      seen.push_back(number.get(0));
      number.set(static_cast<int>(seen.size()));
    };
    hob::EventLoop& loop = hob::get_running_loop();
    loop.call_soon(context, step);
    loop.call_soon(context, step);
    auto future = hob::create_future();
    future.add_done_callback([step](const hob::Future<>&) { step(); }, context);
    future.set_result();
    co_await hob::sleep(1s);
    CHECK(seen == std::vector{0, 1, 2});
    CHECK(number.get(-1) == -1);
  };
  run_sim(main());
}

TEST_CASE("run gives the main coroutine a copy of the caller's context") {
  isolated([] {
    number.set(3);
    auto main = []() -> Coro<int> {
      number.set(number.get() + 1);
      co_return co_await read_number();
    };
    CHECK(run_sim(main()) == 4);
    CHECK(number.get() == 3);
  });
}

TEST_CASE("the runs of one Runner share a context") {
  isolated([] {
    hob::Runner runner({.driver = hob::Driver::sim});
    auto set = []() -> Coro<> {
      number.set(6);
      co_return;
    };
    runner.run(set());
    CHECK(runner.run(read_number()) == 6);
    CHECK(number.get(0) == 0);
  });
}

}  // namespace context_tests
