// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"

#include <hob/core/context.hpp>
#include <hob/core/error.hpp>
#include <hob/loop/exception_context.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/async_generator.hpp>
#include <hob/task/gather.hpp>
#include <hob/task/run.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/task.hpp>
#include <hob/task/timeout.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace async_generator_tests {

using namespace std::chrono_literals;
using hob::AsyncGenerator;
using hob::Coro;
using hob::GeneratorExit;
using support::run_sim;
using Log = std::vector<std::string>;

AsyncGenerator<int> count(int n, hob::Duration delay = {}) {
  for (int i = 0; i < n; ++i) {
    if (delay > hob::Duration()) co_await hob::sleep(delay);
    co_yield i;
  }
}

// Notes which exception ends it, and cleans up in two steps.
AsyncGenerator<int> noting(Log& log, std::string name = "") {
  std::exception_ptr ending;
  try {
    co_yield 1;
    co_await hob::sleep(1s);
    co_yield 2;
    log.push_back(name + "went on");
  } catch (...) {
    ending = std::current_exception();
  }
  if (!ending) co_return;
  log.push_back(name + hob::type_name(ending));
  co_await hob::as_result(hob::sleep(0s));
  log.push_back(name + "cleaned up");
  std::rethrow_exception(ending);
}

AsyncGenerator<int> stubborn(Log& log) {
  try {
    co_yield 1;
  } catch (const GeneratorExit&) {
    log.push_back("ignored");
  }
  co_yield 2;
  log.push_back("end");
}

AsyncGenerator<int> cleanup_fails() {
  try {
    co_yield 1;
  } catch (const GeneratorExit&) {
    throw hob::ValueError("clean-up");
  }
}

AsyncGenerator<int, std::optional<int>> echo(Log& log) {
  while (true) {
    const std::optional<int> got = co_yield static_cast<int>(log.size());
    log.push_back(got ? std::to_string(*got) : "none");
  }
}

template <class Outcome>
std::string text(const Outcome& outcome) {
  if (!outcome) return hob::describe(outcome.exception());
  if constexpr (std::is_same_v<Outcome, hob::Result<>>) {
    return "done";
  } else {
    return *outcome ? std::to_string(**outcome) : "end";
  }
}

void tick(Log& log, int n, int last) {
  log.push_back("tick " + std::to_string(n));
  if (n < last) hob::get_running_loop().call_soon(&tick, std::ref(log), n + 1, last);
}

// What the exception handler is told, as lines.
void log_reports(Log& log) {
  hob::get_running_loop().set_exception_handler(
      [&log](hob::EventLoop&, const hob::ExceptionContext& context) {
        std::string line = context.message.substr(0, context.message.find(" 0x"));
        log.push_back(line + ": " + hob::describe(context.exception));
      });
}

static_assert(!std::is_copy_constructible_v<AsyncGenerator<int>>);
static_assert(std::is_nothrow_move_constructible_v<AsyncGenerator<int>>);

TEST_CASE("an async generator is iterated with anext until it gives nothing") {
  auto main = []() -> Coro<std::vector<int>> {
    std::vector<int> got;
    auto numbers = count(3, 1s);
    while (auto i = co_await numbers.anext()) got.push_back(*i);
    const auto after = co_await numbers.anext();
    CHECK(after == std::nullopt);
    CHECK(hob::get_running_loop().time() == hob::Duration(3s));
    co_return got;
  };
  CHECK(run_sim(main()) == std::vector{0, 1, 2});
}

TEST_CASE("a generator that never suspends costs no turn of the loop") {
  Log log;
  auto main = [&log]() -> Coro<> {
    hob::get_running_loop().call_soon([&log] { log.push_back("next turn"); });
    auto numbers = count(100);
    while (co_await numbers.anext()) {
    }
    log.push_back("done");
    co_await hob::sleep(0s);
  };
  run_sim(main());
  CHECK(log == Log{"done", "next turn"});
}

TEST_CASE("an async generator yields what can only be moved") {
  auto pointers = []() -> AsyncGenerator<std::unique_ptr<int>> {
    co_yield std::make_unique<int>(1);
    auto second = std::make_unique<int>(2);
    co_yield std::move(second);
  };
  auto main = [&pointers]() -> Coro<int> {
    int sum = 0;
    auto made = pointers();
    while (auto pointer = co_await made.anext()) sum += **pointer;
    co_return sum;
  };
  CHECK(run_sim(main()) == 3);
}

