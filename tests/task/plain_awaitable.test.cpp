// SPDX-License-Identifier: MIT
// What is a coroutine in Python and an awaiter here goes wherever a coroutine goes.
#include "support/virtual.hpp"

#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using hob::Coro;
using support::run_sim;

namespace plain_awaitable {

struct Answer {  // a user's own
  bool await_ready() const noexcept { return true; }
  void await_suspend(hob::Waiter) const noexcept {}
  std::unique_ptr<int> await_resume() const { return std::make_unique<int>(42); }
};

TEST_CASE("create_task takes sleeps, queues, events and awaiters of users") {
  const auto main = []() -> Coro<> {
    auto& loop = hob::get_running_loop();
    hob::Queue<std::string> queue;
    hob::Event event;
    hob::TaskOptions named;
    named.name = "named";
    auto sleeping = hob::create_task(hob::sleep(2s));
    auto getting = hob::create_task(queue.get());
    auto waiting = hob::create_task(event.wait(), named);
    auto answering = loop.create_task(Answer());
    auto putting = loop.create_task(queue.put("x"), named);
    CHECK(waiting.get_name() == "named");
    CHECK(putting.get_name() == "named");
    const double before = loop.time().seconds();
    co_await sleeping;
    CHECK(loop.time().seconds() - before == doctest::Approx(2));
    CHECK(getting.result() == "x");
    const std::unique_ptr<int> answer = co_await std::move(answering);
    CHECK(*answer == 42);
    CHECK(!waiting.done());
    waiting.cancel();
    co_await hob::as_result(waiting);
    CHECK(waiting.cancelled());
  };
  run_sim(main());
}

TEST_CASE("task groups take them") {
  const auto main = []() -> Coro<> {
    hob::Queue<int> queue;
    const auto body = [&queue](hob::TaskGroup& group) -> Coro<int> {
      auto got = group.create_task(queue.get());
      group.create_task(hob::sleep(1s));
      group.create_task(queue.put(7));
      co_return co_await got;
    };
    const int got = co_await hob::task_group(body);
    CHECK(got == 7);
  };
  run_sim(main());
}

TEST_CASE("run and run_until_complete take them") {
  hob::run(hob::sleep(1ms));
  const std::unique_ptr<int> answer = hob::run(Answer());
  CHECK(*answer == 42);
  hob::Runner runner;
  CHECK(*runner.run(Answer()) == 42);
  hob::EventLoop loop;
  loop.run_until_complete(hob::sleep(1ms));
  CHECK(*loop.run_until_complete(Answer()) == 42);
  auto future = loop.create_future<int>();
  future.set_result(1);
  CHECK(loop.run_until_complete(future) == 1);
  const auto value = []() -> Coro<int> { co_return 2; };
  auto task = loop.create_task(value());
  CHECK(loop.run_until_complete(task) == 2);
}

}  // namespace plain_awaitable
