// SPDX-License-Identifier: MIT
// AsyncGenerator<T, Send>: a function that both awaits and yields (PEP 525).
#pragma once

#include <hob/task/async_generator_frame.hpp>
#include <hob/task/coro.hpp>

#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace hob {

/// A generator that may co_await: `AsyncGenerator<Line> lines(Stream s) { ... co_yield line; }`,
/// used as `while (auto line = co_await gen.anext())`. It runs inside the task that awaits its
/// operations: what it awaits is cancelled with that task, and its exceptions come out of the
/// operation and end it. Take parameters by value. Movable; of its loop's thread. In the function
/// `co_yield x` gives what `asend` passes (a `Send`; Send() after `anext`), or nothing when `Send`
/// is None.
///
/// C++ has no asynchronous destructor, so an object that is destroyed in mid-iteration hands its
/// frame to a new task of the loop, which closes it soon, as `aclose` does; errors of that are
/// reported as that task's. `run` closes what is left at its end (`EventLoop::shutdown_asyncgens`).
/// Where the clean-up must be over at a known point, `co_await gen.aclose()`. Behaviour of Python's
/// asynchronous generators, PEP 525.
///
/// Operations are lazy, like coroutines: they do nothing until awaited. One at a time: a second
/// one, while the first is suspended, throws RuntimeError.
template <class T, class Send>
class [[nodiscard("an async generator does nothing until it is iterated")]] AsyncGenerator {
 public:
  using promise_type = detail::AsyncGeneratorPromise<T, Send>;
  using value_type = T;

  AsyncGenerator(AsyncGenerator&& other) noexcept
      : promise_(std::exchange(other.promise_, nullptr)) {}
  AsyncGenerator& operator=(AsyncGenerator&& other) noexcept {
    AsyncGenerator(std::move(other)).swap(*this);
    return *this;
  }
  ~AsyncGenerator() {
    if (promise_) promise_->release();
  }
  void swap(AsyncGenerator& other) noexcept { std::swap(promise_, other.promise_); }

  /// Runs to the next `co_yield` and gives its value; nothing at the end, and from then on
  /// (Python's StopAsyncIteration). Suspends when the generator does. A cancellation is thrown
  /// inside, at what the generator awaits, and ends it unless it is caught there. Throws what the
  /// generator throws.
  [[nodiscard]] auto anext() noexcept { return detail::AnextAwaiter<T, Send>(*promise_); }

  /// The same; `co_yield` gives `value` inside. Throws TypeError before the first `anext`.
  [[nodiscard]] auto asend(Send value)
    requires(!std::is_same_v<Send, None>)
  {
    return detail::AsendAwaiter<T, Send>(*promise_, std::move(value));
  }

  /// Throws `error` inside, at the `co_yield`. When it is caught there, gives the next value, as
  /// `anext`. In a generator that has not begun it comes straight back; a finished one takes no
  /// notice of it.
  [[nodiscard]] auto athrow(std::exception_ptr error) noexcept {
    return detail::AthrowAwaiter<T, Send>(*promise_, std::move(error));
  }
  template <class E>
    requires(!std::is_same_v<std::remove_cvref_t<E>, std::exception_ptr>)
  [[nodiscard]] auto athrow(E&& error) {
    return athrow(std::make_exception_ptr(std::forward<E>(error)));
  }

  /// Ends it: throws GeneratorExit at the `co_yield` and waits for the clean-up. Suspends when that
  /// does; a cancellation is thrown into the clean-up. Throws RuntimeError when the generator
  /// yields again nevertheless, and other exceptions that it throws on the way. No effect on a
  /// finished one.
  [[nodiscard]] auto aclose() noexcept { return detail::AcloseAwaiter(*promise_); }

  /// `<async_generator object ticker at 0x...>`: for people.
  std::string repr() const { return promise_->repr(); }

 private:
  friend promise_type;
  explicit AsyncGenerator(promise_type& promise) noexcept : promise_(&promise) {}

  promise_type* promise_;
};

}  // namespace hob
