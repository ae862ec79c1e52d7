// SPDX-License-Identifier: MIT
#include <hob/task/task_base.hpp>

#include "loop/loop_impl.hpp"
#include "task/report.hpp"

#include <hob/core/error.hpp>

#include <atomic>
#include <cassert>
#include <string>

namespace hob::detail {
namespace {

std::atomic<std::uintptr_t> task_numbers{0};

const WaitKind kSleep{&TaskBase::cancel_linked, "sleep"};
const WaitKind kCircle{&TaskBase::break_circle, "a future"};

void abandon_tasks(EventLoop& loop) noexcept {
  LinkList& tasks = loop.core().tasks;
  while (!tasks.empty()) {
    const Ref<TaskBase> task(&TaskBase::of(*tasks.front()));
    task->abandon(true);
  }
  // What was not used goes back, so that loops one after the other number on without a gap.
  LoopCore& core = loop.core();
  std::uintptr_t end = core.task_numbers_end;
  if (task_numbers.compare_exchange_strong(end, core.task_number))
    core.task_numbers_end = core.task_number;
}

}  // namespace

const WaitKind TaskBase::kStart{&TaskBase::cancel_never, "its first step"};
const WaitKind TaskBase::kYield{&TaskBase::cancel_never, "sleep(0)"};
const WaitKind TaskBase::kFuture{&TaskBase::cancel_awaited, "a future"};

// Numbers are the process's, and an atomic increment for each task costs as much as the rest of its
// birth.
void TaskBase::take_numbers(LoopCore& core) noexcept {
  constexpr std::uintptr_t kAtOnce = 256;
  core.task_number = task_numbers.fetch_add(kAtOnce, std::memory_order_relaxed);
  core.task_numbers_end = core.task_number + kAtOnce;
  core.abandon_tasks = &abandon_tasks;
}

void TaskBase::set_name(Text name) {
  Message* copy = Message::make(name).detach();
  if ((name_ & 1) == 0) reinterpret_cast<Message*>(name_)->release();
  name_ = reinterpret_cast<std::uintptr_t>(copy);
}

std::string TaskBase::get_name() const {
  if (name_ & 1) return "Task-" + std::to_string(name_ >> 1);
  return reinterpret_cast<Message*>(name_)->c_str();
}

void TaskBase::describe(std::string& out) const {
  const char* state = status() == FutureStatus::pending     ? "pending"
                      : status() == FutureStatus::cancelled ? "cancelled"
                                                            : "finished";
  out.append("<Task ").append(state).append(" name='").append(get_name()).append("'");
  if (status() == FutureStatus::finished && error_)
    out.append(" exception=").append(hob::describe(error_));
  out += '>';
}

TaskOptions TaskBase::ask_task_factory(EventLoop& loop, const TaskOptions* options) {
  TaskOptions wanted = options ? *options : TaskOptions();
  loop.impl().task_factory(loop, wanted);
  return wanted;
}

void TaskBase::apply(const TaskOptions& options) {
  try {
    if (!options.name.empty()) set_name(options.name);
    context_ = options.context ? options.context->state() : copy_current_context();
  } catch (...) {
    abandon(false);
    throw;
  }
  if (!options.eager_start || !core_->loop->is_running()) return;
  node().unlink();
  run_eagerly();
}

bool TaskBase::cancel(Ref<Message> message) noexcept {
  mark_retrieved();
  if (done()) return false;
  ++cancelling_;
  if (wait_ && wait_->cancel(*this, message)) return true;
  must_cancel_ = true;
  // While a cancelled wait is on its way, its own message is what will be thrown.
  if (!wait_cancelled_) message_ = std::move(message);
  return true;
}

unsigned TaskBase::uncancel() noexcept {
  if (cancelling_ > 0 && --cancelling_ == 0) must_cancel_ = false;
  return cancelling_;
}

bool TaskBase::cancel_never(TaskBase&, const Ref<Message>&) noexcept { return false; }

bool TaskBase::cancel_linked(TaskBase& task, const Ref<Message>& message) noexcept {
  if (task.woken_) return false;
  cancel_timer(*task.core_->loop, task);
  task.set_wait_cancelled(message);
  task.wake();
  return true;
}

// Task.cancel forwards to what is awaited: that is done when it says no.
bool TaskBase::cancel_awaited(TaskBase& task, const Ref<Message>& message) noexcept {
  auto* future = static_cast<FutureBase*>(task.wait_object_);
  if (future == nullptr) return false;
  task.wait_ = &kCircle;
  const bool cancelled = future->cancel(message);
  task.wait_ = &kFuture;
  return cancelled;
}

bool TaskBase::break_circle(TaskBase& task, const Ref<Message>& message) noexcept {
  --task.cancelling_;  // it is the same cancellation
  if (task.wait_object_ == nullptr) return true;
  task.wait_object_ = nullptr;
  task.must_cancel_ = true;
  task.set_wait_cancelled(message);
  task.node().unlink();
  task.wake();
  return true;
}

void TaskBase::cancel_new_wait() noexcept {
  if (wait_->cancel(*this, message_)) must_cancel_ = false;
}

void TaskBase::throw_cancelled() {
  clear_cancel();
  raise_cancelled(message_);
}

void TaskBase::refuse_wait() noexcept {
  wait_object_ = nullptr;  // the wake-up throws: asyncio delivers this error by a step of its own
  wake();
}

void TaskBase::throw_instead(FutureBase& future) {
  const bool cancelled = must_cancel_;
  clear_cancel();
  if (wait_object_ == nullptr) {
    if (cancelled) raise_cancelled(message_);  // before the error, as in asyncio
    if (&future == this) raise_runtime_error("Task cannot await on itself");
    raise_runtime_error(
        "the awaited future belongs to a different loop: use hob::on(loop, ...) to reach it");
  }
  if (future.cancelled()) return;  // its own CancelledError says the same
  if (!future.finished_with_value()) {
    const std::exception_ptr error = future.exception();  // retrieved, as __wakeup does
    if (is_cancelled_error(error)) return;
  }
  raise_cancelled(message_);
}

void TaskBase::sleep_until(PromiseBase& leaf, std::int64_t until_ns) noexcept {
  begin_wait(leaf, kSleep, nullptr);
  run = &TaskBase::sleep_over;
  start_timer(*core_->loop, *this, until_ns);
  end_wait();
}

void TaskBase::sleep_over(Node* node) {
  TaskBase& task = of(*node);
  task.wake();
  // Among many sleepers its memory has left the caches; its step comes in the next turn.
  const auto* frame = static_cast<const char*>(
      std::coroutine_handle<PromiseBase>::from_promise(*task.leaf_).address());
  __builtin_prefetch(frame);
  __builtin_prefetch(frame + 64);
  __builtin_prefetch(task.AllTasksLink::next);
  __builtin_prefetch(task.AllTasksLink::prev);
}

bool TaskBase::wake_pending() const noexcept {
  if (FutureBase* future = awaited_future()) return future->done();
  return woken_;
}

FutureBase* TaskBase::awaited_future() const noexcept {
  return wait_ == &kFuture ? static_cast<FutureBase*>(wait_object_) : nullptr;
}

// Runs the coroutine up to its next suspension. Whoever calls this has made the task current.
inline void TaskBase::run_step() {
  wait_ = nullptr;
  leaf_->resume();
  if (transfer_ || root_done_) return run_on();
  core_->current_task = nullptr;
  current_context_slot = nullptr;
}

void TaskBase::first_step(Node* node) {
  TaskBase& task = of(*node);
  if (!task.must_cancel_) [[likely]]
    return step(node);
  // Cancelled before it began: the coroutine never runs (CPython throws into it at its first line).
  task.must_cancel_ = false;
  task.wait_ = nullptr;
  task.finish_cancelled(task.message_, true);
  task.conclude(*task.leaf_);
}

void TaskBase::step(Node* node) {
  TaskBase& task = of(*node);
  LoopCore& core = *task.core_;
  if (core.debug) [[unlikely]]
    return task.run_timed();
  core.current_task = &task;
  current_context_slot = &task.context_;
  task.run_step();
}

// The coroutine goes on after a transfer that the caller has to make (trampoline), or has ended.
void TaskBase::run_on() {
  while (transfer_) [[unlikely]] {
    transfer_ = false;
    leaf_->resume();
  }
  core_->current_task = nullptr;
  current_context_slot = nullptr;
  if (root_done_) complete(*leaf_);
}

void TaskBase::run_timed() {
  EventLoop& loop = *core_->loop;
  const Ref<TaskBase> alive(this);
  const Duration before = loop.time();
  core_->current_task = this;
  current_context_slot = &context_;
  run_step();
  const Duration took = loop.time() - before;
  if (took >= loop.slow_callback_duration()) report_slow(*this, took);
  if (core_->on_step) core_->on_step(*this);
}

// asyncio's eager start: the first step runs inside create_task, with this task as the current one.
void TaskBase::run_eagerly() {
  LoopCore& core = *core_;
  TaskBase* outer_task = core.current_task;
  ContextSlot* outer_context = current_context_slot;
  const Ref<TaskBase> alive(this);
  struct Restore {
    LoopCore& core;
    TaskBase* task;
    ContextSlot* context;
    ~Restore() {
      core.current_task = task;
      current_context_slot = context;
    }
  } const restore{core, outer_task, outer_context};
  core.current_task = this;
  current_context_slot = &context_;
  run_step();
  if (core.debug && core.on_step) core.on_step(*this);
}

void TaskBase::complete_error(PromiseBase& root, std::exception_ptr error) {
  if (is_cancelled_error(error)) {
    must_cancel_ = false;
    finish_cancelled(cancel_message_of(error), true);
    conclude(root);
    return;
  }
  const bool interrupt = is_keyboard_interrupt(error);
  must_cancel_ = false;
  finish_error(error);
  conclude(root);
  // Stored and thrown: it must leave the loop at once, and an await of the task must see it too.
  if (interrupt) std::rethrow_exception(error);
}

void TaskBase::abandon(bool report_it) noexcept {
  if (report_it && log_destroy_) {
    try {
      ExceptionContext context;
      context.message = "Task was destroyed but it is pending!";
      describe(context.future);
      context.source = format_location(created_);
      report(*this, context);
    } catch (...) {  // out of memory: the report is lost
    }
  }
  if (node().linked()) cancel_timer(*core_->loop, *this);
  PromiseBase* outermost = root();
  wait_ = nullptr;
  status_ = FutureStatus::cancelled;  // nobody is told: the loop is closing
  conclude(*outermost);
}

FutureBase* awaited_by(Node& node) noexcept {
  if (node.run == &Callback::run_node) return static_cast<Callback&>(node).dependent();
  return &TaskBase::of(node);
}

}  // namespace hob::detail
