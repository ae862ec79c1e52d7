// SPDX-License-Identifier: MIT
// AnyTask: tasks with results of different types, together.
#include "support/virtual.hpp"

#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::AnyTask;
using hob::Coro;
using support::run_sim;

namespace any_task_tests {

Coro<int> number_after(hob::Duration delay) {
  co_await hob::sleep(delay);
  co_return 1;
}
Coro<std::string> fail_after(hob::Duration delay) {
  co_await hob::sleep(delay);
  throw hob::ValueError("boom");
}

TEST_CASE("wait takes tasks with results of different types") {
  const auto main = []() -> Coro<> {
    hob::Queue<int> queue;
    hob::Event stop;
    auto got = hob::create_task(queue.get());
    auto stopped = hob::create_task(stop.wait());
    hob::get_running_loop().call_later(1s, [&stop] { stop.set(); });
    const std::vector<AnyTask> both{got, stopped};
    hob::WaitOptions options;
    options.return_when = hob::FIRST_COMPLETED;
    const auto ended = co_await hob::wait(both, options);
    REQUIRE(ended.done.size() == 1);
    CHECK(ended.done[0] == stopped);
    CHECK(ended.pending[0] == got);
    got.cancel();
    auto waiting = hob::wait({got, stopped});
    const auto all = co_await std::move(waiting);
    CHECK(all.done.size() == 2);
    CHECK(got.cancelled());
  };
  run_sim(main());
}

TEST_CASE("every task is cancelled and awaited") {
  const auto main = []() -> Coro<> {
    std::vector<AnyTask> mine;
    mine.push_back(hob::create_task(number_after(100s)));
    mine.push_back(hob::create_task(fail_after(100s)));
    co_await hob::sleep(0s);
    for (const AnyTask& task : mine) task.cancel();
    const auto ended = co_await hob::wait(mine);
    CHECK(ended.done.size() == 2);
    for (const AnyTask& task : mine) CHECK(task.cancelled());
  };
  run_sim(main());
}

TEST_CASE("awaiting one waits, and throws what its task threw") {
  const auto main = []() -> Coro<> {
    const AnyTask good = hob::create_task(number_after(1s));
    const AnyTask bad = hob::create_task(fail_after(2s));
    co_await good;
    CHECK(good.done());
    const auto failed = co_await hob::as_result(bad);
    CHECK(hob::type_name(failed.exception()) == "ValueError");
    const AnyTask slow = hob::create_task(number_after(100s));
    const auto late = co_await hob::as_result(hob::wait_for(slow, 1s));
    CHECK(hob::type_name(late.exception()) == "TimeoutError");
    CHECK(slow.cancelled());
    auto each = hob::as_completed(std::vector<AnyTask>{good, slow});
    int seen = 0;
    while (const auto task = co_await each.anext()) {
      CHECK(task->done());
      ++seen;
    }
    CHECK(seen == 2);
  };
  run_sim(main());
}

TEST_CASE("a callable's task takes options") {
  const auto main = []() -> Coro<> {
    std::string text = "captured";
    hob::TaskOptions options;
    options.name = "named";
    options.eager_start = true;
    const auto work = [text, n = 1]() -> Coro<int> {
      co_await hob::sleep(1s);
      co_return static_cast<int>(text.size()) + n;
    };
    auto task = hob::create_task(work, options);
    CHECK(task.get_name() == "named");
    const int value = co_await task;
    CHECK(value == 9);
    const auto body = [&](hob::TaskGroup& group) -> Coro<std::string> {
      auto child = group.create_task(work, options);
      co_await child;
      co_return child.get_name();
    };
    const std::string name = co_await hob::task_group(body);
    CHECK(name == "named");
  };
  run_sim(main());
}

TEST_CASE("empty handles are errors where they are used") {
  const auto main = []() -> Coro<> {
    hob::Future<int> future;
    const auto awaited = co_await hob::as_result(hob::wait_for(future, 1s));
    CHECK(hob::type_name(awaited.exception()) == "InvalidStateError");
    hob::StreamReader reader;
    const auto read = co_await hob::as_result(reader.read(1));
    CHECK(hob::type_name(read.exception()) == "RuntimeError");
    hob::StreamWriter writer;
    CHECK_THROWS_AS(writer.write("x"), hob::RuntimeError);
    const auto drained = co_await hob::as_result(writer.drain());
    CHECK(hob::type_name(drained.exception()) == "RuntimeError");
    writer.close();
  };
  run_sim(main());
}

}  // namespace any_task_tests
