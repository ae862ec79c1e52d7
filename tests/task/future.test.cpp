// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"

#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Future;
using support::run_sim;

namespace future_tests {

TEST_CASE("a future goes from pending to finished") {
  const auto main = []() -> Coro<> {
    auto future = hob::create_future<int>();
    CHECK_FALSE(future.done());
    CHECK_THROWS_AS(future.result(), hob::InvalidStateError);
    CHECK_THROWS_AS(future.exception(), hob::InvalidStateError);
    future.set_result(3);
    CHECK(future.done());
    CHECK(future.result() == 3);
    CHECK(future.exception() == nullptr);
    CHECK_THROWS_AS(future.set_result(4), hob::InvalidStateError);
    CHECK_THROWS_AS(future.set_exception(hob::ValueError("x")), hob::InvalidStateError);
    CHECK_FALSE(future.cancel());
    co_return;
  };
  run_sim(main());
}

TEST_CASE("a cancelled future throws CancelledError with the message") {
  const auto main = []() -> Coro<> {
    auto future = hob::create_future<>();
    CHECK(future.cancel("late"));
    CHECK(future.cancelled());
    CHECK_THROWS_AS(future.result(), hob::CancelledError);
    auto outcome = co_await hob::as_result(future);
    CHECK(outcome.cancelled());
    CHECK(hob::describe(outcome.exception()) == "CancelledError: late");
  };
  run_sim(main());
}

TEST_CASE("done callbacks run through the loop, in order, with the future") {
  std::string log;
  const auto main = [&log]() -> Coro<> {
    auto future = hob::create_future<int>();
    future.add_done_callback([&log](Future<int> f) { log += "a" + std::to_string(f.result()); });
    auto id = future.add_done_callback([&log](Future<int>) { log += "never"; });
    future.add_done_callback([&log](Future<int>) { log += "b"; });
    CHECK(future.remove_done_callback(id) == 1);
    CHECK(future.remove_done_callback(id) == 0);
    future.set_result(1);
    CHECK(log.empty());
    co_await hob::sleep(0s);
    CHECK(log == "a1b");
    future.add_done_callback([&log](Future<int>) { log += "c"; });
    CHECK(log == "a1b");
    co_await hob::sleep(0s);
    CHECK(log == "a1bc");
  };
  run_sim(main());
}

TEST_CASE("an exception in a done callback reaches the exception handler") {
  std::string seen;
  const auto main = [&seen]() -> Coro<> {
    hob::get_running_loop().set_exception_handler(
        [&seen](hob::EventLoop&, const hob::ExceptionContext& c) { seen = hob::describe(c.exception); });
    auto future = hob::create_future<>();
    future.add_done_callback([](Future<>) { throw hob::ValueError("in callback"); });
    future.set_result();
    co_await hob::sleep(0s);
  };
  run_sim(main());
  CHECK(seen == "ValueError: in callback");
}

TEST_CASE("an exception that nobody retrieves is reported once the future is gone") {
  std::string seen;
  const auto main = [&seen](bool look) -> Coro<> {
    hob::get_running_loop().set_exception_handler(
        [&seen](hob::EventLoop&, const hob::ExceptionContext& c) { seen += c.message; });
    auto future = hob::create_future<>();
    future.set_exception(hob::ValueError("lost"));
    if (look) CHECK(future.exception() != nullptr);
    co_return;
  };
  run_sim(main(true));
  CHECK(seen == "");
  run_sim(main(false));
  CHECK(seen == "Future exception was never retrieved");
}

TEST_CASE("awaiting an lvalue copies, awaiting the last handle moves") {
  const auto main = []() -> Coro<> {
    auto shared = hob::create_future<std::shared_ptr<int>>();
    shared.set_result(std::make_shared<int>(1));
    auto first = co_await shared;
    auto second = co_await shared;
    CHECK(first == second);
    CHECK(first.use_count() == 3);
    auto third = co_await std::move(shared);
    CHECK(third.use_count() == 3);

    auto unique = hob::create_future<std::unique_ptr<int>>();
    unique.set_result(std::make_unique<int>(5));
    auto moved = co_await std::move(unique);
    CHECK(*moved == 5);
  };
  run_sim(main());
}

TEST_CASE("awaiting a future of another loop throws RuntimeError") {
  hob::EventLoop other({.driver = hob::Driver::sim});
  auto foreign = other.create_future<>();
  const auto main = [&]() -> Coro<std::string> {
    auto outcome = co_await hob::as_result(foreign);
    co_return support::error_name(outcome);
  };
  CHECK(run_sim(main()) == "RuntimeError");
}

TEST_CASE("cancelling the waiting task cancels the future") {
  const auto main = []() -> Coro<> {
    auto future = hob::create_future<>();
    const auto wait = [](Future<> f) -> Coro<> { co_await f; };
    auto task = hob::create_task(wait, future);
    co_await hob::sleep(0s);
    task.cancel();
    CHECK(future.cancelled());
    auto outcome = co_await hob::as_result(task);
    CHECK(outcome.cancelled());
  };
  run_sim(main());
}

TEST_CASE("a future may outlive its loop") {
  Future<int> done;
  Future<int> pending;
  const auto main = [&]() -> Coro<> {
    done = hob::create_future<int>();
    pending = hob::create_future<int>();
    done.set_result(1);
    co_return;
  };
  run_sim(main());
  CHECK(done.result() == 1);
  pending.set_result(2);
  CHECK(pending.result() == 2);
}

}  // namespace future_tests
