// SPDX-License-Identifier: MIT
#include <hob/hob.hpp>
#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::testing::cancel_everywhere;

namespace cancel_everywhere_test {
namespace {

hob::Coro<int> slow(int n) {
  co_await hob::sleep(1s);
  co_await hob::sleep(0s);
  co_return n;
}
hob::Coro<> plain() {
  const int one = co_await slow(1);
  co_await hob::sleep(hob::Duration(std::chrono::seconds(one)));
}
hob::Coro<> gathering() {
  auto both = hob::gather(slow(1), slow(2));
  co_await both;
}
hob::Coro<> grouping() {
  const auto body = [](hob::TaskGroup& group) -> hob::Coro<> {
    group.create_task(slow, 1);
    group.create_task(slow, 2);
    co_await hob::sleep(500ms);
  };
  co_await hob::task_group(body);
}
hob::Coro<> timing() {
  co_await hob::wait_for(slow(1), 5s);
  const auto limited = co_await hob::as_result(hob::wait_for(slow(1), 500ms));
  if (limited.cancelled()) limited.value();
}
hob::Coro<> leaving_a_task() {
  hob::create_task(slow(1));
  co_await hob::sleep(1ms);
}

template <class Scenario>
std::string failure_of(Scenario scenario, const hob::testing::CancelOptions& options = {}) {
  try {
    cancel_everywhere(scenario, options);
  } catch (const hob::testing::CancelFailure& failure) {
    return failure.what();
  }
  return "";
}
bool has(const std::string& text, const char* part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found) MESSAGE(text);
  return found;
}

}  // namespace

TEST_CASE("run_virtual gives the result at once, whatever the program sleeps") {
  const auto main = []() -> hob::Coro<double> {
    co_await hob::sleep(1h);
    co_return hob::get_running_loop().time().seconds();
  };
  CHECK(hob::testing::run_virtual(main()) == 3600.0);
}

TEST_CASE("run_virtual shuffles what is ready by its seed, the same way each time") {
  const auto run = [](std::uint64_t seed) {
    std::string order;
    const auto step = [&order](char name) -> hob::Coro<> {
      order += name;
      co_return;
    };
    const auto main = [&]() -> hob::Coro<> {
      for (const char name : std::string("abcdefgh")) hob::create_task(step, name);
      co_await hob::sleep(1s);
    };
    hob::testing::run_virtual(main(), seed);
    return order;
  };
  CHECK(run(0) == "abcdefgh");
  CHECK(run(7) != "abcdefgh");
  CHECK(run(7).size() == 8);
  CHECK(run(7) == run(7));
}

TEST_CASE("run_virtual reports a deadlock") {
  const auto main = []() -> hob::Coro<> { co_await hob::create_future(); };
  CHECK_THROWS_AS(hob::testing::run_virtual(main()), hob::DeadlockError);
}

TEST_CASE("code that handles cancellation passes, and its suspensions are counted") {
  CHECK(cancel_everywhere(plain) == 3);
  const auto nothing = []() -> hob::Coro<> { co_return; };
  CHECK(cancel_everywhere(nothing) == 0);
}

TEST_CASE("gather, task groups and timeouts leave nothing behind wherever they are cancelled") {
  for (const std::uint64_t seed : {0, 1, 2, 3}) {
    hob::testing::CancelOptions options;
    options.seed = seed;
    CHECK(failure_of(gathering, options) == "");
    CHECK(failure_of(grouping, options) == "");
    CHECK(failure_of(timing, options) == "");
  }
}

TEST_CASE("a failure names the suspension and its line") {
  const auto scenario = []() -> hob::Coro<> {
    co_await hob::sleep(0s);
    try {
      co_await hob::sleep(1s);
    } catch (const hob::CancelledError&) {
      throw hob::ValueError("wrong error");
    }
  };
  hob::testing::CancelOptions options;
  options.later = options.timeouts = false;  // they would find it one suspension earlier
  const std::string text = failure_of(scenario, options);
  CHECK(has(text, "cancelled at suspension 2 of 2"));
  CHECK(has(text, "cancel_everywhere.test.cpp:"));
  CHECK(has(text, "for sleep"));
  CHECK(has(text, "the scenario threw ValueError: wrong error"));
  options.may_throw = true;
  CHECK(failure_of(scenario, options) == "");
}

TEST_CASE("a future that is kept alive is found") {
  std::vector<hob::Future<>> kept;
  const auto scenario = [&kept]() -> hob::Coro<> {
    auto future = hob::create_future();
    try {
      co_await hob::sleep(1s);
    } catch (const hob::CancelledError&) {
      kept.push_back(future);
      throw;
    }
  };
  CHECK(has(failure_of(scenario), "are still alive: 1 of "));
}

TEST_CASE("a timer that is left is found") {
  const auto scenario = []() -> hob::Coro<> {
    auto timer = hob::get_running_loop().call_later(1h, [] {});
    co_await hob::sleep(1s);
    timer.cancel();
  };
  CHECK(has(failure_of(scenario), "a timer is left"));
}

TEST_CASE("a file descriptor that is not closed is found") {
  int leaked = -1;
  const auto scenario = [&leaked]() -> hob::Coro<> {
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    leaked = fd;
    co_await hob::sleep(1s);
    ::close(fd);
  };
  CHECK(has(failure_of(scenario), "file descriptors: "));
  ::close(leaked);
}

TEST_CASE("tasks that are left are cancelled as by run, or found when asked for") {
  CHECK(failure_of(leaving_a_task) == "");
  hob::testing::CancelOptions options;
  options.tasks_end_with_main = true;
  CHECK(has(failure_of(leaving_a_task, options), "not cancelled:\n  - a task is left: <Task"));
}

TEST_CASE("an error that nobody saw is found") {
  const auto scenario = []() -> hob::Coro<> {
    const auto fails = []() -> hob::Coro<> {
      co_await hob::sleep(0s);
      throw hob::ValueError("unseen");
    };
    auto task = hob::create_task(fails);
    co_await hob::sleep(1s);
    co_await hob::as_result(task);
  };
  CHECK(has(failure_of(scenario), "Task exception was never retrieved"));
}

TEST_CASE("a scenario that ends only when nobody cancels it is found") {
  const auto scenario = []() -> hob::Coro<> {
    const auto slept = co_await hob::as_result(hob::sleep(1s));
    if (slept.cancelled()) co_await hob::create_future();
  };
  CHECK(has(failure_of(scenario), "deadlock"));
  const auto endless = []() -> hob::Coro<> {
    const auto slept = co_await hob::as_result(hob::sleep(1s));
    while (slept.cancelled()) co_await hob::sleep(1s);
  };
  CHECK(has(failure_of(endless), "no end after 10000 suspensions"));
}

TEST_CASE("what leaves a scenario that nobody cancels is thrown as it is") {
  const auto scenario = []() -> hob::Coro<> {
    co_await hob::sleep(1s);
    throw hob::LookupError("its own");
  };
  CHECK_THROWS_WITH_AS(cancel_everywhere(scenario), "its own", hob::LookupError);
}

TEST_CASE("cancel_everywhere refuses to run inside a loop") {
  const auto main = []() -> hob::Coro<> {
    cancel_everywhere(plain);
    co_return;
  };
  CHECK_THROWS_AS(hob::run(main()), hob::RuntimeError);
}

}  // namespace cancel_everywhere_test
