// SPDX-License-Identifier: MIT
// Generator<T, Send, Return>: a function that gives its results one by one, with `co_yield` (PEP
// 255, PEP 342). Synchronous: it needs no loop and cannot co_await; AsyncGenerator can.
#pragma once

#include <hob/core/error.hpp>
#include <hob/core/memory.hpp>
#include <hob/core/result.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace hob {

/// Thrown at the `co_yield` of a generator that is closed. Not a std::exception (a BaseException in
/// Python), so `catch (const std::exception&)` lets it pass: catch it to clean up, then rethrow.
class GeneratorExit final {};

/// Python's TypeError: a value of a kind that cannot be used here.
class TypeError : public std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

namespace detail {

[[noreturn]] void raise_type_error(const char* what);
[[noreturn]] void raise_generator_running();
[[noreturn]] void raise_generator_not_returned();

/// What `send` left for the `co_yield` that it resumes; Send() when it was `next`.
template <class Send>
struct SentValue {
  static_assert(std::is_default_constructible_v<Send>,
                "next() makes co_yield give Send(): use std::optional<Send>");
  Send take() {
    if (!value) return Send();
    Send taken = std::move(*value);
    value.reset();
    return taken;
  }
  std::optional<Send> value;
};
template <>
struct SentValue<None> {
  void take() noexcept {}
};

/// The part of a generator's promise that does not depend on types.
class GeneratorPromiseBase {
 public:
  GeneratorPromiseBase() noexcept = default;
  GeneratorPromiseBase(const GeneratorPromiseBase&) = delete;
  GeneratorPromiseBase& operator=(const GeneratorPromiseBase&) = delete;

  static void* operator new(std::size_t size) { return allocate(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { deallocate(frame, size); }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  std::suspend_always final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown_ = std::current_exception(); }

  bool created() const noexcept { return state_ == State::created; }
  bool finished() const noexcept { return state_ == State::finished; }
  void check_idle() const {
    if (state_ == State::running) [[unlikely]]
      raise_generator_running();
  }
  /// Runs to the next `co_yield`: true; or to the end: false. Throws what leaves the generator.
  bool advance() {
    if (state_ == State::finished) return false;
    check_idle();
    state_ = State::running;
    const auto self = std::coroutine_handle<GeneratorPromiseBase>::from_promise(*this);
    self.resume();
    state_ = self.done() ? State::finished : State::suspended;
    if (thrown_) [[unlikely]]
      std::rethrow_exception(std::exchange(thrown_, nullptr));
    return state_ == State::suspended;
  }
  /// The same, with `error` thrown at the `co_yield` where it is suspended.
  bool inject(std::exception_ptr error);
  void close();
  /// The generator object goes: closes, reports what that throws, frees the frame.
  void drop() noexcept;

 protected:
  ~GeneratorPromiseBase() = default;
  /// At a `co_yield` that goes on.
  void rethrow_injected() {
    if (thrown_) [[unlikely]]
      std::rethrow_exception(std::exchange(thrown_, nullptr));
  }
  std::source_location location_;

 private:
  enum class State : std::uint8_t { created, suspended, running, finished };

  std::exception_ptr thrown_;  // on its way into the generator, or out of it
  State state_ = State::created;
};

template <class Return>
struct GeneratorReturn : GeneratorPromiseBase {
  template <class U = Return>
    requires std::is_constructible_v<Return, U&&>
  void return_value(U&& value) {
    returned.emplace(std::forward<U>(value));
  }
  std::optional<Return> returned;
};
template <>
struct GeneratorReturn<void> : GeneratorPromiseBase {
  void return_void() const noexcept {}
};

}  // namespace detail

/// An iterator of the values that a function yields: `Generator<int> count() { co_yield 1; }`.
/// Calling the function runs nothing; each step runs it to its next `co_yield`. Movable; an
/// exception that the function throws leaves through the step that ran it, and ends it. Take
/// parameters by value: the generator outlives the expression that made it. Of one thread at a
/// time, any. In the function `co_yield x` gives what `send` passes (a `Send`; Send() after a plain
/// `next`), or nothing when `Send` is None. `co_return r` with the third parameter: see `result`.
/// A suspended generator that is destroyed is closed first, as `close` does; errors of that are
/// reported to the running loop's exception handler, else printed. Behaviour of Python's
/// generators, PEP 342.
template <class T, class Send = None, class Return = void>
class [[nodiscard("a generator does nothing until it is iterated")]] Generator {
 public:
  class promise_type;
  class Iterator;
  struct Sentinel {};
  using value_type = T;