TEST_CASE("asend is the value of the co_yield that it resumes") {
  Log log;
  auto main = [&log]() -> Coro<> {
    auto gen = echo(log);
    const auto early = co_await hob::as_result(gen.asend(1));
    CHECK(text(early) == "TypeError: can't send non-None value to a just-started async generator");
    const auto first = co_await gen.anext();
    CHECK(first == 0);
    const auto second = co_await gen.asend(5);
    CHECK(second == 1);
    const auto third = co_await gen.anext();
    CHECK(third == 2);
    co_await gen.aclose();
    const auto late = co_await gen.asend(6);
    CHECK(late == std::nullopt);
  };
  run_sim(main());
  CHECK(log == Log{"5", "none"});
}

TEST_CASE("an exception of the generator comes out of the operation, and ends it") {
  auto failing = []() -> AsyncGenerator<int> {
    co_yield 1;
    co_await hob::sleep(1s);
    throw std::domain_error("no more");
  };
  auto main = [&failing]() -> Coro<> {
    auto gen = failing();
    co_await gen.anext();
    std::string caught;
    try {
      co_await gen.anext();
    } catch (const std::domain_error& e) {
      caught = e.what();
    }
    CHECK(caught == "no more");
    const auto after = co_await gen.anext();
    CHECK(after == std::nullopt);
  };
  run_sim(main());
}

TEST_CASE("StopAsyncIteration cannot leave a generator") {
  auto raising = []() -> AsyncGenerator<int> {
    co_yield 1;
    throw hob::StopAsyncIteration();
  };
  auto main = [&raising]() -> Coro<> {
    auto gen = raising();
    co_await gen.anext();
    const auto outcome = co_await hob::as_result(gen.anext());
    CHECK(text(outcome) == "RuntimeError: async generator raised StopAsyncIteration");
  };
  run_sim(main());
}

TEST_CASE("athrow raises at the co_yield, and gives the next value when it is caught") {
  Log log;
  auto main = [&log]() -> Coro<> {
    auto gen = stubborn(log);
    co_await gen.anext();
    const auto caught = co_await gen.athrow(GeneratorExit());
    CHECK(caught == 2);
    const auto thrown = co_await hob::as_result(gen.athrow(hob::ValueError("in")));
    CHECK(text(thrown) == "ValueError: in");
    const auto late = co_await hob::as_result(gen.athrow(hob::ValueError("late")));
    CHECK(text(late) == "end");
    auto fresh = stubborn(log);
    const auto early = co_await hob::as_result(fresh.athrow(hob::ValueError("early")));
    CHECK(text(early) == "ValueError: early");
    const auto after = co_await fresh.anext();
    CHECK(after == std::nullopt);
    auto exiting = noting(log);
    co_await exiting.anext();
    const auto exit = co_await hob::as_result(exiting.athrow(GeneratorExit()));
    CHECK(text(exit) == "GeneratorExit");
  };
  run_sim(main());
  CHECK(log == Log{"ignored", "GeneratorExit", "cleaned up"});
}

TEST_CASE("aclose throws GeneratorExit at the co_yield and waits for the clean-up") {
  Log log;
  auto main = [&log]() -> Coro<> {
    auto gen = noting(log);
    co_await gen.anext();
    co_await gen.aclose();
    log.push_back("closed");
    co_await gen.aclose();
    const auto after = co_await gen.anext();
    CHECK(after == std::nullopt);
    auto fresh = noting(log);
    co_await fresh.aclose();
    const auto begun = co_await fresh.anext();
    CHECK(begun == std::nullopt);
  };
  run_sim(main());
  CHECK(log == Log{"GeneratorExit", "cleaned up", "closed"});
}

