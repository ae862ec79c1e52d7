// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"
#include "sync/turns.hpp"

#include <hob/core/error.hpp>
#include <hob/sync/barrier.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/task.hpp>

#include <doctest/doctest.h>

#include <string>

using hob::Barrier;
using hob::Coro;
using support::run_sim;
using sync_tests::turns;
using sync_tests::Words;

namespace barrier_tests {

Coro<> meet(Barrier& barrier, Words& words, std::string name) {
  auto outcome = co_await hob::as_result(barrier.wait());
  words(name + (outcome ? std::to_string(*outcome) : support::error_name(outcome)));
}

TEST_CASE("tasks pass together, each with its number; the last one does not wait") {
  const auto main = []() -> Coro<> {
    Barrier barrier(3);
    Words words;
    auto a = hob::create_task(meet(barrier, words, "a"));
    auto b = hob::create_task(meet(barrier, words, "b"));
    co_await turns(2);
    CHECK(barrier.n_waiting() == 2);
    CHECK(barrier.parties() == 3);
    std::size_t mine = co_await barrier.wait();
    words("main" + std::to_string(mine));
    CHECK(barrier.n_waiting() == 0);
    co_await turns(3);
    CHECK(words.take() == "main2 a0 b1");
  };
  run_sim(main());
}

TEST_CASE("a barrier of one never suspends, and one of none is an error") {
  const auto main = []() -> Coro<> {
    Barrier barrier(1);
    std::size_t first = co_await barrier.wait();
    std::size_t second = co_await barrier.wait();
    CHECK(first + second == 0);
  };
  run_sim(main());
  CHECK_THROWS_AS(Barrier(0), hob::ValueError);
  CHECK_THROWS_AS(Barrier(-1), hob::ValueError);
}

TEST_CASE("newcomers wait while a group leaves, and make the next one") {
  const auto main = []() -> Coro<> {
    Barrier barrier(2);
    Words words;
    for (const char* name : {"a", "b", "c", "d", "e"}) {
      auto task = hob::create_task(meet(barrier, words, name));
    }
    co_await turns(8);
    CHECK(words.take() == "b1 a0 d1 c0");
    CHECK(barrier.n_waiting() == 1);
    co_await barrier.wait();
    co_await turns(2);
    CHECK(words.take() == "e0");
  };
  run_sim(main());
}

TEST_CASE("abort breaks the barrier for those who wait and for all later ones") {
  const auto main = []() -> Coro<> {
    Barrier barrier(3);
    Words words;
    auto a = hob::create_task(meet(barrier, words, "a"));
    auto b = hob::create_task(meet(barrier, words, "b"));
    co_await turns(1);
    co_await barrier.abort();
    CHECK(barrier.broken());
    co_await turns(3);
    CHECK(words.take() == "aBrokenBarrierError bBrokenBarrierError");
    auto late = co_await hob::as_result(barrier.wait());
    CHECK(support::error_name(late) == "BrokenBarrierError");
    CHECK(barrier.n_waiting() == 0);
    co_await barrier.reset();
    CHECK_FALSE(barrier.broken());
  };
  run_sim(main());
}

TEST_CASE("reset throws those out who wait, and newcomers find it empty") {
  const auto main = []() -> Coro<> {
    Barrier barrier(2);
    Words words;
    auto a = hob::create_task(meet(barrier, words, "a"));
    co_await turns(1);
    co_await barrier.reset();
    auto b = hob::create_task(meet(barrier, words, "b"));
    auto c = hob::create_task(meet(barrier, words, "c"));
    co_await turns(5);
    CHECK(words.take() == "aBrokenBarrierError c1 b0");
    CHECK_FALSE(barrier.broken());
  };
  run_sim(main());
}

TEST_CASE("a cancelled task leaves the group, whose place another takes") {
  const auto main = []() -> Coro<> {
    Barrier barrier(2);
    Words words;
    auto a = hob::create_task(meet(barrier, words, "a"));
    co_await turns(1);
    a.cancel();
    co_await turns(2);
    CHECK(words.take() == "aCancelledError");
    CHECK(barrier.n_waiting() == 0);
    auto b = hob::create_task(meet(barrier, words, "b"));
    co_await turns(1);
    co_await barrier.wait();
    co_await turns(2);
    CHECK(words.take() == "b0");
  };
  run_sim(main());
}

TEST_CASE("a loop closed while tasks wait at a barrier destroys them") {
  Barrier barrier(2);
  Words words;
  hob::EventLoop loop({.driver = hob::Driver::sim});
  loop.set_exception_handler([](hob::EventLoop&, const hob::ExceptionContext&) {});
  loop.create_task(meet(barrier, words, "a"));
  loop.run_until_complete(turns(1));
  loop.close();
  CHECK(barrier.n_waiting() == 0);
}

}  // namespace barrier_tests
