// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"

#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;
using hob::Coro;
using support::now;
using support::run_sim;

namespace timeout_tests {

Coro<int> after(hob::Duration delay, int n) {
  co_await hob::sleep(delay);
  co_return n;
}

TEST_CASE("wait_for gives the result in time, TimeoutError after it") {
  const auto main = []() -> Coro<> {
    int two = co_await hob::wait_for(after(1s, 2), 2s);
    CHECK(two == 2);
    auto task = hob::create_task(after(5s, 1));
    auto outcome = co_await hob::as_result(hob::wait_for(task, 1s));
    CHECK(support::error_name(outcome) == "TimeoutError");
    CHECK(task.cancelled());
    CHECK(now() == 2);
    int three = co_await hob::wait_for(after(1s, 3), hob::Duration::forever());
    CHECK(three == 3);
  };
  run_sim(main());
}

TEST_CASE("wait_for with no time does not start a coroutine, but takes a result that is there") {
  bool started = false;
  const auto main = [&started]() -> Coro<> {
    const auto body = [&started]() -> Coro<int> {
      started = true;
      co_return 1;
    };
    auto coro = body();
    auto outcome = co_await hob::as_result(hob::wait_for(std::move(coro), 0s));
    CHECK(support::error_name(outcome) == "TimeoutError");
    CHECK_FALSE(started);
    auto done = hob::create_task(after(0s, 4));
    co_await hob::sleep(1s);
    int four = co_await hob::wait_for(done, -1s);
    CHECK(four == 4);
  };
  run_sim(main());
}

TEST_CASE("wait_for keeps a result that is ready in the turn of its deadline") {
  const auto main = []() -> Coro<int> {
    auto future = hob::create_future<int>();
    hob::get_running_loop().call_later(1s, [future] { future.set_result(6); });
    co_return co_await hob::wait_for(future, 1s);
  };
  CHECK(run_sim(main()) == 6);
}

TEST_CASE("timeout gives the body's value and can be rescheduled from inside") {
  const auto main = []() -> Coro<> {
    const auto body = [](hob::Timeout& limit, int n) -> Coro<int> {
      limit.reschedule(limit.when() + 10s);
      co_await hob::sleep(5s);
      CHECK_FALSE(limit.expired());
      co_return n;
    };
    int n = co_await hob::timeout(1s, body, 9);
    CHECK(n == 9);
    const auto past = [](hob::Timeout& limit) -> Coro<> {
      limit.reschedule(0s);
      co_await hob::sleep(5s);
    };
    auto outcome = co_await hob::as_result(hob::timeout(100s, past));
    CHECK(support::error_name(outcome) == "TimeoutError");
    CHECK(now() == 5);
  };
  run_sim(main());
}

TEST_CASE("of nested timeouts the one that expired converts") {
  const auto main = []() -> Coro<> {
    const auto inner = []() -> Coro<> { co_await hob::timeout(10s, after, 100s, 1); };
    auto outcome = co_await hob::as_result(hob::timeout(1s, inner));
    CHECK(support::error_name(outcome) == "TimeoutError");
    const auto outer = []() -> Coro<std::string> {
      auto r = co_await hob::as_result(hob::timeout(1s, after, 100s, 1));
      co_return support::error_name(r);
    };
    std::string name = co_await hob::timeout(10s, outer);
    CHECK(name == "TimeoutError");
  };
  run_sim(main());
}

TEST_CASE("a cancellation from outside beats the timeout's") {
  const auto main = []() -> Coro<> {
    const auto body = []() -> Coro<> { co_await hob::timeout(1s, after, 100s, 1); };
    auto task = hob::create_task(body);
    hob::get_running_loop().call_later(1s, [task] { task.cancel("outside"); });
    auto outcome = co_await hob::as_result(task);
    CHECK(outcome.cancelled());
  };
  run_sim(main());
}

TEST_CASE("a body that fails for another reason keeps its exception") {
  const auto main = []() -> Coro<> {
    const auto body = []() -> Coro<> {
      try {
        co_await hob::sleep(10s);
      } catch (const hob::CancelledError&) {
        throw hob::ValueError("cleanup failed");
      }
    };
    auto outcome = co_await hob::as_result(hob::timeout(1s, body));
    CHECK(support::error_name(outcome) == "ValueError");
    CHECK(hob::current_task()->cancelling() == 0);
  };
  run_sim(main());
}

TEST_CASE("timeout_at takes a time on the loop's clock") {
  const auto main = []() -> Coro<> {
    co_await hob::sleep(3s);
    const auto body = []() -> Coro<> { co_await hob::sleep(10s); };
    auto outcome = co_await hob::as_result(hob::timeout_at(5s, body));
    CHECK(support::error_name(outcome) == "TimeoutError");
    CHECK(now() == 5);
  };
  run_sim(main());
}

TEST_CASE("callees can read the nearest deadline, children inherit it") {
  const auto main = []() -> Coro<> {
    CHECK(hob::Deadline::current().when().is_forever());
    CHECK_FALSE(hob::Deadline::current().expired());
    const auto child = []() -> Coro<hob::Duration> { co_return hob::Deadline::current().when(); };
    const auto inner = [&](hob::Timeout& limit) -> Coro<> {
      CHECK(hob::Deadline::current().remaining() == 5s);
      limit.reschedule(100s);
      CHECK(hob::Deadline::current().when() == 10s);
      hob::Duration inherited = co_await hob::create_task(child);
      CHECK(inherited == 10s);
    };
    const auto outer = [&]() -> Coro<> {
      co_await hob::timeout(5s, inner);
      CHECK(hob::Deadline::current().when() == 10s);
      co_await hob::sleep(3s);
      CHECK(hob::Deadline::current().remaining() == 7s);
    };
    co_await hob::timeout(10s, outer);
    CHECK(hob::Deadline::current().when().is_forever());
  };
  run_sim(main());
}

TEST_CASE("a delay that is no number throws ValueError") {
  CHECK_THROWS_AS(static_cast<void>(hob::sleep(std::chrono::duration<double>(0.0 / 0.0))),
                  hob::ValueError);
}

}  // namespace timeout_tests
