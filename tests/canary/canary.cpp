// SPDX-License-Identifier: MIT
// What this compiler does with temporaries inside a co_await expression. g++ 11 and 12 destroy some of them twice.
// Patterns marked `relied_on` must be sound on every supported compiler: Hob's interface is made of these alone.
// The others are for the record, and to notice when a new compiler changes its mind. No Hob header is included:
// this is about the language.
#include <coroutine>
#include <cstdio>
#include <exception>
#include <utility>

namespace {

// Counts what is alive: 0 after every pattern, unless a destructor ran too often (negative) or not at all.
int alive = 0;

struct Tracked {
  Tracked() { ++alive; }
  Tracked(const Tracked&) { ++alive; }
  Tracked(Tracked&&) noexcept { ++alive; }
  ~Tracked() { --alive; }
};

struct Task {
  struct promise_type {
    std::coroutine_handle<> continuation;
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        return h.promise().continuation ? h.promise().continuation : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  explicit Task(std::coroutine_handle<promise_type> h) : handle(h) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() { handle.destroy(); }
  struct Awaiter {
    explicit Awaiter(std::coroutine_handle<promise_type> h) : child(h) {}
    bool await_ready() { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) {
      child.promise().continuation = parent;
      return child;
    }
    void await_resume() {}
    std::coroutine_handle<promise_type> child;
  };
  Awaiter operator co_await() && { return Awaiter(handle); }
  std::coroutine_handle<promise_type> handle;
};

struct Aggregate {
  Tracked tracked;
};
struct WithConstructor {
  explicit WithConstructor(int) {}
  Tracked tracked;
};
struct Trivial {
  int a = 0;
  const char* b = nullptr;
};

template <class F>
Task by_value(F fn) {
  fn();
  co_return;
}
template <class T>
Task take(T) {
  co_return;
}
Task nothing() { co_return; }

// The patterns.
Task lambda_with_captures() {
  Tracked t;
  co_await by_value([t] {});
}
Task named_lambda_moved() {
  Tracked t;
  auto fn = [t] {};
  co_await by_value(std::move(fn));
}
Task lambda_capturing_references() {
  Tracked t;
  co_await by_value([&t] { static_cast<void>(t); });
}
Task braced_aggregate() { co_await take(Aggregate{}); }
Task object_with_constructor() { co_await take(WithConstructor(1)); }
Task trivially_destructible_options() { co_await take(Trivial{.a = 1, .b = "x"}); }
Task coroutine_variable() {
  auto task = by_value([] {});
  co_await std::move(task);
}
Task coroutine_of_temporaries() { co_await take(Tracked()); }
Task awaits_in_a_loop() {
  for (int i = 0; i < 3; ++i) co_await take(WithConstructor(i));
}
Task await_in_both_branches(bool which) {
  if (which) {
    co_await take(Tracked());
  } else {
    co_await nothing();
  }
}

struct Pattern {
  const char* name;
  bool relied_on;
  Task (*make)();
};

constexpr Pattern kPatterns[] = {
    {"co_await f(named lambda, moved)", true, named_lambda_moved},
    {"co_await f([&]{...}), captures by reference", true, lambda_capturing_references},
    {"co_await f(T(args)), T with a constructor", true, object_with_constructor},
    {"co_await f({.a = 1}), trivially destructible members", true, trivially_destructible_options},
    {"co_await std::move(coroutine variable)", true, coroutine_variable},
    {"co_await f(Tracked())", true, coroutine_of_temporaries},
    {"co_await in a loop", true, awaits_in_a_loop},
    {"co_await in one branch of an if", true, [] { return await_in_both_branches(true); }},
    {"co_await f([x]{...}), captures by value", false, lambda_with_captures},
    {"co_await f(Aggregate{...}) with a destructor", false, braced_aggregate},
};

}  // namespace

int main() {
  int passed = 0;
  int failed = 0;
  for (const Pattern& pattern : kPatterns) {
    alive = 0;
    {
      Task task = pattern.make();
      task.handle.resume();
    }
    const bool sound = alive == 0;
    std::printf("%-55s %s\n", pattern.name, sound ? "sound" : "MISCOMPILED");
    if (!pattern.relied_on) continue;
    ++(sound ? passed : failed);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
