// SPDX-License-Identifier: MIT
// The inside of AsyncGenerator: its promise, which is the counted state of the generator, and the
// awaiters of its operations. Control passes as with a Coro: an operation makes the generator part
// of the awaiting task until the next co_yield. An operation in progress holds the frame, and so
// does the task that closes it.
#pragma once

#include <hob/core/memory.hpp>
#include <hob/core/node.hpp>
#include <hob/core/ref.hpp>
#include <hob/core/result.hpp>
#include <hob/task/awaitable.hpp>
#include <hob/task/generator.hpp>
#include <hob/task/task_base.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

namespace hob {

template <class T, class Send = None>
class AsyncGenerator;

namespace detail {

/// The part of an async generator's promise that does not depend on types. Linked into its loop's
/// list from the first iteration to the end. Counted; of the loop's thread.
class AsyncGeneratorBase : public AwaitingPromise, public Link {
 public:
  enum class State : std::uint8_t { created, suspended, running, finished };

  AsyncGeneratorBase() noexcept = default;
  AsyncGeneratorBase(const AsyncGeneratorBase&) = delete;
  AsyncGeneratorBase& operator=(const AsyncGeneratorBase&) = delete;
  static AsyncGeneratorBase& of(Link& link) noexcept {
    return static_cast<AsyncGeneratorBase&>(link);
  }

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) drop();
  }

