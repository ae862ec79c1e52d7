// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"
#include "sync/turns.hpp"

#include <hob/core/error.hpp>
#include <hob/sync/lock.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/call_graph.hpp>
#include <hob/task/task.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using hob::Coro;
using hob::Lock;
using support::run_sim;
using sync_tests::turns;
using sync_tests::Words;

namespace lock_tests {

Coro<> hold(Lock& lock, Words& words, std::string name, int turns_held) {
  try {
    auto guard = co_await lock.scoped();
    words("+" + name);
    co_await turns(turns_held);
    words("-" + name);
  } catch (const hob::CancelledError&) {
    words("x" + name);
    throw;
  }
}

TEST_CASE("a free lock is taken without suspending") {
  const auto main = []() -> Coro<> {
    Lock lock;
    Words words;
    auto other = hob::create_task(turns(1));
    co_await lock.acquire();
    CHECK(lock.locked());
    CHECK_FALSE(other.done());
    lock.release();
    CHECK_FALSE(lock.locked());
    {
      auto guard = co_await lock.scoped();
    }
    CHECK_FALSE(lock.locked());
    co_await other;
  };
  run_sim(main());
}

TEST_CASE("tasks get the lock in order of arrival") {
  const auto main = []() -> Coro<> {
    Lock lock;
    Words words;
    auto a = hob::create_task(hold(lock, words, "a", 1));
    auto b = hob::create_task(hold(lock, words, "b", 1));
    auto c = hob::create_task(hold(lock, words, "c", 0));
    co_await turns(10);
    CHECK(words.take() == "+a -a +b -b +c -c");
  };
  run_sim(main());
}

TEST_CASE("a released lock belongs to the first in line: nobody jumps in") {
  const auto main = []() -> Coro<> {
    Lock lock;
    Words words;
    co_await lock.acquire();
    auto first = hob::create_task(hold(lock, words, "first", 0));
    co_await turns(1);
    lock.release();
    CHECK_FALSE(lock.locked());  // until the first one runs
    co_await lock.acquire();
    words("main");
    lock.release();
    CHECK(words.take() == "+first -first main");
  };
  run_sim(main());
}

TEST_CASE("release of an unlocked lock throws RuntimeError") {
  Lock lock;
  CHECK_THROWS_AS(lock.release(), hob::RuntimeError);
}

TEST_CASE("a waiter cancelled in line leaves it, and the others keep their order") {
  const auto main = []() -> Coro<> {
    Lock lock;
    Words words;
    co_await lock.acquire();
    auto a = hob::create_task(hold(lock, words, "a", 0));
    auto b = hob::create_task(hold(lock, words, "b", 0));
    auto c = hob::create_task(hold(lock, words, "c", 0));
    co_await turns(1);
    CHECK(b.cancel());
    co_await turns(1);
    CHECK(words.take() == "xb");
    CHECK(b.cancelled());
    lock.release();
    co_await turns(5);
    CHECK(words.take() == "+a -a +c -c");
  };
  run_sim(main());
}

TEST_CASE("a waiter cancelled after it was woken passes the lock on, when its step runs") {
  const auto main = []() -> Coro<> {
    Lock lock;
    Words words;
    co_await lock.acquire();
    auto a = hob::create_task(hold(lock, words, "a", 0));
    auto b = hob::create_task(hold(lock, words, "b", 0));
    co_await turns(1);
    lock.release();
    CHECK(a.cancel("late"));
    CHECK(a.cancel("twice"));
    co_await turns(1);
    CHECK(words.take() == "xa");  // b is woken by that step, for the next turn
    co_await turns(1);
    CHECK(words.take() == "+b -b");
    CHECK(a.cancelled());
    CHECK(a.cancelling() == 2);
  };
  run_sim(main());
}

TEST_CASE("a release that finds a cancelled waiter at the head leaves the wake-up to it") {
  const auto main = []() -> Coro<> {
    Lock lock;
    Words words;
    co_await lock.acquire();
    auto a = hob::create_task(hold(lock, words, "a", 0));
    auto b = hob::create_task(hold(lock, words, "b", 0));
    co_await turns(1);
    a.cancel();
    lock.release();
    co_await turns(1);
    CHECK(words.take() == "xa");
    co_await turns(1);
    CHECK(words.take() == "+b -b");
  };
  run_sim(main());
}

TEST_CASE("when everybody in line is cancelled a newcomer takes the lock at once") {
  const auto main = []() -> Coro<> {
    Lock lock;
    Words words;
    co_await lock.acquire();
    auto a = hob::create_task(hold(lock, words, "a", 0));
    co_await turns(1);
    a.cancel();
    lock.release();
    co_await lock.acquire();
    words("main");
    co_await turns(2);
    CHECK(words.take() == "main xa");
    CHECK(lock.locked());
    lock.release();
  };
  run_sim(main());
}

TEST_CASE(
    "a cancellation of the running task is delivered where it has to wait, not where it need not") {
  const auto main = []() -> Coro<> {
    Lock lock;
    const auto body = [](Lock& l) -> Coro<std::string> {
      hob::current_task()->cancel("now");
      co_await l.acquire();
      auto second = co_await hob::as_result(l.acquire());
      co_return support::error_name(second) + (l.locked() ? " locked" : "");
    };
    auto task = hob::create_task(body(lock));
    auto result = co_await task;
    CHECK(result == "CancelledError locked");
  };
  run_sim(main());
}

TEST_CASE("a guard can be released early and moved") {
  const auto main = []() -> Coro<> {
    Lock lock;
    auto guard = co_await lock.scoped();
    auto other = std::move(guard);
    CHECK(lock.locked());
    other.release();
    CHECK_FALSE(lock.locked());
    other.release();
  };
  run_sim(main());
}

TEST_CASE("a lock that was waited for in one loop throws RuntimeError in another") {
  Lock lock;
  const auto contend = [](Lock& l) -> Coro<std::string> {
    co_await l.acquire();
    const auto wait = [](Lock& inner) -> Coro<> { auto guard = co_await inner.scoped(); };
    auto task = hob::create_task(wait(l));
    co_await turns(1);
    l.release();
    auto outcome = co_await hob::as_result(task);
    co_return support::error_name(outcome);
  };
  CHECK(run_sim(contend(lock)) == "");
  CHECK(run_sim(contend(lock)) == "RuntimeError");
}

TEST_CASE("a waiting task says what it waits for") {
  const auto main = []() -> Coro<> {
    Lock lock;
    Words words;
    co_await lock.acquire();
    auto task = hob::create_task(hold(lock, words, "a", 0));
    co_await turns(1);
    CHECK(hob::capture_call_graph(task).waiting_for == "Lock.acquire");
    lock.release();
    co_await task;
  };
  run_sim(main());
}

TEST_CASE("a loop that is closed destroys waiting tasks, before or after the lock") {
  for (const bool lock_first : {false, true}) {
    CAPTURE(lock_first);
    auto lock = std::make_unique<Lock>();
    Words words;
    auto loop = std::make_unique<hob::EventLoop>(hob::LoopOptions{.driver = hob::Driver::sim});
    loop->set_exception_handler([](hob::EventLoop&, const hob::ExceptionContext&) {});
    loop->create_task(hold(*lock, words, "a", 1000));
    loop->create_task(hold(*lock, words, "b", 0));
    loop->run_until_complete(turns(2));
    if (lock_first) {
      // The guard of `a` is gone with its frame before the lock goes.
      loop->close();
      lock.reset();
    }
    loop.reset();
    CHECK(words.take() == "+a");
  }
}

}  // namespace lock_tests
