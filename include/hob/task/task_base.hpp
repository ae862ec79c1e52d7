// SPDX-License-Identifier: MIT
// TaskBase: the control block of a task, without its result. It owns the coroutine, the one node by
// which the task waits (for its turn, a future, a timer or a place in a lock's queue: one thing at
// a time), and the cancellation state. This is where asyncio's Task.cancel and Task.__step live.
#pragma once

#include <hob/core/context.hpp>
#include <hob/core/duration.hpp>
#include <hob/loop/handle.hpp>
#include <hob/task/future_base.hpp>
#include <hob/task/promise.hpp>

#include <cstdint>
#include <source_location>

namespace hob {

/// Options of create_task.
struct TaskOptions {
  /// Shown in reports and by `get_name`; "Task-N" when empty. Copied.
  Text name;
  /// The context to run in; null: a copy of the current one.
  const Context* context = nullptr;
  /// Run the first step at once, inside create_task (Python 3.12's eager tasks).
  bool eager_start = false;

  bool empty() const noexcept { return name.empty() && !context && !eager_start; }
};

namespace detail {

/// What a task is suspended on: how to cancel it, and its name in reports.
struct WaitKind {
  /// Ends the wait early: true when the task's wake-up with CancelledError is on its way; false
  /// when the wait cannot be cancelled, or is over already: then the cancellation is delivered at
  /// the wake-up.
  bool (*cancel)(TaskBase& task, const Ref<Message>& message) noexcept;
  const char* name;
};

/// A task's place among all tasks of its loop.
struct AllTasksLink : Link {};

class TaskBase : public FutureBase, public TimerNode, public AllTasksLink {
 public:
  TaskBase(LoopCore& core, std::uintptr_t number, std::source_location created) noexcept
      : FutureBase(core, true), wait_(&kStart), name_(number << 1 | 1), created_(created) {}
  static std::uintptr_t next_number(LoopCore& core) noexcept {
    if (core.task_number == core.task_numbers_end) [[unlikely]]
      take_numbers(core);
    return ++core.task_number;
  }
  [[gnu::always_inline]] inline ~TaskBase() override {
    report_unretrieved();
    if ((name_ & 1) == 0) [[unlikely]]
      reinterpret_cast<Message*>(name_)->release();
  }

  // asyncio.Task.
  bool cancel(Ref<Message> message) noexcept override;
  unsigned cancelling() const noexcept { return cancelling_; }
  unsigned uncancel() noexcept;
  void set_name(Text name);
  std::string get_name() const;
  ContextSlot& context() noexcept { return context_; }
  void describe(std::string& out) const override;
  std::source_location source() const noexcept override { return created_; }
  void silence_destroy_report() noexcept { log_destroy_ = false; }

  /// Takes the coroutine over, makes it known to the loop and schedules its first step.
  void begin(PromiseBase& root) noexcept {
    leaf_ = &root;
    run = &TaskBase::first_step;
    retain();  // the loop's, until done
    core_->tasks.push_back(static_cast<AllTasksLink&>(*this));
    core_->ready.push_back(node());
    root.task = this;
  }
  /// After `begin`, when there are options or a context to inherit. Eager tasks run their first
  /// step in here. What it throws leaves the task ended and the coroutine destroyed.
  void apply(const TaskOptions& options);
  /// `options` as the loop's task factory wants them.
  static TaskOptions ask_task_factory(EventLoop& loop, const TaskOptions* options);
  static TaskBase& of(Link& all_tasks_link) noexcept {
    return static_cast<TaskBase&>(static_cast<AllTasksLink&>(all_tasks_link));
  }
  static TaskBase& of(Node& node) noexcept {
    return static_cast<TaskBase&>(static_cast<TimerNode&>(node));
  }

