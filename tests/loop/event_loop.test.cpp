// SPDX-License-Identifier: MIT
// Scheduling, running, stopping and closing.
#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::EventLoop;

namespace event_loop_test {
namespace {

hob::LoopOptions sim(std::uint64_t seed = 0) {
  hob::LoopOptions options;
  options.driver = hob::Driver::sim;
  options.shuffle_seed = seed;
  return options;
}
void run_briefly(EventLoop& loop) {
  loop.call_soon([&loop] { loop.stop(); });
  loop.run_forever();
}

}  // namespace

TEST_CASE("call_soon runs callbacks in order, new ones in the next iteration") {
  EventLoop loop;
  std::string order;
  loop.call_soon([&] {
    order += 'a';
    loop.call_soon([&] { order += 'd'; });
    loop.call_soon([&] {
      order += 'e';
      loop.stop();
    });
  });
  loop.call_soon([&] { order += 'b'; });
  loop.call_soon([&](char c) { order += c; }, 'c');
  loop.run_forever();
  CHECK(order == "abcde");
}

TEST_CASE("callbacks take their arguments by value, or by std::ref") {
  EventLoop loop;
  std::string text = "a";
  std::string seen;
  const auto append = [&seen](std::string& other, std::unique_ptr<int>& n) {
    seen += other + std::to_string(*n);
    other += "!";
  };
  loop.call_soon(append, text, std::make_unique<int>(1));
  loop.call_soon(append, std::ref(text), std::make_unique<int>(2));
  text = "b";
  run_briefly(loop);
  CHECK(seen == "a1b2");
  CHECK(text == "b!");
}

TEST_CASE("call_later and call_at run in order of time, and of the calls when times are equal") {
  EventLoop loop(sim());
  std::string order;
  const auto note = [&](char c) { order += c; };
  loop.call_later(2s, note, 'c');
  loop.call_later(1s, note, 'a');
  loop.call_at(1s, note, 'b');
  loop.call_at(2s, note, 'd');
  loop.call_later(-5s, note, '0');
  loop.call_later(3s, [&] { loop.stop(); });
  loop.run_forever();
  CHECK(order == "0abcd");
  CHECK(loop.time() == hob::Duration(3s));
}

TEST_CASE("timers that become due run in the iteration after what is ready") {
  EventLoop loop(sim());
  std::string order;
  loop.call_later(0s, [&] { order += 't'; });
  loop.call_soon([&] {
    order += 'a';
    loop.call_soon([&] {
      order += 'b';
      loop.stop();
    });
  });
  loop.run_forever();
  CHECK(order == "atb");
}

TEST_CASE("a timer handle tells when it is due") {
  EventLoop loop(sim());
  CHECK(loop.call_at(5s, [] {}).when() == hob::Duration(5s));
  CHECK(loop.call_later(7s, [] {}).when() == hob::Duration(7s));
}

TEST_CASE("real timers are never early") {
  EventLoop loop;
  const hob::Duration before = loop.time();
  hob::Duration after;
  loop.call_later(3ms, [&] {
    after = loop.time();
    loop.stop();
  });
  loop.run_forever();
  CHECK(after - before >= hob::Duration(3ms));
  CHECK(after - before < hob::Duration(1s));
}

TEST_CASE("a timer that is never due is dropped with its last handle") {
  auto token = std::make_shared<int>(0);
  EventLoop loop(sim());
  {
    auto handle = loop.call_later(hob::Duration::forever(), [token] {});
    CHECK(token.use_count() == 2);
    auto cancelled = loop.call_later(hob::Duration::forever(), [token] {});
    cancelled.cancel();
    CHECK(token.use_count() == 2);
  }
  CHECK(token.use_count() == 1);
}

TEST_CASE("cancelling a handle drops its callback at once") {
  auto token = std::make_shared<int>(0);
  EventLoop loop;
  bool ran = false;
  auto soon = loop.call_soon([token, &ran] { ran = true; });
  auto later = loop.call_later(1ms, [token, &ran] { ran = true; });
  CHECK(token.use_count() == 3);
  CHECK_FALSE(soon.cancelled());
  soon.cancel();
  later.cancel();
  soon.cancel();
  CHECK(soon.cancelled());
  CHECK(token.use_count() == 1);
  run_briefly(loop);
  CHECK_FALSE(ran);
  hob::Handle empty;
  empty.cancel();
  CHECK_FALSE(empty.cancelled());
}

TEST_CASE("a callback may cancel its own handle, and those after it") {
  EventLoop loop;
  std::string order;
  hob::Handle own, next;
  own = loop.call_soon([&] {
    order += 'a';
    own.cancel();
    next.cancel();
  });
  next = loop.call_soon([&] { order += 'b'; });
  run_briefly(loop);
  CHECK(order == "a");
}

TEST_CASE("a callback that cancels its own handle keeps its captures to its end") {
  for (const bool debug : {false, true}) {
    EventLoop loop;
    loop.set_debug(debug);
    auto token = std::make_shared<int>(0);
    hob::Handle own;
    own = loop.call_soon([&own, token] {
      own.cancel();
      *token = static_cast<int>(token.use_count());
    });
    run_briefly(loop);
    CHECK(*token == 2);
    own = {};
    CHECK(token.use_count() == 1);
  }
}

TEST_CASE("dropping a handle does not cancel the call") {
  EventLoop loop;
  bool ran = false;
  loop.call_soon([&] { ran = true; });
  run_briefly(loop);
  CHECK(ran);
}

TEST_CASE("stop lets the current iteration end") {
  EventLoop loop;
  std::string order;
  loop.call_soon([&] {
    loop.stop();
    order += 'a';
    loop.call_soon([&] { order += 'c'; });
  });
  loop.call_soon([&] { order += 'b'; });
  loop.run_forever();
  CHECK(order == "ab");
  CHECK_FALSE(loop.is_running());
  run_briefly(loop);
  CHECK(order == "abc");
}

TEST_CASE("a loop that is stopped before it runs does one iteration") {
  EventLoop loop;
  int ran = 0;
  loop.call_soon([&] { ++ran; });
  loop.stop();
  loop.run_forever();
  CHECK(ran == 1);
}

TEST_CASE("a closed loop refuses work") {
  EventLoop loop;
  loop.close();
  loop.close();
  CHECK(loop.is_closed());
  CHECK_THROWS_WITH_AS(loop.run_forever(), "Event loop is closed", hob::RuntimeError);
  CHECK_THROWS_WITH_AS(loop.call_soon([] {}), "Event loop is closed", hob::RuntimeError);
  CHECK_THROWS_AS(loop.call_later(1s, [] {}), hob::RuntimeError);
  CHECK_THROWS_AS(loop.call_at(1s, [] {}), hob::RuntimeError);
  CHECK_THROWS_AS(loop.call_soon_threadsafe([] {}), hob::RuntimeError);
  CHECK_THROWS_AS(loop.add_reader(0, [] {}), hob::RuntimeError);
  CHECK_THROWS_AS(loop.create_future(), hob::RuntimeError);
}

TEST_CASE("closing drops what is scheduled without running it") {
  auto token = std::make_shared<int>(0);
  bool ran = false;
  EventLoop loop;
  auto kept = loop.call_soon([token, &ran] { ran = true; });
  loop.call_later(1s, [token, &ran] { ran = true; });
  loop.call_soon_threadsafe([token, &ran] { ran = true; });
  loop.close();
  CHECK_FALSE(ran);
  kept.cancel();
  CHECK(token.use_count() == 1);
}

TEST_CASE("a running loop cannot be run again, nor closed, nor another one in its thread") {
  EventLoop loop;
  EventLoop other;
  int checked = 0;
  loop.call_soon([&] {
    CHECK(loop.is_running());
    CHECK(&hob::get_running_loop() == &loop);
    CHECK_THROWS_AS(loop.run_forever(), hob::RuntimeError);
    CHECK_THROWS_AS(loop.close(), hob::RuntimeError);
    CHECK_THROWS_AS(other.run_forever(), hob::RuntimeError);
    const auto nothing = []() -> hob::Coro<> { co_return; };
    auto coro = nothing();
    CHECK_THROWS_AS(hob::run(std::move(coro)), hob::RuntimeError);
    coro.close();
    ++checked;
  });
  run_briefly(loop);
  CHECK(checked == 1);
}

TEST_CASE("outside of a loop there is no running loop") {
  CHECK_THROWS_AS(hob::get_running_loop(), hob::RuntimeError);
  CHECK_THROWS_AS(hob::current_task(), hob::RuntimeError);
}

TEST_CASE("callbacks run in a copy of the context of their caller") {
  static hob::ContextVar<int> variable("variable", 0);
  EventLoop loop;
  std::vector<int> seen;
  const auto token = variable.set(1);
  loop.call_soon([&] {
    seen.push_back(variable.get());
    variable.set(10);
  });
  loop.call_soon([&] { seen.push_back(variable.get()); });
  loop.call_later(0s, [&] { seen.push_back(variable.get()); });
  loop.call_soon_threadsafe([&] { seen.push_back(variable.get()); });
  hob::Context context;
  context.run([] { variable.set(7); });
  loop.call_soon(context, [&] { seen.push_back(variable.get()); });
  variable.set(2);
  loop.call_later(1ms, [&] { loop.stop(); });
  loop.run_forever();
  CHECK(seen.size() == 5);
  CHECK(std::count(seen.begin(), seen.end(), 1) == 4);
  CHECK(std::count(seen.begin(), seen.end(), 7) == 1);
  variable.set(0);
}

TEST_CASE("a seed shuffles what is ready, and only that") {
  const auto run = [](std::uint64_t seed) {
    EventLoop loop(sim(seed));
    std::string order;
    for (char c = 'a'; c <= 'h'; ++c) loop.call_soon([&order, c] { order += c; });
    for (char c = 'i'; c <= 'p'; ++c) loop.call_later(1s, [&order, c] { order += c; });
    loop.call_later(2s, [&] { loop.stop(); });
    loop.run_forever();
    return order;
  };
  CHECK(run(0) == "abcdefghijklmnop");
  const std::string shuffled = run(3);
  CHECK(shuffled != run(0));
  CHECK(shuffled == run(3));
  CHECK(shuffled.find_first_of("ijklmnop") == 8);
}

TEST_CASE("a loop that is destroyed with pending tasks reports each") {
  std::vector<std::string> reports;
  int destroyed = 0;
  {
    EventLoop loop;
    loop.set_exception_handler([&](EventLoop&, const hob::ExceptionContext& context) {
      reports.push_back(context.message + " " + context.future);
    });
    struct Guard {
      int* count;
      explicit Guard(int* c) : count(c) {}
      Guard(const Guard&) = delete;
      ~Guard() { ++*count; }
    };
    const auto sleeper = [](int* count) -> hob::Coro<> {
      const Guard guard(count);
      co_await hob::sleep(1h);
    };
    const auto waiter = [&]() -> hob::Coro<> {
      const Guard guard(&destroyed);
      co_await hob::create_task(sleeper, &destroyed);
    };
    hob::TaskOptions named;
    named.name = "first";
    loop.create_task(sleeper(&destroyed), named);
    named.name = "second";
    loop.create_task(waiter(), named);
    run_briefly(loop);
    run_briefly(loop);
  }
  REQUIRE(reports.size() == 3);
  CHECK(reports[0] == "Task was destroyed but it is pending! <Task pending name='first'>");
  CHECK(reports[1] == "Task was destroyed but it is pending! <Task pending name='second'>");
  CHECK(destroyed == 3);
}

TEST_CASE("futures may outlive their loop") {
  hob::Future<std::string> pending, finished, failed;
  hob::Task<int> task;
  bool called = false;
  {
    EventLoop loop;
    pending = loop.create_future<std::string>();
    pending.add_done_callback([&](const auto&) { called = true; });
    finished = loop.create_future<std::string>();
    finished.set_result("kept");
    failed = loop.create_future<std::string>();
    failed.set_exception(hob::ValueError("seen"));
    const auto one = []() -> hob::Coro<int> { co_return 1; };
    task = loop.create_task(one());
    loop.run_until_complete(task);
  }
  CHECK(finished.result() == "kept");
  CHECK(task.result() == 1);
  CHECK(hob::describe(failed.exception()) == "ValueError: seen");
  pending.set_result("late");
  CHECK(pending.result() == "late");
  CHECK_FALSE(called);
}

TEST_CASE("an unretrieved error of a future that outlives its loop is printed, not lost in a crash") {
  hob::Future<int> failed;
  {
    EventLoop loop;
    failed = loop.create_future<int>();
  }
  failed.set_exception(hob::ValueError("printed on purpose"));
}

TEST_CASE("run_until_complete says when the loop was stopped too early") {
  EventLoop loop(sim());
  const auto body = [&loop]() -> hob::Coro<> {
    loop.stop();
    co_await hob::sleep(1s);
  };
  auto task = loop.create_task(body());
  CHECK_THROWS_WITH_AS(loop.run_until_complete(task),
                       "Event loop stopped before Future completed.", hob::RuntimeError);
  CHECK_NOTHROW(loop.run_until_complete(task));
  CHECK(task.done());
}

TEST_CASE("run_until_complete refuses a future of another loop") {
  EventLoop loop, other;
  const auto future = other.create_future<int>();
  CHECK_THROWS_AS(loop.run_until_complete(future), hob::ValueError);
}

TEST_CASE("a deadlock is reported with every task that remains") {
  EventLoop loop(sim());
  auto never = loop.create_future();
  const auto inner = [&]() -> hob::Coro<> { co_await never; };
  const auto outer = [&]() -> hob::Coro<> { co_await hob::create_task(inner); };
  hob::TaskOptions named;
  named.name = "outer one";
  auto task = loop.create_task(outer(), named);
  try {
    loop.run_until_complete(task);
    FAIL("no deadlock was reported");
  } catch (const hob::DeadlockError& error) {
    const std::string text = error.what();
    CHECK(text.find("deadlock") != std::string::npos);
    CHECK(text.find("name='outer one'") != std::string::npos);
    CHECK(text.find("event_loop.test.cpp") != std::string::npos);
    CHECK(text.find("awaited by") != std::string::npos);
  }
  CHECK_FALSE(loop.is_running());
  never.set_result();
  CHECK_NOTHROW(loop.run_until_complete(task));
}

TEST_CASE("errors that nobody awaits go to the exception handler") {
  EventLoop loop;
  std::vector<std::string> reports;
  loop.set_exception_handler([&](EventLoop& where, const hob::ExceptionContext& context) {
    CHECK(&where == &loop);
    reports.push_back(context.message + ": " + hob::describe(context.exception));
  });
  loop.call_soon([] { throw hob::ValueError("soon"); });
  loop.call_later(0s, [] { throw hob::ValueError("later"); });
  loop.call_soon_threadsafe([] { throw hob::ValueError("from a thread"); });
  loop.call_later(1ms, [&] { loop.stop(); });
  loop.run_forever();
  REQUIRE(reports.size() == 3);
  std::sort(reports.begin(), reports.end());
  CHECK(reports[0] == "Exception in callback: ValueError: from a thread");
  CHECK(reports[1] == "Exception in callback: ValueError: later");
  CHECK(reports[2] == "Exception in callback: ValueError: soon");
}

TEST_CASE("an exception handler may throw, replace itself, or be removed") {
  EventLoop loop;
  int called = 0;
  loop.set_exception_handler([&](EventLoop&, const hob::ExceptionContext&) {
    ++called;
    throw hob::ValueError("the handler fails on purpose");
  });
  loop.call_soon([] { throw hob::ValueError("printed on purpose"); });
  run_briefly(loop);
  CHECK(called == 1);
  loop.call_soon([] { throw hob::ValueError("printed on purpose"); });
  run_briefly(loop);
  CHECK(called == 2);
  int replaced = 0;
  loop.set_exception_handler([&](EventLoop& l, const hob::ExceptionContext&) {
    l.set_exception_handler([&](EventLoop&, const hob::ExceptionContext&) { ++replaced; });
  });
  loop.call_soon([] { throw hob::ValueError("first"); });
  loop.call_soon([] { throw hob::ValueError("second"); });
  run_briefly(loop);
  CHECK(replaced == 1);
  loop.set_exception_handler({});
  loop.call_soon([] { throw hob::ValueError("printed on purpose by the default handler"); });
  run_briefly(loop);
  CHECK(replaced == 1);
}

TEST_CASE("a KeyboardInterrupt leaves the loop, and what was ready runs at the next start") {
  EventLoop loop;
  std::string order;
  loop.call_soon([&] { order += 'a'; });
  loop.call_soon([] { throw hob::KeyboardInterrupt(); });
  loop.call_soon([&] {
    order += 'b';
    loop.call_soon([&] { order += 'd'; });
  });
  loop.call_soon([&] { order += 'c'; });
  CHECK_THROWS_AS(loop.run_forever(), hob::KeyboardInterrupt);
  CHECK_FALSE(loop.is_running());
  CHECK(order == "a");
  run_briefly(loop);
  CHECK(order == "abc");
  run_briefly(loop);
  CHECK(order == "abcd");
}

TEST_CASE("a main that is done when a KeyboardInterrupt leaves does not leak") {
  EventLoop loop;
  const auto main = [&loop]() -> hob::Coro<> {
    loop.call_soon([] { throw hob::KeyboardInterrupt(); });
    co_return;
  };
  CHECK_THROWS_AS(loop.run_until_complete(main()), hob::KeyboardInterrupt);
}

}  // namespace event_loop_test
