// SPDX-License-Identifier: MIT
// Future<T>: a result that is not there yet. The bridge from callbacks to coroutines.
#pragma once

#include <hob/core/context.hpp>
#include <hob/task/awaitable.hpp>
#include <hob/task/future_base.hpp>
#include <hob/task/value.hpp>

#include <cassert>
#include <coroutine>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace hob {

namespace detail {

template <class T>
class FutureState : public FutureBase {
 public:
  using FutureBase::FutureBase;
  ~FutureState() override { report_unretrieved(); }

  template <class... Args>
  void set_result(Args&&... args) {
    require_pending();
    value.emplace(std::forward<Args>(args)...);
    finish_value();
  }
  [[no_unique_address]] ValueSlot<T> value;
};

/// A task's block: TaskBase and the room for its result.
template <class T>
class TaskState : public TaskBase {
 public:
  using TaskBase::TaskBase;

  [[no_unique_address]] ValueSlot<T> value;

 protected:
  void complete(PromiseBase& root) override;
};

template <class T>
ValueSlot<T>& value_of(FutureBase& future) noexcept {
  if (future.is_task()) return static_cast<TaskState<T>&>(static_cast<TaskBase&>(future)).value;
  return static_cast<FutureState<T>&>(future).value;
}

/// Awaits a future; `Moving` when the awaited handle was an rvalue, so that the value may be moved
/// out.
template <class T, bool Moving>
class FutureAwaiter : public LibraryAwaiter {
 public:
  explicit FutureAwaiter(Ref<FutureBase> future) noexcept : future_(std::move(future)) {}
  bool await_ready() const {
    if (!future_) [[unlikely]]
      raise_invalid_state("awaited an empty future: create_future makes one");
    return future_->done();
  }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    PromiseBase& promise = self.promise();
    task_ = promise.task;
    task_->wait_for(promise, *future_);
  }
  T await_resume() {
    if (task_) task_->finish_wait_for(*future_);
    future_->check_value();
    if constexpr (!std::is_void_v<T>) return take();
  }
  Result<T> await_resume_result() {
    if (task_) {
      try {
        task_->finish_wait_for(*future_);
      } catch (...) {
        return Result<T>(std::current_exception());
      }
    }
    if (std::exception_ptr error = future_->outcome_error()) return Result<T>(std::move(error));
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return Result<T>(take());
    }
  }

 private:
  decltype(auto) take() {
    auto& value = value_of<T>(*future_).get();
    if constexpr (!std::is_copy_constructible_v<T>) {
      static_assert(
          Moving,
          "the result can only be moved: co_await std::move(future), or use future.result()");
      return std::move(value);
    } else {
      // Other handles may still want the value: only the last one may take it away.
      if (Moving && future_->unique()) return T(std::move(value));
      return T(value);
    }
  }

  Ref<FutureBase> future_;
  TaskBase* task_ = nullptr;
};

}  // namespace detail

/// Names one registration of a done callback, for `remove_done_callback`.
class DoneCallbackId {
 public:
  DoneCallbackId() noexcept = default;

 private:
  template <class T>
  friend class Future;
  std::uint64_t id_ = 0;
};

/// A handle to a result that arrives later. Cheap to copy: all copies name the same future. Belongs
/// to its loop's thread. States: PENDING, CANCELLED, FINISHED. An exception that nobody retrieves
/// is reported when the last handle goes. Semantics of asyncio.Future.
template <class T>
class Future {
 public:
  using value_type = T;

  /// An empty handle; anything but assignment, copy and `operator bool` needs a future: see
  /// `create_future`.
  Future() noexcept = default;
  explicit Future(detail::Ref<detail::FutureBase> state) noexcept : state_(std::move(state)) {}

  bool done() const noexcept { return state_->done(); }
  bool cancelled() const noexcept { return state_->cancelled(); }
  FutureStatus status() const noexcept { return state_->status(); }

  /// The result. Throws the exception when there is one, CancelledError when cancelled,
  /// InvalidStateError while pending.
  decltype(auto) result() const {
    state_->check_value();
    if constexpr (!std::is_void_v<T>)
      return static_cast<const T&>(detail::value_of<T>(*state_).get());
  }
  /// The exception, null when it finished with a result. Throws CancelledError, InvalidStateError.
  std::exception_ptr exception() const { return state_->exception(); }

