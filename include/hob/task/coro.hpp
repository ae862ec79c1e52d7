// SPDX-License-Identifier: MIT
// Coro<T>: what an async function returns. Calling one runs nothing; awaiting it does.
#pragma once

#include <hob/core/memory.hpp>
#include <hob/core/result.hpp>
#include <hob/task/awaitable.hpp>
#include <hob/task/promise.hpp>
#include <hob/task/task_base.hpp>
#include <hob/task/value.hpp>

#include <coroutine>
#include <iosfwd>
#include <source_location>
#include <string>
#include <utility>

namespace hob {

namespace detail {

/// Reports "coroutine 'f' was never awaited" and destroys it.
void destroy_never_awaited(PromiseBase& promise) noexcept;
/// Name of the coroutine function: `add_one`.
std::string coroutine_name(std::source_location location);

struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class P>
  Transfer await_suspend(std::coroutine_handle<P> self) const noexcept {
    PromiseBase& promise = self.promise();
    if (promise.continuation) [[likely]]
      return transfer_to(*promise.continuation);
    promise.task->root_reached_end(promise);
    return transfer_to_loop();
  }
  void await_resume() const noexcept {}
};

/// What promises of Coro<T> have in common for all T.
struct CoroPromiseBase : AwaitingPromise {
  static void* operator new(std::size_t size) { return allocate(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { deallocate(frame, size); }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct CoroPromise : CoroPromiseBase {
  Coro<T> get_return_object(std::source_location here = std::source_location::current()) noexcept;
  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  void return_value(U&& result) noexcept(std::is_nothrow_constructible_v<T, U&&>) {
    value.emplace(std::forward<U>(result));
  }
  ValueSlot<T> value;
};

template <>
struct CoroPromise<void> : CoroPromiseBase {
  Coro<void> get_return_object(
      std::source_location here = std::source_location::current()) noexcept;
  void return_void() noexcept {}
  [[no_unique_address]] ValueSlot<void> value;
};

template <class T>
class CoroAwaiter;

}  // namespace detail

/// The coroutine object: lazy, awaited once, in place; neither copyable nor movable, so it cannot
/// outlive the arguments of the expression that made it. Await it, or hand it to what takes
/// coroutines (`run`, `create_task`, `gather`, ...) in that expression, or keep it in a variable
/// and pass `std::move(coro)`. One that is dropped without having been awaited is reported:
/// "coroutine 'f' was never awaited".
template <class T>
class [[nodiscard(
    "a coroutine does nothing until it is awaited: co_await it, or hand it to create_task")]] Coro {
 public:
  using promise_type = detail::CoroPromise<T>;
  using value_type = T;

  Coro(const Coro&) = delete;
  Coro& operator=(const Coro&) = delete;
  [[gnu::always_inline]] inline ~Coro() {
    if (!promise_) return;
    if (promise_->task == nullptr) [[unlikely]] {
      detail::destroy_never_awaited(*promise_);
    } else {
      promise_->destroy();
    }
  }

  /// Runs the coroutine as part of the awaiting task. Gives its result or throws its exception; a
  /// cancellation of the task reaches whatever the coroutine awaits.
  detail::CoroAwaiter<T> operator co_await() && noexcept {
    return detail::CoroAwaiter<T>(*promise_);
  }

  /// The name of the coroutine function, as Python's `coro.__name__`.
  std::string name() const { return detail::coroutine_name(promise_->location); }
  /// Where the coroutine is suspended: its function's beginning before it is awaited.
  std::source_location location() const noexcept { return promise_->location; }
  /// Ends a coroutine that is not going to be awaited, without the report (Python's
  /// `coro.close()`).
  void close() noexcept {
    if (promise_) release().destroy();
  }

  /// For combinators: the coroutine now belongs to the caller.
  promise_type& release() noexcept { return *std::exchange(promise_, nullptr); }

  template <class Stream>
    requires requires(Stream& s) { s << ""; }
  friend Stream& operator<<(Stream& out, const Coro& coro) {
    out << "<coroutine object " << coro.name() << " at " << static_cast<const void*>(coro.promise_)
        << '>';
    return out;
  }

 private:
  friend promise_type;
  explicit Coro(promise_type& promise) noexcept : promise_(&promise) {}

  promise_type* promise_;
};

namespace detail {

template <class T>
class CoroAwaiter : public LibraryAwaiter {
 public:
  explicit CoroAwaiter(CoroPromise<T>& child) noexcept : child_(&child) {}
  bool await_ready() const noexcept { return false; }
  template <class P>
  Transfer await_suspend(std::coroutine_handle<P> parent) const noexcept {
    PromiseBase& awaiting = parent.promise();
    child_->continuation = &awaiting;
    child_->task = awaiting.task;
    return transfer_to(*child_);
  }
  T await_resume() const {
    if (child_->error) [[unlikely]]
      std::rethrow_exception(child_->error.take());
    if constexpr (!std::is_void_v<T>) return std::move(child_->value.get());
  }
  /// await_resume without throwing (as_result).
  Result<T> await_resume_result() const {
    if (child_->error) [[unlikely]]
      return Result<T>(child_->error.take());
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return Result<T>(std::move(child_->value.get()));
    }
  }

 private:
  CoroPromise<T>* child_;
};

/// A coroutine that a combinator took over: owned, movable, awaited at most once.
template <class T>
class OwnedCoro {
 public:
  explicit OwnedCoro(Coro<T>&& coro) noexcept : promise_(&coro.release()) {}
  OwnedCoro(OwnedCoro&& other) noexcept : promise_(std::exchange(other.promise_, nullptr)) {}
  OwnedCoro& operator=(OwnedCoro&&) = delete;
  ~OwnedCoro() {
    if (promise_) promise_->destroy();
  }
  CoroAwaiter<T> operator co_await() const noexcept { return CoroAwaiter<T>(*promise_); }
  CoroPromise<T>& release() noexcept { return *std::exchange(promise_, nullptr); }

 private:
  CoroPromise<T>* promise_;
};

template <class T>
Coro<T> CoroPromise<T>::get_return_object(std::source_location here) noexcept {
  location = here;
  return Coro<T>(*this);
}
inline Coro<void> CoroPromise<void>::get_return_object(std::source_location here) noexcept {
  location = here;
  return Coro<void>(*this);
}

}  // namespace detail
}  // namespace hob
