// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/loop/exception_context.hpp>
#include <hob/task/generator.hpp>
#include <hob/task/run.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace generator_tests {

using hob::Generator;
using hob::GeneratorExit;
using Log = std::vector<std::string>;

Generator<int> count(int n) {
  for (int i = 0; i < n; ++i) co_yield i;
}

Generator<int, std::optional<int>> echo(Log& log) {
  while (true) {
    const std::optional<int> got = co_yield static_cast<int>(log.size());
    log.push_back(got ? std::to_string(*got) : "none");
  }
}

// Notes how it ends: by which exception, or by its frame's destruction alone.
Generator<int> noting(Log& log, bool go_on = false) {
  struct Frame {
    Log& log;
    ~Frame() { log.push_back("frame"); }
  } const frame{log};
  try {
    co_yield 1;
    log.push_back("went on");
    co_yield 2;
  } catch (const GeneratorExit&) {
    log.push_back("GeneratorExit");
    if (!go_on) throw;
  } catch (const std::exception& e) {
    log.push_back(e.what());
  }
  co_yield 3;
}

Generator<int, hob::None, std::string> returning() {
  co_yield 1;
  co_return "result";
}

Generator<std::unique_ptr<int>> pointers() {
  co_yield std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  co_yield std::move(second);
}

Generator<int> failing() {
  co_yield 1;
  throw std::domain_error("no more");
}

Generator<int> cleanup_fails() {
  try {
    co_yield 1;
  } catch (const GeneratorExit&) {
    throw hob::ValueError("clean-up");
  }
}

Generator<int> reentrant(Generator<int>*& self) {
  co_yield 1;
  self->next();
  co_yield 2;
}

static_assert(std::ranges::input_range<Generator<int>>);
static_assert(!std::is_copy_constructible_v<Generator<int>>);
static_assert(!std::is_base_of_v<std::exception, GeneratorExit>);

TEST_CASE("a generator is iterated by range-for") {
  std::vector<int> got;
  for (const int i : count(4)) got.push_back(i);
  CHECK(got == std::vector{0, 1, 2, 3});
  for ([[maybe_unused]] const int i : count(0)) FAIL("there is nothing to yield");
}

TEST_CASE("a loop over a generator goes on where the last one broke off") {
  auto numbers = count(5);
  std::vector<int> got;
  for (const int i : numbers) {
    got.push_back(i);
    if (i == 1) break;
  }
  for (const int i : numbers) got.push_back(i);
  CHECK(got == std::vector{0, 1, 2, 3, 4});
  CHECK(numbers.done());
}

TEST_CASE("a generator is a range") {
  auto numbers = count(10);
  std::vector<int> got;
  for (const int i : numbers | std::views::filter([](int n) { return n % 3 == 0; }))
    got.push_back(i);
  CHECK(got == std::vector{0, 3, 6, 9});
}

TEST_CASE("a generator does nothing before its first next, and nothing after its end") {
  Log log;
  {
    auto unused = noting(log);
  }
  CHECK(log.empty());
  auto numbers = count(1);
  CHECK(numbers.next() == 0);
  CHECK_FALSE(numbers.done());
  CHECK(numbers.next() == std::nullopt);
  CHECK(numbers.done());
  CHECK(numbers.next() == std::nullopt);
}

TEST_CASE("a generator yields what can only be moved") {
  auto made = pointers();
  auto first = made.next();
  REQUIRE(first.has_value());
  CHECK(**first == 1);
  std::vector<std::unique_ptr<int>> rest;
  for (auto& pointer : made) rest.push_back(std::move(pointer));
  REQUIRE(rest.size() == 1);
  CHECK(*rest[0] == 2);
}

TEST_CASE("send is the value of the co_yield that it resumes, and next sends nothing") {
  Log log;
  auto gen = echo(log);
  CHECK(gen.next() == 0);
  CHECK(gen.send(7) == 1);
  CHECK(gen.next() == 2);
  CHECK(gen.send(8) == 3);
  CHECK(log == Log{"7", "none", "8"});
}

TEST_CASE("a value cannot be sent into a generator that has not begun") {
  Log log;
  auto gen = echo(log);
  CHECK_THROWS_WITH_AS(gen.send(1), "can't send non-None value to a just-started generator",
                       hob::TypeError);
  CHECK(gen.next() == 0);
  gen.close();
  CHECK(gen.send(1) == std::nullopt);
}

TEST_CASE("an exception of a generator leaves through the step that ran it, and ends it") {
  auto gen = failing();
  CHECK(gen.next() == 1);
  CHECK_THROWS_WITH_AS(gen.next(), "no more", std::domain_error);
  CHECK(gen.done());
  CHECK(gen.next() == std::nullopt);
  auto again = failing();
  auto loop = [&again] {
    for ([[maybe_unused]] const int i : again) {
    }
  };
  CHECK_THROWS_AS(loop(), std::domain_error);
}

