// SPDX-License-Identifier: MIT
// Runtime: several loops in threads of their own.
#include <hob/hob.hpp>
#include <hob/task/runtime.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Runtime;

namespace runtime_test {
namespace {

Coro<std::thread::id> which_thread() {
  co_await hob::sleep(0s);
  co_return std::this_thread::get_id();
}

Coro<> sleep_until_cancelled(std::atomic<int>* started, std::atomic<int>* cleaned) {
  ++*started;
  const auto slept = co_await hob::as_result(hob::sleep(1h));
  co_await hob::sleep(1ms);
  ++*cleaned;
  slept.value();
}

Coro<> until(std::atomic<int>& counter, int value) {
  while (counter < value) co_await hob::sleep(1ms);
}

}  // namespace

TEST_CASE("each loop has a thread of its own") {
  Runtime runtime(3);
  CHECK(runtime.size() == 3);
  const auto main = [&]() -> Coro<> {
    const auto threads = co_await runtime.each(which_thread);
    CHECK(threads.size() == 3);
    CHECK(std::set<std::thread::id>(threads.begin(), threads.end()).size() == 3);
    const auto first = co_await runtime.on(0, which_thread);
    CHECK(first == threads[0]);
    const auto third = co_await hob::on(runtime.loop(2), which_thread);
    CHECK(third == threads[2]);
    CHECK_THROWS_AS(runtime.loop(3), hob::ValueError);
  };
  hob::run(main());
}

TEST_CASE("without a number there is a loop for each processor") {
  const Runtime runtime;
  CHECK(runtime.size() == std::max(1u, std::thread::hardware_concurrency()));
}

TEST_CASE("when one of each fails the others are cancelled") {
  Runtime runtime(3);
  std::atomic<int> started{0};
  std::atomic<int> cleaned{0};
  std::atomic<int> turn{0};
  const auto one = [&]() -> Coro<> {
    if (turn++ == 1) {
      co_await until(started, 2);
      throw hob::ValueError("one failed");
    }
    co_await sleep_until_cancelled(&started, &cleaned);
  };
  const auto main = [&]() -> Coro<> {
    const auto result = co_await hob::as_result(runtime.each(one));
    CHECK(hob::type_name(result.exception()) == "ExceptionGroup");
    CHECK(cleaned == 2);
  };
  hob::run(main());
}

TEST_CASE("a cancelled each cancels all and waits") {
  Runtime runtime(2);
  std::atomic<int> started{0};
  std::atomic<int> cleaned{0};
  const auto main = [&]() -> Coro<> {
    auto all = hob::create_task(runtime.each(&sleep_until_cancelled, &started, &cleaned));
    co_await until(started, 2);
    all.cancel();
    const auto result = co_await hob::as_result(std::move(all));
    CHECK(result.cancelled());
    CHECK(cleaned == 2);
  };
  hob::run(main());
}

TEST_CASE("on_any takes the loop with the least to do") {
  Runtime runtime(2);
  std::atomic<int> started{0};
  std::atomic<int> cleaned{0};
  const auto main = [&]() -> Coro<> {
    const auto threads = co_await runtime.each(which_thread);
    std::vector<hob::Task<>> busy;
    for (int i = 0; i < 4; ++i)
      busy.push_back(hob::create_task(runtime.on_any(&sleep_until_cancelled, &started, &cleaned)));
    co_await until(started, 4);
    const auto fifth = co_await runtime.on_any(which_thread);
    CHECK(fifth == threads[0]);  // two each: the first
    busy[1].cancel();            // which is on the second
    const std::vector<hob::Task<>> second(1, busy[1]);
    co_await hob::wait(second);
    const auto sixth = co_await runtime.on_any(which_thread);
    CHECK(sixth == threads[1]);
    for (auto& task : busy) task.cancel();
    co_await hob::wait(busy);
    CHECK(cleaned == 4);
  };
  hob::run(main());
}

TEST_CASE("stop cancels what is left and waits for it") {
  std::atomic<int> started{0};
  std::atomic<int> cleaned{0};
  Runtime runtime(2);
  for (std::size_t i = 0; i < 2; ++i) {
    for (int j = 0; j < 10; ++j)
      hob::run_coroutine_threadsafe(runtime.loop(i), &sleep_until_cancelled, &started, &cleaned);
  }
  while (started < 20) std::this_thread::yield();
  runtime.stop();
  runtime.stop();
  CHECK(cleaned == 20);
  CHECK(runtime.loop(0).is_closed());
  const auto late = [&]() -> Coro<> {
    const auto result = co_await hob::as_result(runtime.on(0, which_thread));
    CHECK(hob::type_name(result.exception()) == "RuntimeError");
  };
  hob::run(late());
}

TEST_CASE("aclose lets the own loop go on") {
  std::atomic<int> started{0};
  std::atomic<int> cleaned{0};
  const auto main = [&]() -> Coro<> {
    Runtime runtime(2);
    const auto body = [&](Runtime& inside) -> Coro<> {
      hob::run_coroutine_threadsafe(inside.loop(0), &sleep_until_cancelled, &started, &cleaned);
      co_await until(started, 1);
    };
    co_await hob::async_with(runtime, body);
    CHECK(cleaned == 1);
    CHECK(runtime.loop(1).is_closed());
  };
  hob::run(main());
}

TEST_CASE("a runtime cannot be stopped from inside") {
  Runtime runtime(1);
  const auto inside = [&]() -> Coro<> {
    CHECK_THROWS_AS(runtime.stop(), hob::RuntimeError);
    co_return;
  };
  const auto main = [&]() -> Coro<> { co_await runtime.on(0, inside); };
  hob::run(main());
}

}  // namespace runtime_test
