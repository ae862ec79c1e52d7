// SPDX-License-Identifier: MIT
// Between loops of different threads: run_coroutine_threadsafe hands a coroutine to a loop from any
// thread; `on` is the same for coroutines, awaited.
#pragma once

#include <hob/core/raise.hpp>
#include <hob/core/ref.hpp>
#include <hob/task/concurrent_future.hpp>
#include <hob/task/task.hpp>
#include <hob/task/this_task.hpp>
#include <hob/task/value.hpp>

#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hob {
namespace detail {

class RemoteLoop;

/// A task that is made, runs and ends on its own loop for somebody in another thread. Counted
/// atomically. As a callback it belongs to the target's thread, as everything below says.
class RemoteTask : public Callback {
 public:
  explicit RemoteTask(EventLoop& target);
  virtual ~RemoteTask();

  void retain() noexcept { __atomic_fetch_add(&refs_, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_fetch_sub(&refs_, 1, __ATOMIC_ACQ_REL) == 1) delete this;
  }
  /// Any thread. Sends it off; when the target is closed, calls `lost` and gives false.
  bool start();
  /// Any thread, after `start`. Cancels the task; no effect when it is done or lost.
  void cancel(Ref<Message> message);

 protected:
  // On the target's thread. Exactly one of `finished` and `lost` is called, once.
  virtual Ref<FutureBase> make_task() = 0;
  virtual void finished(FutureBase& task) noexcept = 0;
  /// There was no task, or it did not come to its end. On the caller's thread when never sent.
  virtual void lost(std::exception_ptr error) noexcept = 0;

  unsigned cancels_delivered_ = 0;

 private:
  struct Ticket;
  void begin();
  void on_done(FutureBase& task) override;
  void drop() noexcept override;

  Ref<RemoteLoop> target_;
  FutureBase* task_ = nullptr;  // while this is among its callbacks
  unsigned refs_ = 1;
};

/// `Base` with the callable and the arguments of the coroutine.
template <class Base, class F, class... Args>
class BoundRemoteTask final : public Base {
 public:
  template <class... Bs>
  explicit BoundRemoteTask(EventLoop& target, F&& fn, Bs&&... args)
      : Base(target), call_(std::in_place, std::move(fn), std::forward<Bs>(args)...) {}

 private:
  Ref<FutureBase> make_task() override {
    std::tuple<F, Args...> call = std::move(*call_);
    call_.reset();
    return std::apply(
        [](F& fn, Args&... args) {
          return hob::create_task(std::move(fn), std::move(args)...).state();
        },
        call);
  }
  void lost(std::exception_ptr error) noexcept override {
    call_.reset();
    Base::lost(std::move(error));
  }

  std::optional<std::tuple<F, Args...>> call_;
};

/// The task of run_coroutine_threadsafe.
template <class T>
class ThreadsafeTask : public RemoteTask {
 public:
  explicit ThreadsafeTask(EventLoop& target) : RemoteTask(target), future_(make_future()) {}
  const concurrent::Future<T>& future() const noexcept { return future_; }

 protected:
  void finished(FutureBase& task) noexcept override {
    if (task.cancelled()) future_.cancel();
    try {
      if (!future_.set_running_or_notify_cancel()) return;
      if (std::exception_ptr error = task.exception()) return future_.set_exception(error);
    } catch (...) {  // the caller finished the future itself
      return;
    }
    try {
      future_.set_result(std::move(value_of<T>(task).get()));
    } catch (...) {
      if (!future_.done()) future_.set_exception(std::current_exception());
    }
  }
  void lost(std::exception_ptr error) noexcept override {
    if (!future_.done() && future_.set_running_or_notify_cancel()) future_.set_exception(error);
  }

 private:
  static concurrent::Future<T> make_future() { return concurrent::Future<T>::make(); }
  concurrent::Future<T> future_;
};

/// Makes a cancellation of `future` one of `task`.
void forward_cancel(ConcurrentFutureBase& future, Ref<RemoteTask> task);

/// The task of `on`: brings its outcome home.
class HomingTask : public RemoteTask {
 public:
  explicit HomingTask(EventLoop& target);
  ~HomingTask() override;

  /// Sends it off and waits for its end; forwards cancellations of the awaiting task.
  static Coro<> wait(Ref<HomingTask> task);
  /// Home's thread, after `wait`.
  void check_value() const {
    if (error_) std::rethrow_exception(error_);
  }

 protected:
  virtual void take_value(FutureBase& task) = 0;
  void finished(FutureBase& task) noexcept override;
  void lost(std::exception_ptr error) noexcept override;

 private:
  class Home;
  void bring_home() noexcept;

  Ref<RemoteLoop> home_;
  Signal* waiting_ = nullptr;  // home's thread; null when nobody waits any more
  std::exception_ptr error_;
};

template <class T>
class HomingTaskOf : public HomingTask {
 public:
  using HomingTask::HomingTask;
  ValueSlot<T> value;

 protected:
  void take_value(FutureBase& task) override { value.emplace(std::move(value_of<T>(task).get())); }
};

template <class T>
Coro<T> run_on(Ref<HomingTaskOf<T>> task) {
  co_await HomingTask::wait(Ref<HomingTask>(task.get()));
  task->check_value();
  if constexpr (!std::is_void_v<T>) co_return std::move(task->value.get());
}

template <class F, class... Args>
using RemoteResult = typename CoroResult<std::invoke_result_t<F&, Args...>>::Type;

}  // namespace detail

/// Runs the coroutine `fn(args...)` as a task on `loop`, from any thread but the loop's own.
/// Callable and arguments are moved to the loop's thread, used and destroyed there (std::ref opts
/// out). Cancelling the future cancels the task; a task that is cancelled cancels the future.
/// Throws RuntimeError when the loop is closed; the future gets one when it is closed too early.
/// `loop` must exist during this call only. Behaviour of asyncio.run_coroutine_threadsafe.
template <class F, class... Args>
  requires std::is_invocable_v<F&, Args...>
auto run_coroutine_threadsafe(EventLoop& loop, F fn, Args... args) {
  using T = detail::RemoteResult<F, Args...>;
  using Remote = detail::BoundRemoteTask<detail::ThreadsafeTask<T>, F, Args...>;
  auto* remote = new Remote(loop, std::move(fn), std::move(args)...);
  const auto task = detail::Ref<detail::RemoteTask>::adopt(remote);
  concurrent::Future<T> future = remote->future();
  if (!task->start()) detail::raise_runtime_error("Event loop is closed");
  detail::forward_cancel(*future.base(), task);
  return future;
}

/// Runs the coroutine `fn(args...)` as a task on another thread's loop; `co_await on(loop, fn, x)`
/// gives its result here, or throws its exception. Callable and arguments are moved to that thread,
/// used and destroyed there (std::ref opts out). Cancelling the await cancels the task there and
/// waits for its end: what it makes of the cancellation is what the await gives. Throws
/// RuntimeError when `loop` is closed, or is closed before the task ends. `loop` must exist when it
/// is awaited. While it runs, this loop is not deadlocked and its virtual time stands still.
template <class F, class... Args>
  requires std::is_invocable_v<F&, Args...>
auto on(EventLoop& loop, F fn, Args... args) {
  using T = detail::RemoteResult<F, Args...>;
  using Remote = detail::BoundRemoteTask<detail::HomingTaskOf<T>, F, Args...>;
  auto* remote = new Remote(loop, std::move(fn), std::move(args)...);
  return detail::run_on<T>(detail::Ref<detail::HomingTaskOf<T>>::adopt(remote));
}

}  // namespace hob
