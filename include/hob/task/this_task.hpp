// SPDX-License-Identifier: MIT
// Building blocks of the combinators: which task a coroutine runs in, and a wait of one task for
// one signal.
#pragma once

#include <hob/task/awaitable.hpp>
#include <hob/task/task_base.hpp>

#include <coroutine>

namespace hob::detail {

/// `TaskBase& task = co_await ThisTask();` does not suspend.
class ThisTask : public LibraryAwaiter {
 public:
  ThisTask() noexcept = default;
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) noexcept {
    task_ = self.promise().task;
    return false;
  }
  TaskBase& await_resume() const noexcept { return *task_; }

 private:
  TaskBase* task_ = nullptr;
};

/// A future without a value that one task awaits and nobody else sees (asyncio's `waiter`).
class Signal {
 public:
  Signal() noexcept = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  /// Wakes the waiter, or lets it not wait at all. Once is enough.
  void set() noexcept {
    if (set_) return;
    set_ = true;
    if (task_ && !task_->wake_pending()) task_->wake();
  }
  bool is_set() const noexcept { return set_; }

  class Awaiter : public LibraryAwaiter {
   public:
    explicit Awaiter(Signal& signal) noexcept : signal_(&signal) {}
    bool await_ready() const noexcept { return signal_->set_; }
    template <class P>
    void await_suspend(std::coroutine_handle<P> self) noexcept {
      PromiseBase& promise = self.promise();
      signal_->task_ = promise.task;
      signal_->task_->begin_wait(promise, kKind, nullptr);
      signal_->task_->end_wait();
    }
    void await_resume() const {
      if (TaskBase* task = std::exchange(signal_->task_, nullptr)) task->finish_wait();
    }

   private:
    Signal* signal_;
  };
  Awaiter operator co_await() noexcept { return Awaiter(*this); }

 private:
  static constexpr WaitKind kKind{&TaskBase::cancel_linked, "other tasks"};
  TaskBase* task_ = nullptr;
  bool set_ = false;
};

}  // namespace hob::detail
