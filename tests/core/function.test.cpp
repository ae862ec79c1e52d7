// SPDX-License-Identifier: MIT
#include <hob/core/function.hpp>

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using hob::Function;

namespace function_test {
namespace {

// Counts its instances; too large to be stored inside when Size is more than three words.
template <std::size_t Size>
struct Counted {
  explicit Counted(int* c) : count(c) { ++*count; }
  Counted(const Counted& other) : count(other.count), calls(other.calls) { ++*count; }
  Counted(Counted&& other) noexcept : count(other.count), calls(other.calls) { ++*count; }
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --*count; }
  int operator()(int x) { return x + ++calls; }
  int* count;
  int calls = 0;
  std::array<char, Size> padding{};
};

int twice(int x) { return 2 * x; }

}  // namespace

TEST_CASE("an empty function is false") {
  Function<void()> empty;
  CHECK_FALSE(static_cast<bool>(empty));
  empty = Function<void()>();
  CHECK_FALSE(static_cast<bool>(empty));
}

TEST_CASE("a function calls pointers, lambdas and mutable objects") {
  int count = 0;
  Function<int(int)> f = &twice;
  CHECK(f(4) == 8);
  f = [base = 10](int x) { return base + x; };
  CHECK(f(1) == 11);
  f = Counted<1>(&count);
  CHECK(f(1) == 2);
  CHECK(f(1) == 3);
}

TEST_CASE_TEMPLATE("a function owns its target once, small or large", T, Counted<1>, Counted<900>,
                   Counted<4000>) {
  int count = 0;
  {
    Function<int(int)> f = T(&count);
    CHECK(count == 1);
    Function<int(int)> g = std::move(f);
    CHECK(count == 1);
    CHECK_FALSE(static_cast<bool>(f));
    CHECK(g(5) == 6);
    f = std::move(g);
    CHECK(f(5) == 7);
    Function<int(int)>& same = f;
    f = std::move(same);
    CHECK(f(5) == 8);
    f = T(&count);
    CHECK(count == 1);
    CHECK(f(5) == 6);
    f = {};
    CHECK(count == 0);
  }
  CHECK(count == 0);
}

TEST_CASE("a function holds what can only be moved, and passes such arguments on") {
  Function<int(std::unique_ptr<int>)> f =
      [own = std::make_unique<int>(3)](std::unique_ptr<int> p) { return *own + *p; };
  CHECK(f(std::make_unique<int>(4)) == 7);
}

TEST_CASE("a function passes references on as references") {
  Function<void(std::string&)> f = [](std::string& text) { text += "!"; };
  std::string text = "a";
  f(text);
  CHECK(text == "a!");
}

TEST_CASE("a target that cannot be made leaves nothing behind") {
  struct Throws {
    Throws() = default;
    Throws(const Throws&) { throw std::runtime_error("copy"); }
    void operator()() {}
    std::array<char, 200> padding{};
  };
  const Throws throws;
  CHECK_THROWS_AS(Function<void()>{throws}, std::runtime_error);
}

TEST_CASE("an exception leaves a function call") {
  Function<void()> f = [] { throw std::runtime_error("inside"); };
  CHECK_THROWS_WITH(f(), "inside");
}

}  // namespace function_test