TEST_CASE("a generator that yields in spite of GeneratorExit makes aclose throw") {
  Log log;
  auto main = [&log]() -> Coro<> {
    auto gen = stubborn(log);
    co_await gen.anext();
    const auto closed = co_await hob::as_result(gen.aclose());
    CHECK(text(closed) == "RuntimeError: async generator ignored GeneratorExit");
    const auto again = co_await hob::as_result(gen.aclose());
    CHECK(text(again).starts_with("StopAsyncIteration"));
    const auto thrown = co_await hob::as_result(gen.athrow(hob::ValueError("x")));
    CHECK(text(thrown) == "end");
    const auto next = co_await hob::as_result(gen.anext());
    CHECK(text(next) == "end");
    const auto last = co_await hob::as_result(gen.aclose());
    CHECK(text(last) == "done");
  };
  run_sim(main());
  CHECK(log == Log{"ignored", "end"});
}

TEST_CASE("a second operation while one is suspended throws RuntimeError") {
  auto main = []() -> Coro<> {
    Log log;
    auto gen = echo(log);
    auto slow = count(2, 1s);
    auto step = [](AsyncGenerator<int>& g) -> Coro<std::optional<int>> {
      co_return co_await g.anext();
    };
    const auto first = hob::create_task(step(slow));
    co_await hob::sleep(0s);
    const auto next = co_await hob::as_result(slow.anext());
    CHECK(text(next) == "RuntimeError: anext(): asynchronous generator is already running");
    const auto thrown = co_await hob::as_result(slow.athrow(hob::ValueError("x")));
    CHECK(text(thrown) == "RuntimeError: athrow(): asynchronous generator is already running");
    const auto closed = co_await hob::as_result(slow.aclose());
    CHECK(text(closed) == "RuntimeError: aclose(): asynchronous generator is already running");
    const auto value = co_await first;
    CHECK(value == 0);
    const auto second = co_await slow.anext();
    CHECK(second == 1);
  };
  run_sim(main());
}

TEST_CASE("a cancellation is thrown inside the generator, at what it awaits") {
  Log log;
  auto main = [&log]() -> Coro<> {
    auto gen = noting(log);
    auto consume = [](AsyncGenerator<int>& g) -> Coro<> {
      while (co_await g.anext()) {
      }
    };
    auto task = hob::create_task(consume(gen));
    co_await hob::sleep(0s);
    task.cancel();
    const auto outcome = co_await hob::as_result(task);
    CHECK(outcome.cancelled());
    const auto after = co_await gen.anext();
    CHECK(after == std::nullopt);
  };
  run_sim(main());
  CHECK(log == Log{"CancelledError", "cleaned up"});
}

TEST_CASE("a generator that catches the cancellation goes on") {
  auto patient = []() -> AsyncGenerator<int> {
    const auto slept = co_await hob::as_result(hob::sleep(10s));
    co_yield slept.cancelled() ? 1 : 0;
    co_yield 2;
  };
  auto main = [&patient]() -> Coro<> {
    auto gen = patient();
    auto consume = [](AsyncGenerator<int>& g) -> Coro<int> {
      int sum = 0;
      while (auto i = co_await g.anext()) sum += *i;
      co_return sum;
    };
    auto task = hob::create_task(consume(gen));
    co_await hob::sleep(1s);
    task.cancel();
    const int sum = co_await task;
    CHECK(sum == 3);
  };
  run_sim(main());
}

TEST_CASE("a consumer that is cancelled between two items leaves the generator usable") {
  auto main = []() -> Coro<> {
    auto gen = count(3);
    auto consume = [](AsyncGenerator<int>& g) -> Coro<> {
      co_await g.anext();
      co_await hob::sleep(10s);
    };
    auto task = hob::create_task(consume(gen));
    co_await hob::sleep(1s);
    task.cancel();
    const auto outcome = co_await hob::as_result(task);
    CHECK(outcome.cancelled());
    const auto next = co_await gen.anext();
    CHECK(next == 1);
  };
  run_sim(main());
}

TEST_CASE("the clean-up of aclose can be cancelled") {
  Log log;
  auto cleaning = [](Log& l) -> AsyncGenerator<int> {
    try {
      co_yield 1;
    } catch (const GeneratorExit&) {
      l.push_back("closing");
    }
    const auto slept = co_await hob::as_result(hob::sleep(10s));
    l.push_back(slept.cancelled() ? "cancelled" : "slept");
    slept.value();
  };
  auto main = [&log, &cleaning]() -> Coro<> {
    auto gen = cleaning(log);
    co_await gen.anext();
    auto close = [](AsyncGenerator<int>& g) -> Coro<> { co_await g.aclose(); };
    auto task = hob::create_task(close(gen));
    co_await hob::sleep(1s);
    task.cancel();
    const auto outcome = co_await hob::as_result(task);
    CHECK(outcome.cancelled());
    CHECK(hob::get_running_loop().time() == hob::Duration(1s));
  };
  run_sim(main());
  CHECK(log == Log{"closing", "cancelled"});
}

