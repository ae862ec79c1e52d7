// SPDX-License-Identifier: MIT
// The bug museum, room of asyncio: bugs that CPython had with cancellation.
#include <hob/hob.hpp>

#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <utility>

using namespace std::chrono_literals;
using hob::Coro;
using hob::testing::run_virtual;

namespace museum_asyncio {
namespace {

// bpo-37658 and gh-86296: the result arrives in the turn in which the time is up, and is thrown
// away. Here what a queue gave out is either received or still in the queue.
Coro<> wait_for_and_a_queue() {
  constexpr int kItems = 200;
  hob::Queue<int> queue;
  const auto produce = [](hob::Queue<int>& to) -> Coro<> {
    for (int i = 0; i < kItems; ++i) {
      co_await hob::sleep(1ms);
      to.put_nowait(i);
    }
  };
  auto producing = hob::create_task(produce, std::ref(queue));
  int expected = 0;
  while (expected < kItems) {
    const auto got = co_await hob::as_result(hob::wait_for(queue.get(), 1ms));
    if (!got) continue;  // too late, and then it is still in the queue
    CHECK(*got == expected);
    ++expected;
  }
  co_await producing;
}

// The same for a future, which keeps no result for anybody else to find.
Coro<> wait_for_and_a_future() {
  auto future = hob::create_future<int>();
  hob::get_running_loop().call_later(1ms, [&future] { future.set_result(1); });
  const auto got = co_await hob::as_result(hob::wait_for(future, 1ms));
  CHECK((got && *got == 1));
}

Coro<> wait_for_and_a_cancellation() {
  // The inner future is done and the outer task is cancelled in the same turn: the cancellation
  // must arrive.
  auto future = hob::create_future<int>();
  bool went_on = false;
  const auto wait = [&went_on](hob::Future<int> inner) -> Coro<> {
    const auto got = co_await hob::as_result(hob::wait_for(inner, 10s));
    if (got.cancelled()) got.value();
    co_await hob::sleep(1h);
    went_on = true;
  };
  auto task = hob::create_task(wait, future);
  co_await hob::sleep(0s);
  co_await hob::sleep(0s);
  future.set_result(1);
  task.cancel();
  const auto ended = co_await hob::as_result(task);
  CHECK(ended.cancelled());
  CHECK(!went_on);
}

Coro<> fail_at_once() {
  throw hob::ValueError("at once");
  co_return;
}

// The group cancels its parent because a child failed; before that arrives somebody else cancels
// the parent, too. Both must be seen: the group's as its error, the other at the next await.
Coro<> foreign_cancellation_with_our_own() {
  bool saw_group_error = false;
  bool went_on = false;
  const auto parent = [&]() -> Coro<> {
    const auto body = [](hob::TaskGroup& group) -> Coro<> {
      group.create_task(fail_at_once());
      co_await hob::sleep(1h);
    };
    const auto ended = co_await hob::as_result(hob::task_group(body));
    saw_group_error = !ended && !ended.cancelled();
    if (ended.cancelled()) ended.value();
    co_await hob::sleep(1h);
    went_on = true;
  };
  for (int turns = 0; turns < 8; ++turns) {
    auto task = hob::create_task(parent);
    for (int i = 0; i < turns; ++i) co_await hob::sleep(0s);
    task.cancel();
    const auto ended = co_await hob::as_result(hob::wait_for(hob::shield(task), 60s));
    CHECK(ended.cancelled());
    CHECK(!went_on);
  }
  CHECK(saw_group_error);
}

// An eager child fails inside create_task, before the group knows it.
Coro<> eager_child_that_fails() {
  bool body_went_on = false;
  const auto body = [&body_went_on](hob::TaskGroup& group) -> Coro<> {
    auto child = fail_at_once();
    hob::TaskOptions eagerly;
    eagerly.eager_start = true;
    group.create_task(std::move(child), eagerly);
    co_await hob::sleep(1h);
    body_went_on = true;
  };
  const auto began = hob::get_running_loop().time();
  const auto ended = co_await hob::as_result(hob::task_group(body));
  CHECK(hob::type_name(ended.exception()) == "ExceptionGroup");
  CHECK(!body_went_on);
  CHECK(hob::get_running_loop().time() - began < 1s);
  CHECK(hob::current_task()->cancelling() == 0);
}

}  // namespace

TEST_CASE("asyncio bpo-37658: wait_for loses a result that comes in time") {
  run_virtual(wait_for_and_a_queue());
  run_virtual(wait_for_and_a_future());
}
TEST_CASE("asyncio gh-86296: wait_for swallows a cancellation") {
  run_virtual(wait_for_and_a_cancellation());
}
TEST_CASE("asyncio gh-155433: TaskGroup drops a foreign cancellation with its own") {
  run_virtual(foreign_cancellation_with_our_own());
}
TEST_CASE("asyncio gh-155418: an eager child that fails aborts the group before joining it") {
  run_virtual(eager_child_that_fails());
}

}  // namespace museum_asyncio