  /// Finishes with a result, made from `args`. Throws InvalidStateError when done.
  template <class... Args>
    requires std::is_constructible_v<detail::NoneIfVoid<T>, Args&&...>
  void set_result(Args&&... args) const {
    if (state_->is_task())
      detail::raise_runtime_error("Task does not support set_result operation");
    static_cast<detail::FutureState<T>&>(*state_).set_result(std::forward<Args>(args)...);
  }
  /// Finishes with an exception. Throws InvalidStateError when done.
  void set_exception(std::exception_ptr error) const {
    if (state_->is_task())
      detail::raise_runtime_error("Task does not support set_exception operation");
    state_->set_exception(std::move(error));
  }
  template <class E>
    requires(!std::is_same_v<std::remove_cvref_t<E>, std::exception_ptr>)
  void set_exception(E&& error) const {
    set_exception(std::make_exception_ptr(std::forward<E>(error)));
  }
  /// Cancels and schedules whoever waits; gives false when it was done. On a task: Task::cancel.
  bool cancel() const { return state_->cancel({}); }
  bool cancel(Text message) const { return state_->cancel(detail::Message::make(message)); }

  /// Calls `fn(future)` through the loop once done (soon, when it is already), in a copy of the
  /// current context, in order of registration. Exceptions of `fn` go to the loop's exception
  /// handler.
  template <class F>
  DoneCallbackId add_done_callback(F&& fn) const;
  template <class F>
  DoneCallbackId add_done_callback(F&& fn, const Context& context) const;
  /// Takes a callback out; gives how many were (0 or 1).
  int remove_done_callback(DoneCallbackId id) const noexcept;

  EventLoop& get_loop() const { return *state_->loop(); }
  /// `<Future pending>`, `<Task finished name='Task-2'>`: for people.
  std::string repr() const {
    std::string text;
    state_->describe(text);
    return text;
  }

  /// Waits until done; gives a copy of the result, or throws as `result()` does. Cancelling the
  /// waiting task cancels this future.
  auto operator co_await() const& noexcept { return detail::FutureAwaiter<T, false>(state_); }
  /// The same; the result is moved out when nobody else holds the future.
  auto operator co_await() && noexcept { return detail::FutureAwaiter<T, true>(std::move(state_)); }

  explicit operator bool() const noexcept { return static_cast<bool>(state_); }
  friend bool operator==(const Future& a, const Future& b) noexcept { return a.state_ == b.state_; }

  /// For combinators.
  const detail::Ref<detail::FutureBase>& state() const noexcept { return state_; }

 protected:
  detail::Ref<detail::FutureBase> state_;
};

namespace detail {

std::uint64_t next_callback_id() noexcept;
/// Runs `call` in `context`; what it throws goes to the loop's handler.
void run_user_callback(FutureBase& future, ContextSlot& context, Function<void()> call);

template <class T, class F>
class DoneCallback final : public Callback, public Pooled {
 public:
  DoneCallback(std::uint64_t id, ContextSlot context, F fn)
      : id_(id), context_(std::move(context)), fn_(std::move(fn)) {}

 private:
  std::uint64_t id() const noexcept override { return id_; }
  void on_done(FutureBase& future) override {
    struct Owner {
      DoneCallback* self;
      ~Owner() { delete self; }
    } const owner{this};
    run_user_callback(future, context_,
                      [&] { static_cast<void>(fn_(Future<T>(Ref<FutureBase>(&future)))); });
  }
  void drop() noexcept override { delete this; }

  std::uint64_t id_;
  ContextSlot context_;
  F fn_;
};

}  // namespace detail

template <class T>
template <class F>
DoneCallbackId Future<T>::add_done_callback(F&& fn) const {
  detail::ContextSlot context = detail::copy_current_context();
  DoneCallbackId id;
  id.id_ = detail::next_callback_id();
  using Fn = std::decay_t<F>;
  static_assert(std::is_invocable_v<Fn&, Future<T>>, "a done callback is called with the future");
  state_->add_callback(
      *new detail::DoneCallback<T, Fn>(id.id_, std::move(context), std::forward<F>(fn)));
  return id;
}

template <class T>
template <class F>
DoneCallbackId Future<T>::add_done_callback(F&& fn, const Context& context) const {
  DoneCallbackId id;
  id.id_ = detail::next_callback_id();
  using Fn = std::decay_t<F>;
  static_assert(std::is_invocable_v<Fn&, Future<T>>, "a done callback is called with the future");
  state_->add_callback(
      *new detail::DoneCallback<T, Fn>(id.id_, context.state(), std::forward<F>(fn)));
  return id;
}

template <class T>
int Future<T>::remove_done_callback(DoneCallbackId id) const noexcept {
  return state_->remove_callback(id.id_);
}

template <class T>
Future<T> EventLoop::create_future() {
  if (core_.closed) check_usable();
  return Future<T>(detail::Ref<detail::FutureBase>::adopt(new detail::FutureState<T>(*this)));
}

/// A pending future of the running loop.
template <class T = void>
Future<T> create_future() {
  return get_running_loop().create_future<T>();
}

template <class T>
inline constexpr bool kIsFuture = false;
template <class T>
inline constexpr bool kIsFuture<Future<T>> = true;
template <class T>
inline constexpr bool kIsFuture<Task<T>> = true;

}  // namespace hob