TEST_CASE("wherever a pipeline of generators is cancelled, every frame is gone afterwards") {
  struct Live {
    explicit Live(int& count) : count_(count) { ++count_; }
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;
    ~Live() { --count_; }
    int& count_;
  };
  int live = 0;
  auto source = [&live]() -> AsyncGenerator<int> {
    const Live here(live);
    for (int i = 0; i < 3; ++i) {
      co_await hob::sleep(1s);
      co_yield i;
    }
    co_await hob::sleep(1s);
  };
  auto doubled = [&live](AsyncGenerator<int> in) -> AsyncGenerator<int> {
    const Live here(live);
    while (auto i = co_await in.anext()) {
      co_await hob::sleep(1s);
      co_yield 2 * *i;
    }
  };
  auto consume = [&]() -> Coro<> {
    auto gen = doubled(source());
    while (co_await gen.anext()) co_await hob::sleep(1s);
    co_await gen.aclose();
  };
  for (int at = 0; at < 12; ++at) {
    auto main = [&consume, at]() -> Coro<bool> {
      auto task = hob::create_task(consume());
      co_await hob::sleep(1s * at + 500ms);
      const bool cancelled = task.cancel();
      const auto outcome = co_await hob::as_result(task);
      CHECK(outcome.cancelled() == cancelled);
      co_return cancelled;
    };
    const bool cancelled = run_sim(main());
    CHECK(cancelled == (at < 10));
    CHECK(live == 0);
  }
}

TEST_CASE("operations can be given to gather and wait_for") {
  auto main = []() -> Coro<> {
    auto slow = count(3, 10s);
    auto quick = count(3, 1s);
    auto [a, b] = co_await hob::gather(slow.anext(), quick.anext());
    CHECK(a == 0);
    CHECK(b == 0);
    const auto late = co_await hob::as_result(hob::wait_for(slow.anext(), 1s));
    CHECK(hob::type_name(late.exception()) == "TimeoutError");
    const auto over = co_await slow.anext();
    CHECK(over == std::nullopt);
  };
  run_sim(main());
}

TEST_CASE("generators may use generators") {
  auto twice = [](AsyncGenerator<int> source) -> AsyncGenerator<int> {
    while (auto i = co_await source.anext()) {
      co_yield *i;
      co_yield *i * 10;
    }
  };
  auto main = [&twice]() -> Coro<std::vector<int>> {
    std::vector<int> got;
    auto gen = twice(count(3, 1s));
    while (auto i = co_await gen.anext()) got.push_back(*i);
    co_return got;
  };
  CHECK(run_sim(main()) == std::vector{0, 0, 1, 10, 2, 20});
}

TEST_CASE("a generator runs in whichever task awaits it, in its context") {
  static hob::ContextVar<int> var("var", 0);
  auto reading = []() -> AsyncGenerator<int> {
    while (true) {
      co_await hob::sleep(1s);
      co_yield var.get();
    }
  };
  auto main = [&reading]() -> Coro<> {
    auto gen = reading();
    var.set(1);
    auto step = [](AsyncGenerator<int>& g, int value) -> Coro<std::optional<int>> {
      var.set(value);
      co_return co_await g.anext();
    };
    const auto own = co_await gen.anext();
    const auto second = co_await hob::create_task(step(gen, 2));
    const auto third = co_await hob::create_task(step(gen, 3));
    CHECK(own == 1);
    CHECK(second == 2);
    CHECK(third == 3);
    co_await gen.aclose();
  };
  run_sim(main());
}

// CPython 3.13 prints the same lines in the same order.
TEST_CASE("an unfinished generator that is dropped is closed by a task, two turns later") {
  Log log;
  auto main = [&log]() -> Coro<> {
    {
      auto gen = noting(log);
      co_await gen.anext();
      hob::get_running_loop().call_soon(&tick, std::ref(log), 0, 4);
    }
    CHECK(hob::all_tasks().size() == 1);
    co_await hob::sleep(1s);
  };
  run_sim(main());
  CHECK(log ==
        Log{"tick 0", "tick 1", "GeneratorExit", "tick 2", "cleaned up", "tick 3", "tick 4"});
}

