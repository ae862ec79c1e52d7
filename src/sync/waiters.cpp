// SPDX-License-Identifier: MIT
#include <hob/sync/waiters.hpp>

#include <hob/core/raise.hpp>

namespace hob::detail {

void WaitLink::raise() const {
  if (refused()) raise_runtime_error("the object is bound to a different event loop");
  task_->finish_wait();
  raise_runtime_error("what the task was waiting for was destroyed");
}

bool WaitLink::cancel(TaskBase& task, const Ref<Message>& message) noexcept {
  if (task.wake_pending()) return false;
  const auto& kind = static_cast<const QueuedWait&>(*task.wait_kind());
  task.set_wait_cancelled(message);
  task.wake();
  task.run = kind.run;
  return true;
}

void WaitQueue::wake_first() noexcept {
  if (!woken_.empty() || pending_.empty()) return;
  auto& first = static_cast<WaitLink&>(*pending_.front());
  if (!first.live()) return;
  first.unlink();
  wake(first);
}

bool WaitQueue::has_pending() const noexcept {
  for (Link* link = pending_.front(); link != pending_.end(); link = link->next) {
    if (static_cast<WaitLink*>(link)->live()) return true;
  }
  return false;
}

void WaitQueue::orphan_all() noexcept {
  // Common and harmless: main returns, its queue goes, and the workers that wait on it are
  // cancelled by run. They stay suspended until then, and do not touch the primitive again.
  while (!pending_.empty()) static_cast<WaitLink*>(pending_.front())->orphan();
  while (!woken_.empty()) static_cast<WaitLink*>(woken_.front())->orphan();
}

}  // namespace hob::detail
