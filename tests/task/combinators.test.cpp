// SPDX-License-Identifier: MIT
// gather, wait, as_completed, shield: what C++ adds to asyncio's rules. The rules themselves are compared with
// CPython in tests/conformance.
#include "support/virtual.hpp"

#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Task;
using support::now;
using support::run_sim;

namespace combinator_tests {

Coro<int> after(hob::Duration delay, int n) {
  co_await hob::sleep(delay);
  co_return n;
}
Coro<> nothing() { co_await hob::sleep(1s); }
Coro<std::unique_ptr<int>> boxed(int n) {
  co_await hob::sleep(1s);
  co_return std::make_unique<int>(n);
}
Coro<int> failing(hob::Duration delay) {
  co_await hob::sleep(delay);
  throw hob::ValueError("boom");
}

TEST_CASE("gather gives a tuple in the order of its arguments") {
  const auto main = []() -> Coro<> {
    auto [slow, none, fast] = co_await hob::gather(after(3s, 1), nothing(), after(1s, 2));
    CHECK(slow == 1);
    CHECK(none == hob::None{});
    CHECK(fast == 2);
    CHECK(now() == 3);
    co_await hob::gather(nothing(), nothing());
    co_await hob::gather();
    auto [p, q] = co_await hob::gather(boxed(1), boxed(2));
    CHECK(*p + *q == 3);
  };
  run_sim(main());
}

TEST_CASE("gather of a vector gives a vector, of void tasks nothing") {
  const auto main = []() -> Coro<> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 4; ++i) tasks.push_back(hob::create_task(after(1s, i)));
    std::vector<int> got = co_await hob::gather(tasks);
    CHECK(got == std::vector<int>{0, 1, 2, 3});
    std::vector<Task<>> voids;
    voids.push_back(hob::create_task(nothing()));
    static_assert(std::is_same_v<decltype(hob::gather(voids)), hob::Future<>>);
    co_await hob::gather(voids);
    std::vector<int> empty = co_await hob::gather(std::vector<Task<int>>{});
    CHECK(empty.empty());
  };
  run_sim(main());
}

TEST_CASE("gather throws the first exception, the others go on") {
  const auto main = []() -> Coro<> {
    auto slow = hob::create_task(after(3s, 1));
    auto outcome = co_await hob::as_result(hob::gather(slow, failing(1s), failing(2s)));
    CHECK(support::error_name(outcome) == "ValueError");
    CHECK(now() == 1);
    int one = co_await slow;
    CHECK(one == 1);
    auto [a, b, c] = co_await hob::gather(hob::return_exceptions, after(1s, 1), failing(1s), nothing());
    CHECK(a.value() == 1);
    CHECK(support::error_name(b) == "ValueError");
    CHECK(c.has_value());
  };
  run_sim(main());
}

TEST_CASE("a gather ends in the turn of the child that was the last to end") {
  const auto main = []() -> Coro<> {
    std::string order;
    auto& loop = hob::get_running_loop();
    const auto post = [&loop, &order](char now, char next) {
      loop.call_soon([&loop, &order, now, next] {
        order += now;
        loop.call_soon([&order, next] { order += next; });
      });
    };
    const std::vector<hob::Future<int>> three = {
        hob::create_future<int>(), hob::create_future<int>(), hob::create_future<int>()};
    auto all = hob::gather(hob::return_exceptions, three);
    const auto note = [&order](const auto&) { order += 'g'; };
    all.add_done_callback(note);
    three[2].set_result(3);
    three[0].set_exception(hob::ValueError("expected"));
    post('1', 'a');
    three[1].set_result(2);
    post('2', 'b');
    auto results = co_await all;
    CHECK(order == "12ag");
    CHECK(results[1].value() == 2);
    CHECK(results[2].value() == 3);
    CHECK(support::error_name(results[0]) == "ValueError");
    co_await hob::sleep(0s);
    CHECK(order == "12agb");
  };
  run_sim(main());
}

TEST_CASE("cancelling a gather cancels its children and waits for them") {
  const auto main = []() -> Coro<> {
    auto a = hob::create_task(after(3s, 1));
    auto b = hob::create_task(after(3s, 2));
    auto both = hob::gather(a, b);
    co_await hob::sleep(1s);
    CHECK(both.cancel());
    auto outcome = co_await hob::as_result(both);
    CHECK(outcome.cancelled());
    CHECK(a.cancelled());
    CHECK(b.cancelled());
    CHECK(now() == 1);
  };
  run_sim(main());
}

