// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"
#include "sync/turns.hpp"

#include <hob/core/error.hpp>
#include <hob/sync/semaphore.hpp>
#include <hob/task/task.hpp>

#include <doctest/doctest.h>

#include <string>

using hob::Coro;
using hob::Semaphore;
using support::run_sim;
using sync_tests::turns;
using sync_tests::Words;

namespace semaphore_tests {

Coro<> take(Semaphore& semaphore, Words& words, std::string name) {
  try {
    co_await semaphore.acquire();
    words(name);
  } catch (const hob::CancelledError&) {
    words("x" + name);
    throw;
  }
}

TEST_CASE("permits are taken without suspending while there are some") {
  const auto main = []() -> Coro<> {
    Semaphore semaphore(2);
    CHECK_FALSE(semaphore.locked());
    co_await semaphore.acquire();
    {
      auto guard = co_await semaphore.scoped();
      CHECK(semaphore.locked());
    }
    CHECK_FALSE(semaphore.locked());
    semaphore.release();
    semaphore.release();  // one more than at first
    for (int i = 0; i < 3; ++i) co_await semaphore.acquire();
    CHECK(semaphore.locked());
  };
  run_sim(main());
}

TEST_CASE("a newcomer waits behind those in line, even when there is a permit") {
  const auto main = []() -> Coro<> {
    Semaphore semaphore(0);
    Words words;
    auto a = hob::create_task(take(semaphore, words, "a"));
    co_await turns(1);
    semaphore.release();
    semaphore.release();
    CHECK(semaphore.locked());  // a is due first
    co_await semaphore.acquire();
    words("main");
    CHECK(words.take() == "a main");
  };
  run_sim(main());
}

TEST_CASE("each release wakes the first in line that is not woken or cancelled yet") {
  const auto main = []() -> Coro<> {
    Semaphore semaphore(0);
    Words words;
    auto a = hob::create_task(take(semaphore, words, "a"));
    auto b = hob::create_task(take(semaphore, words, "b"));
    auto c = hob::create_task(take(semaphore, words, "c"));
    auto d = hob::create_task(take(semaphore, words, "d"));
    co_await turns(1);
    b.cancel();
    semaphore.release();
    semaphore.release();
    co_await turns(1);
    CHECK(words.take() == "xb a c");
    semaphore.release();
    co_await d;
    CHECK(words.take() == "d");
  };
  run_sim(main());
}

TEST_CASE("a permit on its way to a cancelled task goes to the next one") {
  const auto main = []() -> Coro<> {
    Semaphore semaphore(0);
    Words words;
    auto a = hob::create_task(take(semaphore, words, "a"));
    auto b = hob::create_task(take(semaphore, words, "b"));
    co_await turns(1);
    semaphore.release();
    a.cancel();
    a.cancel();
    co_await turns(1);
    CHECK(words.take() == "xa");
    co_await turns(1);
    CHECK(words.take() == "b");
    CHECK(semaphore.locked());
  };
  run_sim(main());
}

TEST_CASE("a permit given back by the last cancelled task is there for anybody") {
  const auto main = []() -> Coro<> {
    Semaphore semaphore(0);
    Words words;
    auto a = hob::create_task(take(semaphore, words, "a"));
    co_await turns(1);
    semaphore.release();
    a.cancel();
    co_await turns(1);
    CHECK_FALSE(semaphore.locked());
    co_await semaphore.acquire();
    CHECK(words.take() == "xa");
  };
  run_sim(main());
}

TEST_CASE("a bounded semaphore refuses a release too many") {
  const auto main = []() -> Coro<> {
    hob::BoundedSemaphore semaphore(1);
    Semaphore& base = semaphore;
    CHECK_THROWS_AS(base.release(), hob::ValueError);
    co_await semaphore.acquire();
    semaphore.release();
    CHECK_THROWS_AS(semaphore.release(), hob::ValueError);
  };
  run_sim(main());
}

TEST_CASE("a semaphore cannot start below zero") {
  CHECK_THROWS_AS(Semaphore(-1), hob::ValueError);
  CHECK_THROWS_AS(hob::BoundedSemaphore(-1), hob::ValueError);
}

TEST_CASE("a crowd gets a semaphore in order and within its limit") {
  const auto main = []() -> Coro<> {
    Semaphore semaphore(3);
    int inside = 0;
    int most = 0;
    std::string order;
    const auto visit = [](Semaphore& s, int& in, int& max, std::string& log, char name) -> Coro<> {
      auto guard = co_await s.scoped();
      log += name;
      max = std::max(max, ++in);
      co_await turns(2);
      --in;
    };
    for (char name = 'a'; name <= 'j'; ++name) {
      auto task = hob::create_task(visit(semaphore, inside, most, order, name));
    }
    co_await turns(30);
    CHECK(most == 3);
    CHECK(order == "abcdefghij");
  };
  run_sim(main());
}

}  // namespace semaphore_tests
