// SPDX-License-Identifier: MIT
#include <hob/sync/condition.hpp>

#include <hob/core/raise.hpp>

namespace hob {
namespace detail {

const QueuedWait ConditionAwaiter::kNotification{{&WaitLink::cancel, "Condition.wait"},
                                                 &ConditionAwaiter::notified};
const QueuedWait ConditionAwaiter::kLock{{&WaitLink::cancel, "the lock of Condition.wait"},
                                         &ConditionAwaiter::locked};

bool ConditionAwaiter::await_ready() noexcept {
  return !condition_->locked() || link_.refused_by(condition_->loop_) ||
         link_.refused_by(condition_->lock_->loop_);
}

void ConditionAwaiter::start(PromiseBase& leaf) noexcept {
  condition_->release();
  link_.wait(leaf, condition_->waiters_, kNotification, this);
}

// The step after the first wait: on to the lock, cancelled or not.
void ConditionAwaiter::notified(Node* node) {
  auto& self = *static_cast<ConditionAwaiter*>(TaskBase::of(*node).wait_object());
  self.note_cancellation();
  self.orphaned_ = self.link_.orphaned();
  if (self.orphaned_) return TaskBase::step(node);
  self.link_.leave();
  self.reacquire();
}

// The step after waiting for the lock. A cancellation is kept for later: the lock comes first.
void ConditionAwaiter::locked(Node* node) {
  auto& self = *static_cast<ConditionAwaiter*>(TaskBase::of(*node).wait_object());
  self.orphaned_ = self.link_.orphaned();
  const bool acquired = !self.orphaned_ && self.condition_->lock_->end_wait(self.link_);
  if (!acquired) self.note_cancellation();
  if (acquired || self.orphaned_) return TaskBase::step(node);
  self.reacquire();
}

void ConditionAwaiter::reacquire() {
  TaskBase& task = link_.task();
  Lock& lock = *condition_->lock_;
  if (lock.try_acquire()) return TaskBase::step(&task.node());
  link_.wait(*task.leaf(), lock.waiters_, kLock, this);
}

void ConditionAwaiter::note_cancellation() noexcept {
  if (!link_.cancelled()) return;
  TaskBase& task = link_.task();
  message_ = task.cancel_message();
  cancelled_ = true;
  task.clear_cancel();
}

void ConditionAwaiter::raise() {
  if (!link_.used()) raise_runtime_error("cannot wait on un-acquired lock");
  if (link_.refused()) link_.raise();
  // This task may have taken a notification that it cannot use: the next one gets it.
  if (!orphaned_) condition_->waiters_.wake_next();
  if (cancelled_) raise_cancelled(std::move(message_));
  raise_runtime_error("the Condition or its lock was destroyed while the task waited");
}

}  // namespace detail

void Condition::notify(std::size_t n) {
  if (!lock_->locked()) detail::raise_runtime_error("cannot notify on un-acquired lock");
  while (n > 0 && waiters_.wake_next()) --n;
}

}  // namespace hob