  // For awaiters. A wait is: begin_wait, put `node()` somewhere, end_wait; later wake(); then, in
  // await_resume, finish_wait. While it lasts the node's `run` is the awaiter's.
  void begin_wait(PromiseBase& leaf, const WaitKind& kind, void* object) noexcept {
    leaf_ = &leaf;
    wait_ = &kind;
    wait_object_ = object;
    woken_ = wait_cancelled_ = false;
  }
  /// Delivers a cancellation that came while the task was running.
  void end_wait() noexcept {
    if (must_cancel_) [[unlikely]]
      cancel_new_wait();
  }
  /// Where it waits; in a list of the awaiter's choice.
  Node& node() noexcept { return *this; }
  /// Ends the wait: the task is scheduled. The node must be in no list.
  void wake() noexcept {
    woken_ = true;
    run = &TaskBase::step;
    core_->ready.push_back(node());
  }
  /// Throws CancelledError when the wait was cancelled, or a cancellation came too late for it.
  void finish_wait() {
    if (wait_cancelled_ || must_cancel_) [[unlikely]]
      throw_cancelled();
  }
  /// Suspends for one iteration of the loop.
  void yield(PromiseBase& leaf) noexcept {
    begin_wait(leaf, kYield, nullptr);
    wake();
  }
  /// Suspends until `future` is done. When it cannot be awaited the wake-up throws.
  void wait_for(PromiseBase& leaf, FutureBase& future) noexcept {
    begin_wait(leaf, kFuture, &future);
    if (&future == this || &future.core() != core_) [[unlikely]]
      return refuse_wait();
    run = &TaskBase::step;
    future.callbacks().push_back(node());
    end_wait();
  }
  /// After wait_for: throws what the cancellation state demands, before the future's own outcome.
  void finish_wait_for(FutureBase& future) {
    if (must_cancel_ || wait_object_ == nullptr) [[unlikely]]
      throw_instead(future);
  }
  /// Suspends until `when_ns`, then for the timer's own turn in the ready queue, as asyncio.sleep
  /// does.
  void sleep_until(PromiseBase& leaf, std::int64_t when_ns) noexcept;
  /// WaitKind::cancel of a wait that ends by unlinking the node.
  static bool cancel_linked(TaskBase& task, const Ref<Message>& message) noexcept;
  static bool cancel_never(TaskBase& task, const Ref<Message>& message) noexcept;
  /// WaitKind::cancel of the wait for a future: forwards to that. Should the cancellation come back
  /// here, because tasks wait for each other in a circle, this wait ends and the circle is broken.
  static bool cancel_awaited(TaskBase& task, const Ref<Message>& message) noexcept;
  static bool break_circle(TaskBase& task, const Ref<Message>& message) noexcept;

  bool wait_cancelled() const noexcept { return wait_cancelled_; }
  bool wake_pending() const noexcept;
  bool must_cancel() const noexcept { return must_cancel_; }
  void clear_cancel() noexcept { must_cancel_ = wait_cancelled_ = false; }
  const Ref<Message>& cancel_message() const noexcept { return message_; }
  void set_wait_cancelled(const Ref<Message>& message) noexcept {
    wait_cancelled_ = true;
    message_ = message;
  }
  void* wait_object() const noexcept { return wait_object_; }
  const WaitKind* wait_kind() const noexcept { return wait_; }
  PromiseBase* leaf() const noexcept { return leaf_; }
  /// The coroutine that the task was made of; null when done.
  PromiseBase* root() const noexcept {
    PromiseBase* promise = leaf_;
    while (promise && promise->continuation) promise = promise->continuation;
    return promise;
  }
  /// The future that the task awaits; null when it waits for something else, or not at all.
  FutureBase* awaited_future() const noexcept;

  /// Notes which coroutine runs, so that a running task's call graph is as good as a suspended
  /// one's.
  void enter(PromiseBase& now_running) noexcept { leaf_ = &now_running; }
  void transfer(PromiseBase& next) noexcept {
    enter(next);
    transfer_ = true;
  }
  void root_reached_end(PromiseBase& root) noexcept {
    leaf_ = &root;
    root_done_ = true;
  }
  static void step(Node* node);
  /// Destroys the suspended coroutine of a task whose loop is closed; reports it when `report`.
  void abandon(bool report) noexcept;

 protected:
  /// Takes the outcome out of the root coroutine. Then `conclude`.
  virtual void complete(PromiseBase& root) = 0;
  /// The task ends with `error` (a CancelledError makes it cancelled). KeyboardInterrupt is also
  /// thrown.
  void complete_error(PromiseBase& root, std::exception_ptr error);
  /// Whether the coroutine returned although a cancellation was pending: then the task is
  /// cancelled.
  bool take_must_cancel() noexcept {
    const bool was = must_cancel_;
    must_cancel_ = false;
    return was;
  }
  /// The last of a task: the frame goes, and the loop's count of it.
  void conclude(PromiseBase& root) noexcept {
    leaf_ = nullptr;
    root.destroy();
    AllTasksLink::unlink();
    release();
  }

 private:
  static void take_numbers(LoopCore& core) noexcept;
  static const WaitKind kStart, kYield, kFuture;
  static void first_step(Node* node);
  static void sleep_over(Node* node);
  void refuse_wait() noexcept;
  void run_step();
  void run_on();
  void run_eagerly();
  void run_timed();
  void cancel_new_wait() noexcept;
  [[noreturn]] void throw_cancelled();
  void throw_instead(FutureBase& future);

  PromiseBase* leaf_ = nullptr;  // the innermost coroutine, running or suspended
  const WaitKind* wait_ = nullptr;
  void* wait_object_ = nullptr;
  ContextSlot context_;
  std::uintptr_t name_;  // odd: a number; else a Message*
  std::source_location created_;
};

/// Who waits by `node` in a future's list: a task, or the future behind a callback; null for other
/// callbacks.
FutureBase* awaited_by(Node& node) noexcept;

inline Transfer transfer_to(PromiseBase& next) noexcept {
#if HOB_TRAMPOLINE
  next.task->transfer(next);
#else
  next.task->enter(next);
  return std::coroutine_handle<PromiseBase>::from_promise(next);
#endif
}

inline Transfer transfer_to_loop() noexcept {
#if !HOB_TRAMPOLINE
  return std::noop_coroutine();
#endif
}

}  // namespace detail
}  // namespace hob