TEST_CASE("throw_ raises at the co_yield, and gives the next value when it is caught") {
  Log log;
  auto gen = noting(log);
  CHECK(gen.next() == 1);
  CHECK(gen.throw_(hob::ValueError("thrown in")) == 3);
  CHECK(log == Log{"thrown in"});
  CHECK_THROWS_WITH_AS(gen.throw_(std::make_exception_ptr(hob::ValueError("again"))), "again",
                       hob::ValueError);
  CHECK(log == Log{"thrown in", "frame"});
  CHECK(gen.done());
}

TEST_CASE("throw_ comes straight back from a generator that has not begun or is finished") {
  auto gen = count(3);
  CHECK_THROWS_AS(gen.throw_(hob::ValueError("early")), hob::ValueError);
  CHECK(gen.done());
  CHECK(gen.next() == std::nullopt);
  CHECK_THROWS_AS(gen.throw_(hob::ValueError("late")), hob::ValueError);
}

TEST_CASE("close throws GeneratorExit at the co_yield") {
  Log log;
  auto gen = noting(log);
  gen.next();
  gen.close();
  CHECK(log == Log{"GeneratorExit", "frame"});
  CHECK(gen.done());
  gen.close();
  CHECK(gen.next() == std::nullopt);
}

TEST_CASE("close before the first next runs nothing") {
  Log log;
  auto gen = noting(log);
  gen.close();
  CHECK(log.empty());
  CHECK(gen.next() == std::nullopt);
}

TEST_CASE("a generator that yields in spite of GeneratorExit makes close throw, and can go on") {
  Log log;
  auto gen = noting(log, true);
  gen.next();
  CHECK_THROWS_WITH_AS(gen.close(), "generator ignored GeneratorExit", hob::RuntimeError);
  CHECK_FALSE(gen.done());
  CHECK(gen.next() == std::nullopt);
}

TEST_CASE("close lets the exceptions of the clean-up out") {
  auto gen = cleanup_fails();
  gen.next();
  CHECK_THROWS_WITH_AS(gen.close(), "clean-up", hob::ValueError);
  CHECK(gen.done());
}

TEST_CASE("a suspended generator that is destroyed is closed") {
  Log log;
  {
    auto gen = noting(log);
    gen.next();
  }
  CHECK(log == Log{"GeneratorExit", "frame"});
  log.clear();
  {
    auto gen = noting(log);
    gen.next();
    gen = noting(log);
    CHECK(log == Log{"GeneratorExit", "frame"});
  }
}

TEST_CASE("an error of a destroyed generator's clean-up goes to the loop's exception handler") {
  Log log;
  auto main = [&log]() -> hob::Coro<> {
    hob::get_running_loop().set_exception_handler(
        [&log](hob::EventLoop&, const hob::ExceptionContext& context) {
          log.push_back(context.message + ": " + hob::describe(context.exception));
        });
    {
      auto fails = cleanup_fails();
      fails.next();
      auto ignores = noting(log, true);
      ignores.next();
    }
    co_return;
  };
  hob::run(main());
  const std::string prefix = "Exception ignored in: <generator object ";
  CHECK(log == Log{"GeneratorExit",
                   prefix + "noting>: RuntimeError: generator ignored GeneratorExit", "frame",
                   prefix + "cleanup_fails>: ValueError: clean-up"});
}

TEST_CASE("a generator is closed while an exception unwinds past it") {
  Log log;
  auto fail = [&log] {
    auto gen = noting(log);
    gen.next();
    throw std::domain_error("outer");
  };
  CHECK_THROWS_AS(fail(), std::domain_error);
  CHECK(log == Log{"GeneratorExit", "frame"});
}

TEST_CASE("the return value is reachable after the end") {
  auto gen = returning();
  CHECK_THROWS_AS(gen.result(), hob::InvalidStateError);
  CHECK(gen.next() == 1);
  CHECK(gen.next() == std::nullopt);
  CHECK(gen.result() == "result");
}

TEST_CASE("a generator cannot be resumed from inside itself") {
  Generator<int>* self = nullptr;
  auto gen = reentrant(self);
  self = &gen;
  gen.next();
  CHECK_THROWS_WITH_AS(gen.next(), "generator already executing", hob::ValueError);
  CHECK(gen.done());
}

TEST_CASE("generators nest") {
  auto outer = [](int n) -> Generator<int> {
    for (int i = 0; i < n; ++i) {
      for (const int j : count(i)) co_yield 10 * i + j;
    }
  };
  std::vector<int> got;
  for (const int i : outer(4)) got.push_back(i);
  CHECK(got == std::vector{10, 20, 21, 30, 31, 32});
}

}  // namespace generator_tests