TEST_CASE("a generator that is dropped before it began or after its end is just destroyed") {
  Log log;
  auto main = [&log]() -> Coro<> {
    {
      auto unused = noting(log);
      auto whole = count(1);
      while (co_await whole.anext()) {
      }
      auto closed = noting(log);
      co_await closed.anext();
      co_await closed.aclose();
      auto ignoring = stubborn(log);
      co_await ignoring.anext();
      co_await hob::as_result(ignoring.aclose());
      log.clear();
    }
    co_await hob::sleep(0s);
    CHECK(hob::all_tasks().size() == 1);
    co_await hob::sleep(1s);
  };
  run_sim(main());
  CHECK(log.empty());
}

TEST_CASE("a generator whose object goes while an operation is suspended is closed after it") {
  Log log;
  auto main = [&log]() -> Coro<> {
    auto gen = std::make_unique<AsyncGenerator<int>>(noting(log));
    co_await gen->anext();
    auto step = [](AsyncGenerator<int>* g) -> Coro<std::optional<int>> {
      co_return co_await g->anext();
    };
    auto task = hob::create_task(step(gen.get()));
    co_await hob::sleep(0s);
    gen.reset();
    const auto value = co_await task;
    CHECK(value == 2);
    co_await hob::sleep(1s);
  };
  run_sim(main());
  CHECK(log == Log{"GeneratorExit", "cleaned up"});
}

TEST_CASE("assigning over an unfinished generator closes the old one") {
  Log log;
  auto main = [&log]() -> Coro<> {
    auto gen = noting(log, "old ");
    co_await gen.anext();
    gen = noting(log, "new ");
    co_await hob::sleep(1s);
    log.push_back("assigned");
    co_await gen.anext();
  };
  run_sim(main());
  CHECK(log[0] == "old GeneratorExit");
  CHECK(log[1] == "old cleaned up");
  CHECK(log[2] == "assigned");
}

// Its closing task is cancelled with all others before its first step: CPython throws that into the
// generator.
TEST_CASE("a generator that the main coroutine drops last is ended by CancelledError") {
  Log log;
  auto main = [&log]() -> Coro<> {
    auto gen = noting(log);
    co_await gen.anext();
  };
  run_sim(main());
  CHECK(log == Log{"CancelledError", "cleaned up"});
}

TEST_CASE("the closing task reports what the clean-up throws") {
  Log log;
  auto main = [&log]() -> Coro<> {
    log_reports(log);
    {
      auto gen = cleanup_fails();
      co_await gen.anext();
    }
    co_await hob::sleep(1s);
  };
  run_sim(main());
  CHECK(log == Log{"Task exception was never retrieved: ValueError: clean-up"});
}

TEST_CASE("run closes the generators that are left, in order of their first iteration") {
  Log log;
  std::vector<AsyncGenerator<int>> kept;
  auto main = [&log, &kept]() -> Coro<> {
    kept.push_back(noting(log, "a "));
    kept.push_back(noting(log, "b "));
    kept.push_back(noting(log, "unused "));
    co_await kept[1].anext();
    co_await kept[0].anext();
  };
  run_sim(main());
  CHECK(log == Log{"b GeneratorExit", "a GeneratorExit", "b cleaned up", "a cleaned up"});
}

