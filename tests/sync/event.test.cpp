// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"
#include "sync/turns.hpp"

#include <hob/core/error.hpp>
#include <hob/sync/event.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/task.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>

using hob::Coro;
using hob::Event;
using support::run_sim;
using sync_tests::turns;
using sync_tests::Words;

namespace event_tests {

Coro<> await_event(Event& event, Words& words, std::string name) {
  try {
    co_await event.wait();
    words(name);
  } catch (const hob::CancelledError& error) {
    words("x" + name + error.what());
    throw;
  }
}

TEST_CASE("set wakes all who wait, in order; later waits do not suspend") {
  const auto main = []() -> Coro<> {
    Event event;
    Words words;
    auto a = hob::create_task(await_event(event, words, "a"));
    auto b = hob::create_task(await_event(event, words, "b"));
    co_await turns(2);
    CHECK(words.take() == "");
    CHECK_FALSE(event.is_set());
    event.set();
    event.set();
    CHECK(event.is_set());
    co_await event.wait();
    CHECK(words.take() == "");  // did not suspend
    co_await turns(1);
    CHECK(words.take() == "a b");
  };
  run_sim(main());
}

TEST_CASE("clear before they run does not stop those that were woken") {
  const auto main = []() -> Coro<> {
    Event event;
    Words words;
    auto a = hob::create_task(await_event(event, words, "a"));
    co_await turns(1);
    event.set();
    event.clear();
    auto b = hob::create_task(await_event(event, words, "b"));
    co_await turns(3);
    CHECK(words.take() == "a");
    event.set();
    co_await turns(1);
    CHECK(words.take() == "b");
  };
  run_sim(main());
}

TEST_CASE("a wait can be cancelled before and after the wake-up") {
  const auto main = []() -> Coro<> {
    Event event;
    Words words;
    auto a = hob::create_task(await_event(event, words, "a"));
    auto b = hob::create_task(await_event(event, words, "b"));
    auto c = hob::create_task(await_event(event, words, "c"));
    co_await turns(1);
    a.cancel("1");
    a.cancel("2");
    event.set();
    b.cancel("3");
    b.cancel("4");
    co_await turns(1);
    CHECK(words.take() == "xa1 xb4 c");
  };
  run_sim(main());
}

TEST_CASE("an event that was set may go before those it woke have run") {
  const auto main = []() -> Coro<> {
    std::optional<Event> event(std::in_place);
    Words words;
    auto a = hob::create_task(await_event(*event, words, "a"));
    auto b = hob::create_task(await_event(*event, words, "b"));
    co_await turns(1);
    event->set();
    b.cancel();
    event.reset();
    co_await turns(1);
    CHECK(words.take() == "a xb");
  };
  run_sim(main());
}

TEST_CASE("an event that was waited for in one loop throws RuntimeError in another") {
  Event event;
  const auto wait_cancelled = [](Event& e) -> Coro<std::string> {
    Words words;
    auto task = hob::create_task(await_event(e, words, "a"));
    co_await turns(1);
    task.cancel();
    auto outcome = co_await hob::as_result(task);
    co_return support::error_name(outcome);
  };
  CHECK(run_sim(wait_cancelled(event)) == "CancelledError");
  CHECK(run_sim(wait_cancelled(event)) == "RuntimeError");
}

#ifdef NDEBUG
TEST_CASE("an event destroyed while tasks wait leaves them waiting until they are cancelled") {
  const auto main = []() -> Coro<> {
    std::optional<Event> event(std::in_place);
    Words words;
    auto a = hob::create_task(await_event(*event, words, "a"));
    co_await turns(1);
    event.reset();
    co_await turns(1);
    CHECK(words.take() == "");
    a.cancel();
    co_await turns(1);
    CHECK(words.take() == "xa");
  };
  run_sim(main());
}
#endif

}  // namespace event_tests
