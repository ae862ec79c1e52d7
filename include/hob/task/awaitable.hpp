// SPDX-License-Identifier: MIT
// What may stand after co_await, and how to write an awaitable of your own.
//
// The usual way is Python's `__await__`: give the type an `operator co_await` that returns the
// awaiter of a Future (or of another awaitable), and let callbacks set that future's result. For a
// leaf that needs to know about cancellation itself, write an awaiter that takes a hob::Waiter:
//
//   struct MyAwaiter {
//     bool await_ready() noexcept;            // true: no suspension
//     void await_suspend(hob::Waiter waiter); // keep it; call waiter.wake() on the loop's thread,
//     once T await_resume();                       // the result; may throw bool cancel() noexcept;
//     // optional, see below
//   };
//
// `cancel()` is asked when the task is cancelled while it waits here. It answers true when the
// operation has ended without effect: the await throws CancelledError, and `wake` must not be
// called any more. It answers false when the operation cannot be stopped, or is stopping: the await
// goes on until `wake()`, which delivers the result and leaves the cancellation to the next
// suspension, or `wake_cancelled()`, which throws. Either it happened, or it had no effect. Without
// a `cancel` member the await simply cannot be interrupted.
#pragma once

#include <hob/task/promise.hpp>
#include <hob/task/task_base.hpp>

#include <concepts>
#include <coroutine>
#include <source_location>
#include <type_traits>
#include <utility>

namespace hob {

/// A custom awaiter's means to wake the task that waits on it. Belongs to the loop's thread.
class Waiter {
 public:
  Waiter() noexcept = default;
  explicit Waiter(detail::TaskBase& task) noexcept : task_(&task) {}

  /// Ends the wait: the task is scheduled, and `await_resume` gives the result. Once per
  /// suspension.
  void wake() noexcept { std::exchange(task_, nullptr)->wake(); }
  /// Ends the wait as cancelled, after `cancel()` answered false: the await throws CancelledError.
  void wake_cancelled() noexcept {
    task_->set_wait_cancelled(task_->cancel_message());
    wake();
  }
  EventLoop& loop() const noexcept { return *task_->loop(); }
  explicit operator bool() const noexcept { return task_ != nullptr; }

 private:
  detail::TaskBase* task_ = nullptr;
};

namespace detail {

template <class A>
concept HasMemberCoAwait = requires(A&& a) { static_cast<A&&>(a).operator co_await(); };
template <class A>
concept HasFreeCoAwait = requires(A&& a) { operator co_await(static_cast<A&&>(a)); };
template <class A>
concept CustomAwaiter = requires(A& a, Waiter waiter) {
  { a.await_ready() } -> std::convertible_to<bool>;
  a.await_suspend(waiter);
  a.await_resume();
};
/// Base of the library's own awaiters: they take the handle of the suspended coroutine.
struct LibraryAwaiter {};

/// Runs a CustomAwaiter inside a task. `A` is a reference when the awaiter lives elsewhere.
template <class A>
class CustomAwait : public LibraryAwaiter {
  using Awaiter = std::remove_reference_t<A>;

 public:
  explicit CustomAwait(A&& awaiter) : awaiter_(static_cast<A&&>(awaiter)) {}
  bool await_ready() { return awaiter_.await_ready(); }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) {
    TaskBase& task = *self.promise().task;
    task.begin_wait(self.promise(), kKind, &awaiter_);
    awaiter_.await_suspend(Waiter(task));
    task_ = &task;
    task.end_wait();
  }
  decltype(auto) await_resume() {
    if (task_ && task_->wait_cancelled()) [[unlikely]]
      task_->finish_wait();
    return awaiter_.await_resume();
  }

 private:
  static bool cancel(TaskBase& task, const Ref<Message>& message) noexcept {
    if (task.wake_pending()) return false;
    if constexpr (requires(Awaiter& a) {
                    { a.cancel() } -> std::convertible_to<bool>;
                  }) {
      if (!static_cast<Awaiter*>(task.wait_object())->cancel()) return false;
      task.set_wait_cancelled(message);
      task.wake();
      return true;
    } else {
      return false;
    }
  }
  static constexpr WaitKind kKind{&cancel, "a custom awaitable"};

  A awaiter_;
  TaskBase* task_ = nullptr;
};

/// Promises of coroutines that can await: they note where, and turn what is awaited into an
/// awaiter.
struct AwaitingPromise : PromiseBase {
  template <class A>
  decltype(auto) await_transform(A&& awaited,
                                 std::source_location here = std::source_location::current()) {
    location = here;
    using Plain = std::remove_cvref_t<A>;
    if constexpr (HasMemberCoAwait<A>) {
      using Awaiter = decltype(static_cast<A&&>(awaited).operator co_await());
      if constexpr (std::is_base_of_v<LibraryAwaiter, std::remove_cvref_t<Awaiter>>) {
        return static_cast<A&&>(awaited).operator co_await();
      } else {
        return CustomAwait<Awaiter>(static_cast<A&&>(awaited).operator co_await());
      }
    } else if constexpr (HasFreeCoAwait<A>) {
      using Awaiter = decltype(operator co_await(static_cast<A&&>(awaited)));
      if constexpr (std::is_base_of_v<LibraryAwaiter, std::remove_cvref_t<Awaiter>>) {
        return operator co_await(static_cast<A&&>(awaited));
      } else {
        return CustomAwait<Awaiter>(operator co_await(static_cast<A&&>(awaited)));
      }
    } else if constexpr (std::is_base_of_v<LibraryAwaiter, Plain>) {
      return static_cast<A&&>(awaited);
    } else {
      static_assert(
          CustomAwaiter<Plain>,
          "co_await needs a Coro (moved, when it is a variable), a Future or Task, or a type with "
          "operator co_await; <hob/task/awaitable.hpp> tells how to write one. For std::future and "
          "other "
          "callbacks, use a hob::Future and set its result");
      return CustomAwait<Plain&>(awaited);
    }
  }
};

/// What `co_await a` gives.
template <class A>
using AwaitResult = std::remove_cvref_t<
    decltype(std::declval<AwaitingPromise&>().await_transform(std::declval<A>()).await_resume())>;

}  // namespace detail
}  // namespace hob
