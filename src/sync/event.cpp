// SPDX-License-Identifier: MIT
#include <hob/sync/event.hpp>

namespace hob::detail {
namespace {

const QueuedWait kWait{{&WaitLink::cancel, "Event.wait"}, &TaskBase::step};

}  // namespace

void EventAwaiter::start(PromiseBase& leaf) noexcept {
  link_.wait(leaf, event_->waiters_, kWait, this);
}

void EventAwaiter::finish() {
  if (link_.refused()) link_.raise();
  link_.leave();
  link_.task().finish_wait();
}

}  // namespace hob::detail