TEST_CASE("shutdown_asyncgens reports errors to the exception handler and goes on") {
  Log log;
  auto main = [&log]() -> Coro<> {
    log_reports(log);
    auto bad = cleanup_fails();
    auto good = noting(log);
    auto busy = count(2, 10s);
    auto ignoring = stubborn(log);
    co_await bad.anext();
    co_await good.anext();
    co_await ignoring.anext();
    auto step = [](AsyncGenerator<int>& g) -> Coro<std::optional<int>> {
      co_return co_await g.anext();
    };
    auto task = hob::create_task(step(busy));
    co_await hob::sleep(0s);
    co_await hob::get_running_loop().shutdown_asyncgens();
    log.push_back("shut down");
    const auto value = co_await task;
    CHECK(value == 0);
    co_await busy.aclose();
  };
  run_sim(main());
  const std::string prefix =
      "an error occurred during closing of asynchronous generator <async_generator object ";
  REQUIRE(log.size() == 7);
  CHECK(log[0] == "GeneratorExit");
  CHECK(log[1] == "ignored");
  CHECK(log[2] == "cleaned up");
  CHECK(log[3] == prefix + "cleanup_fails at: ValueError: clean-up");
  CHECK(log[4] == prefix + "stubborn at: RuntimeError: async generator ignored GeneratorExit");
  CHECK(log[5] ==
        prefix + "count at: RuntimeError: aclose(): asynchronous generator is already running");
  CHECK(log[6] == "shut down");
}

TEST_CASE(
    "a generator that is first iterated after the shutdown is still closed when it is dropped") {
  Log log;
  auto main = [&log]() -> Coro<> {
    co_await hob::get_running_loop().shutdown_asyncgens();
    {
      auto gen = noting(log);
      co_await gen.anext();  // prints a ResourceWarning
    }
    co_await hob::sleep(1s);
  };
  run_sim(main());
  CHECK(log == Log{"GeneratorExit", "cleaned up"});
}

TEST_CASE("shutdown_asyncgens does not suspend when there is nothing to close") {
  Log log;
  auto main = [&log]() -> Coro<> {
    hob::get_running_loop().call_soon([&log] { log.push_back("next turn"); });
    co_await hob::get_running_loop().shutdown_asyncgens();
    log.push_back("shut down");
    co_await hob::sleep(0s);
  };
  run_sim(main());
  CHECK(log == Log{"shut down", "next turn"});
}

TEST_CASE("a generator of a closed loop is destroyed without clean-up that awaits") {
  Log log;
  std::vector<AsyncGenerator<int>> kept;
  {
    hob::EventLoop loop({.driver = hob::Driver::sim});
    auto main = [&log, &kept]() -> Coro<> {
      kept.push_back(noting(log));
      co_await kept[0].anext();
    };
    loop.run_until_complete(main());
    loop.close();
    kept.pop_back();
    CHECK(log.empty());
    kept.push_back(noting(log));
  }
  CHECK(log.empty());
}

TEST_CASE("a generator that outlives its loop can still be destroyed") {
  Log log;
  std::vector<AsyncGenerator<int>> kept;
  {
    hob::EventLoop loop({.driver = hob::Driver::sim});
    auto main = [&log, &kept]() -> Coro<> {
      kept.push_back(noting(log));
      co_await kept[0].anext();
    };
    loop.run_until_complete(main());
  }
  kept.clear();
  CHECK(log.empty());
}

TEST_CASE("closing a loop destroys generators in mid-await with their tasks") {
  Log log;
  {
    hob::EventLoop loop({.driver = hob::Driver::sim});
    auto main = [&log]() -> Coro<> {
      log_reports(log);
      auto consume = [](AsyncGenerator<int> g) -> Coro<> {
        while (co_await g.anext()) {
        }
      };
      hob::create_task(consume(count(3, 10s)));
      auto hold = [](AsyncGenerator<int> g) -> Coro<> {
        co_await g.anext();
        co_await hob::sleep(10s);
      };
      hob::create_task(hold(count(3)));
      co_await hob::sleep(1s);
    };
    loop.run_until_complete(main());
  }
  CHECK(log == Log{"Task was destroyed but it is pending!: no exception",
                   "Task was destroyed but it is pending!: no exception"});
}

TEST_CASE("an eager task factory does not disturb the closing of generators") {
  Log log;
  auto main = [&log]() -> Coro<> {
    hob::get_running_loop().set_task_factory(hob::eager_task_factory);
    {
      auto gen = noting(log);
      co_await gen.anext();
      hob::get_running_loop().call_soon(&tick, std::ref(log), 0, 2);
    }
    co_await hob::sleep(1s);
  };
  run_sim(main());
  CHECK(log == Log{"tick 0", "GeneratorExit", "tick 1", "cleaned up", "tick 2"});
}

TEST_CASE("repr names the function") {
  auto gen = count(1);
  CHECK(gen.repr().starts_with("<async_generator object count at 0x"));
}

}  // namespace async_generator_tests
