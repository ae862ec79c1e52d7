// SPDX-License-Identifier: MIT
#include <hob/sync/semaphore.hpp>

#include <hob/core/raise.hpp>

#include <cassert>

namespace hob {
namespace detail {
namespace {

const QueuedWait kAcquire{{&WaitLink::cancel, "Semaphore.acquire"}, &TaskBase::step};

}  // namespace

void SemaphoreAwaiter::start(PromiseBase& leaf) noexcept {
  link_.wait(leaf, semaphore_->waiters_, kAcquire, this);
}

void SemaphoreAwaiter::finish() {
  if (link_.orphaned() || !semaphore_->end_wait(link_)) link_.raise();
}

}  // namespace detail

Semaphore::Semaphore(std::ptrdiff_t value, std::ptrdiff_t bound) : value_(value), bound_(bound) {
  if (value < 0) detail::raise_value_error("Semaphore initial value must be >= 0");
}

bool Semaphore::end_wait(detail::WaitLink& link) noexcept {
  assert(value_ >= 0);
  link.leave();
  const bool cancelled = link.cancelled();
  if (cancelled && link.live()) ++value_;
  // Permits came while a woken task was ahead: whoever queued up behind it is due now.
  while (value_ > 0 && grant()) {
  }
  return !cancelled;
}

void Semaphore::release_scope() noexcept {
  // A closed loop destroys frames whose permit somebody else may have returned; elsewhere that is a
  // mistake.
  assert(value_ < bound_ || detail::running_loop == nullptr);
  if (value_ < bound_) release();
}

void Semaphore::raise_too_many() {
  detail::raise_value_error("BoundedSemaphore released too many times");
}

}  // namespace hob