  static void* operator new(std::size_t size) { return allocate(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { deallocate(frame, size); }
  void unhandled_exception() noexcept { error = std::current_exception(); }
  void return_void() const noexcept {}

  State state() const noexcept { return state_; }
  bool can_step() const noexcept { return state_ == State::suspended || state_ == State::created; }
  bool can_throw() const noexcept { return state_ == State::suspended && !closed; }
  /// Control goes into the generator, on behalf of the coroutine that awaits.
  Transfer enter(PromiseBase& awaiting) noexcept {
    if (loop_core == nullptr) [[unlikely]]
      enlist(*awaiting.task);
    state_ = State::running;
    fresh = false;
    continuation = &awaiting;
    task = awaiting.task;
    return transfer_to(*this);
  }
  /// And back, at a `co_yield` or at the end.
  Transfer leave_at_yield() noexcept {
    state_ = State::suspended;
    fresh = true;
    return leave();
  }
  Transfer leave_at_end() noexcept {
    finish();
    return leave();
  }
  void finish() noexcept {
    state_ = State::finished;
    if (linked()) unlink();
  }
  std::string repr() const;

  LoopCore* loop_core = nullptr;  // counted; where it is registered, from the first iteration
  std::source_location function;
  bool fresh = false;        // it yielded a value that nobody took yet
  bool closed = false;       // by aclose; one that ignored it can only be iterated
  bool finalized = false;    // the object is gone
  bool close_began = false;  // of the task that closes it

 protected:
  ~AsyncGeneratorBase();

 private:
  Transfer leave() noexcept { return transfer_to(*std::exchange(continuation, nullptr)); }
  /// First iteration: its loop is to know it (asyncio's firstiter hook).
  void enlist(TaskBase& first) noexcept;
  /// Nobody refers to it any more: it is closed in a task, or destroyed when there is nothing to
  /// close.
  void drop() noexcept;

  std::uint32_t refs_ = 1;
  State state_ = State::created;
};

struct AsyncGeneratorEnd {
  bool await_ready() const noexcept { return false; }
  template <class P>
  Transfer await_suspend(std::coroutine_handle<P> self) const noexcept {
    return self.promise().leave_at_end();
  }
  void await_resume() const noexcept {}
};

enum class AsyncGeneratorCall : std::uint8_t { next, throw_, close };

/// One operation on a generator, as an awaiter. What it could not begin is decided in
/// `await_resume`.
class AsyncGeneratorAwaiter : public LibraryAwaiter {
 protected:
  AsyncGeneratorAwaiter(AsyncGeneratorBase& generator, AsyncGeneratorCall call) noexcept
      : generator_(&generator), call_(call) {}

  Transfer enter(PromiseBase& awaiting) noexcept {
    began_ = true;
    return generator_->enter(awaiting);
  }
  /// What the await throws; null when it gives a value, or nothing because of the end.
  std::exception_ptr take_error() {
    if (began_ && call_ == AsyncGeneratorCall::next && !generator_->error) [[likely]] {
      began_ = false;
      return nullptr;
    }
    return take_error_slow();
  }

  Ref<AsyncGeneratorBase> generator_;
  AsyncGeneratorCall call_;
  bool began_ = false;

 private:
  std::exception_ptr take_error_slow();
};

template <class T, class Send>
class AsyncGeneratorPromise;

/// What `anext` gives.
template <class T, class Send>
class AnextAwaiter : public AsyncGeneratorAwaiter {
 public:
  explicit AnextAwaiter(AsyncGeneratorPromise<T, Send>& generator,
                        AsyncGeneratorCall call = AsyncGeneratorCall::next) noexcept
      : AsyncGeneratorAwaiter(generator, call) {}
  bool await_ready() const noexcept { return !this->generator_->can_step(); }
  template <class P>
  Transfer await_suspend(std::coroutine_handle<P> self) noexcept {
    return this->enter(self.promise());
  }
  std::optional<T> await_resume() {
    if (std::exception_ptr error = this->take_error()) [[unlikely]] {
      std::rethrow_exception(std::move(error));
    }
    return promise().take_value();
  }
  Result<std::optional<T>> await_resume_result() {
    using R = Result<std::optional<T>>;
    if (std::exception_ptr error = this->take_error()) return R(std::move(error));
    return R(promise().take_value());
  }

 protected:
  AsyncGeneratorPromise<T, Send>& promise() const noexcept {
    return static_cast<AsyncGeneratorPromise<T, Send>&>(*this->generator_);
  }
};

template <class T, class Send>
class AsendAwaiter : public AnextAwaiter<T, Send> {
 public:
  AsendAwaiter(AsyncGeneratorPromise<T, Send>& generator, Send value)
      : AnextAwaiter<T, Send>(generator), value_(std::move(value)) {}
  bool await_ready() const noexcept {
    return this->generator_->state() != AsyncGeneratorBase::State::suspended;
  }
  template <class P>
  Transfer await_suspend(std::coroutine_handle<P> self) {
    this->promise().sent.value.emplace(std::move(value_));
    return this->enter(self.promise());
  }

 private:
  Send value_;
};

template <class T, class Send>
class AthrowAwaiter : public AnextAwaiter<T, Send> {
 public:
  AthrowAwaiter(AsyncGeneratorPromise<T, Send>& generator, std::exception_ptr error) noexcept
      : AnextAwaiter<T, Send>(generator, AsyncGeneratorCall::throw_), error_(std::move(error)) {}
  bool await_ready() noexcept {
    if (this->generator_->can_throw()) return false;
    // At its first line there is nothing that could catch it.
    if (this->generator_->state() != AsyncGeneratorBase::State::created) return true;
    this->generator_->finish();
    this->generator_->error = std::move(error_);
    this->began_ = true;
    return true;
  }
  template <class P>
  Transfer await_suspend(std::coroutine_handle<P> self) noexcept {
    this->generator_->error = std::move(error_);
    return this->enter(self.promise());
  }

 private:
  std::exception_ptr error_;
};

class AcloseAwaiter : public AsyncGeneratorAwaiter {
 public:
  explicit AcloseAwaiter(AsyncGeneratorBase& generator) noexcept
      : AsyncGeneratorAwaiter(generator, AsyncGeneratorCall::close) {}
  bool await_ready() noexcept;
  template <class P>
  Transfer await_suspend(std::coroutine_handle<P> self) {
    generator_->error = std::make_exception_ptr(GeneratorExit());
    return enter_to_close(self.promise());
  }
  void await_resume() {
    if (std::exception_ptr error = take_error()) std::rethrow_exception(std::move(error));
  }
  Result<> await_resume_result() {
    if (std::exception_ptr error = take_error()) return Result<>(std::move(error));
    return {};
  }

 protected:
  Transfer enter_to_close(PromiseBase& awaiting) noexcept {
    generator_->closed = true;
    return enter(awaiting);
  }
};

template <class T, class Send>
class AsyncGeneratorPromise final : public AsyncGeneratorBase {
  static_assert(std::is_object_v<T> && std::is_move_constructible_v<T>,
                "an async generator yields movable values: not references (yield a pointer)");
  static_assert(alignof(T) <= 16, "over-aligned values do not fit a frame: yield a unique_ptr");

  class Yield {
   public:
    explicit Yield(AsyncGeneratorPromise& promise) noexcept : promise_(promise) {}
    bool await_ready() const noexcept { return false; }
    Transfer await_suspend(std::coroutine_handle<>) const noexcept {
      return promise_.leave_at_yield();
    }
    auto await_resume() const {
      if (promise_.error) [[unlikely]] {
        std::rethrow_exception(promise_.error.take());
      }
      return promise_.sent.take();
    }

   private:
    AsyncGeneratorPromise& promise_;
  };

 public:
  AsyncGenerator<T, Send> get_return_object(
      std::source_location here = std::source_location::current()) noexcept {
    location = function = here;
    return AsyncGenerator<T, Send>(*this);
  }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  AsyncGeneratorEnd final_suspend() const noexcept { return {}; }
  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  Yield yield_value(U&& yielded, std::source_location here = std::source_location::current()) {
    location = here;
    value.emplace(std::forward<U>(yielded));
    return Yield(*this);
  }
  /// The value that was yielded; nothing at the end.
  std::optional<T> take_value() {
    if (!std::exchange(fresh, false)) return std::nullopt;
    std::optional<T> taken = std::move(value);
    value.reset();
    return taken;
  }

  std::optional<T> value;
  [[no_unique_address]] SentValue<Send> sent;
};

}  // namespace detail
}  // namespace hob
