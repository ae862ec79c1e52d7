// SPDX-License-Identifier: MIT
#include <hob/task/task_group.hpp>

#include "task/report.hpp"

#include <hob/core/exception_group.hpp>

namespace hob {

class TaskGroup::Child final : public detail::Callback, public detail::Pooled {
 public:
  /// Its place in TaskGroup::children_; the callback's own link is in the task.
  struct Place : detail::Link {
    Child* child;
  };

  explicit Child(TaskGroup& group) noexcept : group_(group) { place_.child = this; }
  void attach(detail::TaskBase& task) noexcept {
    task_ = &task;
    group_.children_.push_back(place_);
    task.add_callback(*this);
  }
  ~Child() {
    detach();
    if (place_.linked()) place_.unlink();
  }
  static Child& of(detail::Link& place) noexcept { return *static_cast<Place&>(place).child; }
  detail::TaskBase& task() noexcept { return *task_; }
  TaskGroup& group() noexcept { return group_; }
  detail::FutureBase* dependent() const noexcept override { return &group_.parent_; }

 private:
  void on_done(detail::FutureBase&) override {
    TaskGroup& group = group_;
    detail::TaskBase& task = *task_;
    delete this;
    group.child_done(task);
  }
  void drop() noexcept override { delete this; }

  TaskGroup& group_;
  detail::TaskBase* task_ = nullptr;
  Place place_;
};

namespace {
// The groups of this thread, the newest first: nothing else knows which block a task is in.
constinit thread_local TaskGroup* newest_group = nullptr;
}  // namespace

TaskGroup::TaskGroup(detail::TaskBase& parent) noexcept
    : parent_(parent), older_(newest_group), cancelling_before_(parent.cancelling()) {
  if (older_) older_->newer_ = this;
  newest_group = this;
}

TaskGroup* TaskGroup::around(detail::TaskBase& task) noexcept {
  for (TaskGroup* group = newest_group; group; group = group->older_) {
    if (&group->parent_ == &task) return group;
  }
  for (detail::Link* link = task.callbacks().front(); link != task.callbacks().end();
       link = link->next) {
    auto* node = static_cast<detail::Node*>(link);
    if (node->run != &detail::Callback::run_node) continue;
    if (auto* child = dynamic_cast<Child*>(static_cast<detail::Callback*>(node)))
      return &child->group();
  }
  return nullptr;
}

void TaskGroup::adopt(Coro<>&& coro) {
  NewChild child(*this);
  TaskOptions options;
  options.eager_start = true;  // a task that is cancelled before its first step does nothing
  child.attach(hob::create_task(std::move(coro), options).base());
}

TaskGroup::~TaskGroup() {
  (newer_ ? newer_->older_ : newest_group) = older_;
  if (older_) older_->newer_ = newer_;
  while (!children_.empty()) delete &Child::of(*children_.front());
}

const char* TaskGroup::why_closed() const noexcept {
  if (exiting_ && children_.empty()) return "TaskGroup is finished";
  if (aborting_) return "TaskGroup is shutting down";
  return nullptr;
}

TaskGroup::NewChild::NewChild(TaskGroup& group) : child_(new Child(group)) {}
TaskGroup::NewChild::~NewChild() { delete child_; }
void TaskGroup::NewChild::attach(detail::TaskBase& task) noexcept {
  std::exchange(child_, nullptr)->attach(task);
}

void TaskGroup::abort() noexcept {
  aborting_ = true;
  for (detail::Link* link = children_.front(); link != children_.end(); link = link->next) {
    Child::of(*link).task().cancel({});
  }
}

void TaskGroup::cancel() noexcept {
  if (aborting_ || (exiting_ && children_.empty())) return;
  abort();
  if (exiting_) return;  // the body is over, and the parent waits for the children anyway
  parent_cancel_requested_ = true;
  parent_.cancel({});
}

void TaskGroup::child_done(detail::TaskBase& task) {
  if (all_done_ && children_.empty()) all_done_->set();
  if (task.cancelled()) return;
  const std::exception_ptr error = task.exception();
  if (!error) return;
  errors_.push_back(error);
  if (!base_error_ && detail::is_keyboard_interrupt(error)) base_error_ = error;
  if (aborting_ || parent_cancel_requested_) return;
  // Stops whatever the body is at; `exit` takes this cancellation of the parent back.
  abort();
  parent_cancel_requested_ = true;
  parent_.cancel({});
}

Coro<> TaskGroup::exit(std::exception_ptr body_error) {
  exiting_ = true;
  const bool body_cancelled = body_error && detail::is_cancelled_error(body_error);
  if (body_error && !base_error_ && detail::is_keyboard_interrupt(body_error))
    base_error_ = body_error;
  std::exception_ptr cancellation = body_cancelled ? body_error : nullptr;
  if (body_error && !aborting_) abort();

  // More than once when the parent is cancelled while its children are ending.
  while (!children_.empty()) {
    detail::Signal all_done;
    all_done_ = &all_done;
    Result<> waited = co_await as_result(all_done);
    all_done_ = nullptr;
    if (!waited && !aborting_) {
      cancellation = waited.exception();
      abort();
    }
  }

  if (base_error_) std::rethrow_exception(base_error_);
  if (parent_cancel_requested_) {
    if (parent_.uncancel() > cancelling_before_) {  // somebody else wants it to end, too
      if (!cancellation) cancellation = detail::make_cancelled_error(parent_.cancel_message());
    } else {
      cancellation = nullptr;
      parent_.clear_cancel();
    }
  }
  if (cancellation && errors_.empty()) std::rethrow_exception(cancellation);
  if (body_error && !body_cancelled) errors_.push_back(body_error);
  if (errors_.empty()) co_return;
  // A cancellation from outside stays pending behind the errors; the count stays what it was.
  if (parent_.cancelling() > 0) {
    parent_.uncancel();
    parent_.cancel({});
  }
  throw ExceptionGroup("unhandled errors in a TaskGroup", std::move(errors_));
}

}  // namespace hob