TEST_CASE("a gather keeps nothing alive: a future that is dropped never completes it") {
  const auto main = []() -> Coro<> {
    auto future = hob::create_future<int>();
    auto both = hob::gather(future, after(1s, 1));
    future = {};
    co_await hob::sleep(2s);
    CHECK_FALSE(both.done());
  };
  run_sim(main());
}

TEST_CASE("wait returns at its time-out, at the first, at the first exception, or at the end") {
  const auto main = []() -> Coro<> {
    std::vector<Task<int>> tasks;
    tasks.push_back(hob::create_task(after(1s, 0)));
    tasks.push_back(hob::create_task(failing(2s)));
    tasks.push_back(hob::create_task(after(3s, 0)));
    tasks.push_back(tasks.front());
    auto timed = co_await hob::wait(tasks, {.timeout = 500ms});
    CHECK(timed.done.empty());
    CHECK(timed.pending.size() == 3);
    auto first = co_await hob::wait(tasks, {.return_when = hob::FIRST_COMPLETED});
    CHECK(first.done.size() == 1);
    auto error = co_await hob::wait(tasks, {.return_when = hob::FIRST_EXCEPTION});
    CHECK(error.done.size() == 2);
    auto all = co_await hob::wait(tasks);
    CHECK(all.done.size() == 3);
    CHECK(all.done[0] == tasks[0]);
    auto none = co_await hob::as_result(hob::wait(std::vector<Task<int>>{}));
    CHECK(support::error_name(none) == "ValueError");
    CHECK(tasks[1].exception() != nullptr);
  };
  run_sim(main());
}

TEST_CASE("as_completed gives tasks as they end, and TimeoutError when time is up") {
  const auto main = []() -> Coro<> {
    std::vector<Task<int>> tasks;
    for (int i = 3; i > 0; --i) tasks.push_back(hob::create_task(after(std::chrono::seconds(i), i)));
    auto completed = hob::as_completed(tasks, {.timeout = 2500ms});
    std::vector<int> order;
    std::string error;
    try {
      while (auto task = co_await completed.anext()) order.push_back(task->result());
    } catch (const hob::TimeoutError&) {
      error = "timeout";
    }
    CHECK(order == std::vector<int>{1, 2});
    CHECK(error == "timeout");
    auto end = co_await completed.anext();
    CHECK_FALSE(end.has_value());
  };
  run_sim(main());
}

TEST_CASE("shield keeps the inner task running") {
  const auto main = []() -> Coro<> {
    auto inner = hob::create_task(after(2s, 5));
    const auto waits = [](Task<int> t) -> Coro<int> { co_return co_await hob::shield(t); };
    auto outer = hob::create_task(waits, inner);
    co_await hob::sleep(1s);
    outer.cancel();
    auto outcome = co_await hob::as_result(outer);
    CHECK(outcome.cancelled());
    int five = co_await inner;
    CHECK(five == 5);
    int again = co_await hob::shield(inner);
    CHECK(again == 5);
    auto pointer = co_await hob::shield(boxed(4));
    CHECK(*pointer == 4);
  };
  run_sim(main());
}

TEST_CASE("a failure behind a cancelled shield reaches the exception handler") {
  std::string seen;
  const auto main = [&seen]() -> Coro<> {
    hob::get_running_loop().set_exception_handler(
        [&seen](hob::EventLoop&, const hob::ExceptionContext& c) { seen = c.message; });
    auto outer = hob::shield(failing(1s));
    co_await hob::sleep(0s);
    outer.cancel();
    co_await hob::sleep(2s);
  };
  run_sim(main());
  CHECK(seen == "ValueError exception in shielded future");
}

TEST_CASE("any awaitable may be gathered, waited for and shielded") {
  struct Own {
    hob::Future<int> future;
    explicit Own(hob::Future<int> f) : future(std::move(f)) {}
    auto operator co_await() const { return future.operator co_await(); }
  };
  const auto main = []() -> Coro<> {
    auto future = hob::create_future<int>();
    hob::get_running_loop().call_later(1s, [future] { future.set_result(8); });
    Own own(future);
    auto [a, b] = co_await hob::gather(own, hob::sleep(1s, std::string("x")));
    CHECK(a == 8);
    CHECK(b == "x");
    int c = co_await hob::wait_for(own, 5s);
    CHECK(c == 8);
  };
  run_sim(main());
}

}  // namespace combinator_tests
