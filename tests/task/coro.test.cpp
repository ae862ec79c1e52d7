// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"

#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <sstream>
#include <string>
#include <type_traits>

using namespace std::chrono_literals;
using hob::Coro;
using support::run_sim;

namespace coro_tests {

Coro<int> add_one(int n) { co_return n + 1; }
Coro<std::unique_ptr<int>> boxed(int n) { co_return std::make_unique<int>(n); }
Coro<int> failing() {
  co_await hob::sleep(0s);
  throw hob::ValueError("no");
}
Coro<> touch(bool& ran) {
  ran = true;
  co_return;
}
Coro<int> depth(int n) {
  if (n == 0) co_return 0;
  co_return 1 + co_await depth(n - 1);
}
Coro<int> many_awaits(int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += co_await add_one(0);
  co_return sum;
}

static_assert(!std::is_copy_constructible_v<Coro<int>> && !std::is_move_constructible_v<Coro<int>>);

TEST_CASE("awaiting a coroutine runs it and gives its value") {
  CHECK(run_sim(add_one(1)) == 2);
  CHECK(*run_sim(boxed(5)) == 5);
}

TEST_CASE("a coroutine that is only called runs nothing") {
  bool ran = false;
  auto coro = touch(ran);
  CHECK_FALSE(ran);
  coro.close();
  CHECK_FALSE(ran);
}

TEST_CASE("a coroutine in a variable is awaited with std::move") {
  const auto main = []() -> Coro<int> {
    auto coro = add_one(4);
    co_return co_await std::move(coro);
  };
  CHECK(run_sim(main()) == 5);
}

TEST_CASE("a coroutine can be printed and knows its name") {
  auto coro = add_one(1);
  CHECK(coro.name() == "add_one");
  std::ostringstream out;
  out << coro;
  CHECK(out.str().rfind("<coroutine object add_one at ", 0) == 0);
  coro.close();
}

TEST_CASE("an exception passes through all levels") {
  const auto middle = []() -> Coro<int> { co_return co_await failing(); };
  const auto main = [&]() -> Coro<std::string> {
    try {
      co_await middle();
    } catch (const hob::ValueError& e) {
      co_return e.what();
    }
    co_return "nothing";
  };
  CHECK(run_sim(main()) == "no");
}

TEST_CASE("deep recursion and long loops of awaits do not use up the stack") {
  CHECK(run_sim(depth(20'000)) == 20'000);
  CHECK(run_sim(many_awaits(1'000'000)) == 1'000'000);
}

TEST_CASE("as_result gives values, exceptions and cancellations without throwing") {
  const auto main = []() -> Coro<> {
    auto value = co_await hob::as_result(add_one(1));
    CHECK(value.value() == 2);
    auto error = co_await hob::as_result(failing());
    CHECK(support::error_name(error) == "ValueError");
    CHECK_FALSE(error.cancelled());
    auto task = hob::create_task(failing());
    task.cancel("why");
    auto cancelled = co_await hob::as_result(task);
    CHECK(cancelled.cancelled());
    auto slept = co_await hob::as_result(hob::sleep(1s));
    CHECK(slept.has_value());
  };
  run_sim(main());
}

TEST_CASE("an own awaiter is woken by its Waiter, and asked when the task is cancelled") {
  struct Ticket {
    hob::Waiter waiter;
    bool cancellable = true;
    int cancels = 0;
    int value = 0;
  };
  struct Awaiter {
    Ticket& ticket;
    bool await_ready() { return false; }
    void await_suspend(hob::Waiter w) { ticket.waiter = w; }
    int await_resume() { return ticket.value; }
    bool cancel() noexcept {
      ++ticket.cancels;
      return ticket.cancellable;
    }
  };
  struct Awaitable {
    Ticket& ticket;
    explicit Awaitable(Ticket& t) : ticket(t) {}
    Awaiter operator co_await() const { return Awaiter{ticket}; }
  };
  const auto use = [](Ticket& ticket) -> Coro<int> {
    Awaitable awaitable(ticket);
    co_return co_await awaitable;
  };
  const auto main = [&]() -> Coro<> {
    Ticket woken;
    auto a = hob::create_task(use, std::ref(woken));
    co_await hob::sleep(0s);
    woken.value = 7;
    woken.waiter.wake();
    int got = co_await a;
    CHECK(got == 7);

    Ticket stopped;
    auto b = hob::create_task(use, std::ref(stopped));
    co_await hob::sleep(0s);
    b.cancel();
    auto outcome = co_await hob::as_result(b);
    CHECK(outcome.cancelled());
    CHECK(stopped.cancels == 1);

    // The operation cannot be stopped: its result is delivered, the cancellation waits for the next suspension.
    Ticket late;
    late.cancellable = false;
    const auto then_sleep = [&use](Ticket& ticket, int& result) -> Coro<> {
      result = co_await use(ticket);
      co_await hob::sleep(1s);
    };
    int result = 0;
    auto c = hob::create_task(then_sleep, std::ref(late), std::ref(result));
    co_await hob::sleep(0s);
    c.cancel();
    late.value = 9;
    late.waiter.wake();
    auto end = co_await hob::as_result(c);
    CHECK(result == 9);
    CHECK(end.cancelled());
  };
  run_sim(main());
}

TEST_CASE("arguments and captures of create_task live as long as the task") {
  const auto main = []() -> Coro<> {
    auto owned = std::make_unique<std::string>("text");
    auto body = [owned = std::move(owned)](const std::string& suffix) -> Coro<std::string> {
      co_await hob::sleep(1s);
      co_return *owned + suffix;
    };
    auto task = hob::create_task(std::move(body), std::string("!"));
    std::string result = co_await task;
    CHECK(result == "text!");
  };
  run_sim(main());
}

TEST_CASE("create_task takes member functions") {
  struct Counter {
    int n = 40;
    Coro<int> add(int k) {
      co_await hob::sleep(0s);
      co_return n + k;
    }
  };
  const auto main = []() -> Coro<int> {
    Counter counter;
    co_return co_await hob::create_task(&Counter::add, &counter, 2);
  };
  CHECK(run_sim(main()) == 42);
}

}  // namespace coro_tests
