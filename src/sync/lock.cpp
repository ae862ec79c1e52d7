// SPDX-License-Identifier: MIT
#include <hob/sync/lock.hpp>

#include <hob/core/raise.hpp>

#include <cassert>

namespace hob {
namespace detail {
namespace {

const QueuedWait kAcquire{{&WaitLink::cancel, "Lock.acquire"}, &TaskBase::step};

}  // namespace

void LockAwaiter::start(PromiseBase& leaf) noexcept {
  link_.wait(leaf, lock_->waiters_, kAcquire, this);
}

void LockAwaiter::finish() {
  if (link_.orphaned() || !lock_->end_wait(link_)) link_.raise();
}

}  // namespace detail

bool Lock::end_wait(detail::WaitLink& link) noexcept {
  link.leave();
  if (!link.cancelled()) {
    assert(!locked_);
    return locked_ = true;
  }
  // It may have been handed to us, or a release may have seen only our cancelled place at the head.
  if (!locked_) waiters_.wake_first();
  return false;
}

void Lock::release_scope() noexcept {
  // A closed loop destroys frames in the middle of Condition.wait, where the lock is not held.
  assert(locked_ || detail::running_loop == nullptr);
  if (locked_) release();
}

void Lock::raise_not_acquired() { detail::raise_runtime_error("Lock is not acquired."); }

}  // namespace hob
