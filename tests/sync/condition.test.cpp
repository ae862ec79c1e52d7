// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"
#include "sync/turns.hpp"

#include <hob/core/error.hpp>
#include <hob/sync/condition.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/task.hpp>

#include <doctest/doctest.h>

#include <string>

using hob::Condition;
using hob::Coro;
using support::run_sim;
using sync_tests::turns;
using sync_tests::Words;

namespace condition_tests {

Coro<> await_change(Condition& condition, Words& words, std::string name) {
  auto guard = co_await condition.scoped();
  try {
    co_await condition.wait();
    words(name);
  } catch (const hob::CancelledError& error) {
    words("x" + name + error.what() + (condition.locked() ? "" : "!"));
    throw;
  }
}

TEST_CASE("wait releases the lock and has it again when notified") {
  const auto main = []() -> Coro<> {
    Condition condition;
    Words words;
    auto a = hob::create_task(await_change(condition, words, "a"));
    auto b = hob::create_task(await_change(condition, words, "b"));
    auto c = hob::create_task(await_change(condition, words, "c"));
    co_await turns(1);
    CHECK_FALSE(condition.locked());
    co_await condition.acquire();
    condition.notify(2);
    co_await turns(3);
    CHECK(words.take() == "");  // the lock is still here
    condition.release();
    co_await turns(3);
    CHECK(words.take() == "a b");
    {
      auto guard = co_await condition.scoped();
      condition.notify_all();
    }
    co_await c;
    CHECK(words.take() == "c");
    CHECK_FALSE(condition.locked());
  };
  run_sim(main());
}

TEST_CASE("wait and notify without the lock throw RuntimeError") {
  const auto main = []() -> Coro<> {
    Condition condition;
    CHECK_THROWS_AS(condition.notify(), hob::RuntimeError);
    CHECK_THROWS_AS(condition.notify_all(), hob::RuntimeError);
    std::string what;
    try {
      co_await condition.wait();
    } catch (const hob::RuntimeError& error) {
      what = error.what();
    }
    CHECK(what == "cannot wait on un-acquired lock");
  };
  run_sim(main());
}

TEST_CASE("wait_for checks at once and after each notification, with the lock held") {
  const auto main = []() -> Coro<> {
    hob::Lock lock;
    Condition condition(lock);
    int value = 0;
    const auto body = [](Condition& c, int& n) -> Coro<int> {
      auto guard = co_await c.scoped();
      const auto predicate = [&c, &n] {
        CHECK(c.locked());
        return n > 2 ? n : 0;
      };
      co_return co_await c.wait_for(predicate);
    };
    auto task = hob::create_task(body(condition, value));
    for (int i = 0; i < 3; ++i) {
      co_await turns(2);
      CHECK_FALSE(task.done());
      auto guard = co_await lock.scoped();
      ++value;
      condition.notify();
    }
    int result = co_await task;
    CHECK(result == 3);
  };
  run_sim(main());
}

TEST_CASE("a cancelled wait takes the lock back before it throws") {
  const auto main = []() -> Coro<> {
    Condition condition;
    Words words;
    auto a = hob::create_task(await_change(condition, words, "a"));
    co_await turns(1);
    co_await condition.acquire();
    a.cancel("1");
    co_await turns(3);
    CHECK_FALSE(a.done());
    a.cancel("2");
    co_await turns(1);
    a.cancel("3");
    co_await turns(1);
    CHECK_FALSE(a.done());
    condition.release();
    co_await turns(1);
    CHECK(words.take() == "xa3");  // the last one, as asyncio
    CHECK(a.cancelled());
    CHECK(a.cancelling() == 3);
    CHECK_FALSE(condition.locked());
  };
  run_sim(main());
}

TEST_CASE("a notification that a cancelled task cannot use goes to another") {
  const auto main = []() -> Coro<> {
    Condition condition;
    Words words;
    auto a = hob::create_task(await_change(condition, words, "a"));
    auto b = hob::create_task(await_change(condition, words, "b"));
    co_await turns(1);
    co_await condition.acquire();
    condition.notify();
    a.cancel();
    condition.release();
    co_await turns(3);
    CHECK(words.take() == "xa b");
  };
  run_sim(main());
}

TEST_CASE("a wait cancelled while it waits for the lock lets another have the notification") {
  const auto main = []() -> Coro<> {
    Condition condition;
    Words words;
    auto a = hob::create_task(await_change(condition, words, "a"));
    auto b = hob::create_task(await_change(condition, words, "b"));
    co_await turns(1);
    co_await condition.acquire();
    condition.notify();
    co_await turns(2);  // a waits for the lock now
    a.cancel();
    co_await turns(1);
    CHECK(words.take() == "");
    condition.release();
    co_await turns(3);
    CHECK(words.take() == "xa b");
    CHECK_FALSE(condition.locked());
  };
  run_sim(main());
}

TEST_CASE("a wait in a task that was cancelled while running throws, with the lock held") {
  const auto main = []() -> Coro<> {
    Condition condition;
    const auto body = [](Condition& c) -> Coro<std::string> {
      auto guard = co_await c.scoped();
      hob::current_task()->cancel();
      auto outcome = co_await hob::as_result(c.wait());
      co_return support::error_name(outcome) + (c.locked() ? " locked" : "");
    };
    auto task = hob::create_task(body(condition));
    auto result = co_await task;
    CHECK(result == "CancelledError locked");
    CHECK_FALSE(condition.locked());
  };
  run_sim(main());
}

TEST_CASE("a predicate's exception leaves wait_for, with the lock held") {
  const auto main = []() -> Coro<> {
    Condition condition;
    auto guard = co_await condition.scoped();
    const auto predicate = []() -> bool { throw hob::ValueError("no"); };
    auto outcome = co_await hob::as_result(condition.wait_for(predicate));
    CHECK(support::error_name(outcome) == "ValueError");
    CHECK(condition.locked());
  };
  run_sim(main());
}

TEST_CASE("a loop closed in the middle of a wait destroys the guard of a lock not held") {
  Condition condition;
  Words words;
  hob::EventLoop loop({.driver = hob::Driver::sim});
  loop.set_exception_handler([](hob::EventLoop&, const hob::ExceptionContext&) {});
  loop.create_task(await_change(condition, words, "a"));
  loop.run_until_complete(turns(1));
  loop.close();
  CHECK(words.take() == "");
  CHECK_FALSE(condition.locked());
}

}  // namespace condition_tests