  Generator(Generator&& other) noexcept : promise_(std::exchange(other.promise_, nullptr)) {}
  Generator& operator=(Generator&& other) noexcept {
    Generator(std::move(other)).swap(*this);
    return *this;
  }
  ~Generator() {
    if (promise_) promise_->drop();
  }
  void swap(Generator& other) noexcept { std::swap(promise_, other.promise_); }

  /// The next value; nothing at the end (Python's StopIteration), and from then on.
  /// Throws what the generator throws, ValueError when called from inside it.
  std::optional<T> next() { return step(promise_->advance()); }
  /// The same; `co_yield` gives `value` inside. Throws TypeError before the first `next`: there is
  /// no `co_yield` yet that could give it.
  std::optional<T> send(Send value)
    requires(!std::is_same_v<Send, None>)
  {
    if (promise_->created()) {
      detail::raise_type_error("can't send non-None value to a just-started generator");
    }
    promise_->check_idle();
    promise_->sent.value.emplace(std::move(value));
    return next();
  }
  /// Throws `error` inside, at the `co_yield`; gives the next value, as `next`, when it is caught
  /// there. In a generator that has not begun, or is finished, it comes straight back.
  std::optional<T> throw_(std::exception_ptr error) {
    return step(promise_->inject(std::move(error)));
  }
  template <class E>
    requires(!std::is_same_v<std::remove_cvref_t<E>, std::exception_ptr>)
  std::optional<T> throw_(E&& error) {
    return throw_(std::make_exception_ptr(std::forward<E>(error)));
  }
  /// Ends it: throws GeneratorExit at the `co_yield`. Throws RuntimeError when it yields again
  /// nevertheless, and other exceptions that it throws on the way. No effect on a finished one.
  void close() { promise_->close(); }
  /// Whether it has come to its end.
  bool done() const noexcept { return promise_->finished(); }
  /// What it returned (the `value` of Python's StopIteration). Throws InvalidStateError when it has
  /// not.
  detail::NoneIfVoid<Return>& result()
    requires(!std::is_void_v<Return>)
  {
    if (!promise_->returned) detail::raise_generator_not_returned();
    return *promise_->returned;
  }

  /// For range-for: takes the next value, and goes on where the last loop broke off.
  Iterator begin() { return Iterator(promise_->advance() ? promise_ : nullptr); }
  Sentinel end() const noexcept { return {}; }

 private:
  explicit Generator(promise_type& promise) noexcept : promise_(&promise) {}
  std::optional<T> step(bool yielded) {
    if (!yielded) return std::nullopt;
    std::optional<T> value = std::move(promise_->value);
    promise_->value.reset();
    return value;
  }

  promise_type* promise_;
};

template <class T, class Send, class Return>
class Generator<T, Send, Return>::promise_type final : public detail::GeneratorReturn<Return> {
  static_assert(std::is_object_v<T> && std::is_move_constructible_v<T>,
                "a generator yields movable values: not references (yield a pointer)");
  static_assert(alignof(T) <= 16, "over-aligned values do not fit a frame: yield a unique_ptr");

  class Yield {
   public:
    explicit Yield(promise_type& promise) noexcept : promise_(promise) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    auto await_resume() const {
      promise_.rethrow_injected();
      return promise_.sent.take();
    }

   private:
    promise_type& promise_;
  };

 public:
  Generator get_return_object(
      std::source_location here = std::source_location::current()) noexcept {
    this->location_ = here;
    return Generator(*this);
  }
  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  Yield yield_value(U&& yielded) {
    value.emplace(std::forward<U>(yielded));
    return Yield(*this);
  }
  template <class A>
  void await_transform(A&&) = delete;  // a Generator cannot co_await: make it an AsyncGenerator

  std::optional<T> value;
  [[no_unique_address]] detail::SentValue<Send> sent;
};

/// An input iterator; `*it` may be moved from.
template <class T, class Send, class Return>
class Generator<T, Send, Return>::Iterator {
 public:
  using value_type = T;
  using difference_type = std::ptrdiff_t;

  Iterator() noexcept = default;
  explicit Iterator(promise_type* promise) noexcept : promise_(promise) {}
  T& operator*() const noexcept { return *promise_->value; }
  T* operator->() const noexcept { return &*promise_->value; }
  Iterator& operator++() {
    if (!promise_->advance()) promise_ = nullptr;
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& it, Sentinel) noexcept { return it.promise_ == nullptr; }

 private:
  promise_type* promise_ = nullptr;  // null at the end
};

}  // namespace hob
