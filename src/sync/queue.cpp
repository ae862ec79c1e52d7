// SPDX-License-Identifier: MIT
#include <hob/sync/queue_base.hpp>

#include <hob/core/error.hpp>

namespace hob::detail {

template <QueueSide side>
const QueuedWait QueueWait<side>::kKind{
    {&WaitLink::cancel, side == QueueSide::get ? "Queue.get" : "Queue.put"},
    &QueueWait::look_again};

template <QueueSide side>
void QueueWait<side>::start(PromiseBase& leaf) noexcept {
  link_.wait(leaf, line(), kKind, this);
}

template <QueueSide side>
void QueueWait<side>::look_again(Node* node) {
  TaskBase& task = TaskBase::of(*node);
  auto& self = *static_cast<QueueWait*>(task.wait_object());
  if (self.link_.orphaned() || self.link_.cancelled() || self.over()) return TaskBase::step(node);
  self.link_.leave();
  self.start(*task.leaf());
}

template <QueueSide side>
void QueueWait<side>::finish() {
  if (link_.orphaned()) link_.raise();
  link_.leave();
  if (!link_.cancelled()) return;
  if (link_.live() && possible()) line().wake_next();
  link_.raise();
}

template class QueueWait<QueueSide::get>;
template class QueueWait<QueueSide::put>;

void QueueBase::shut_down(bool immediate) noexcept {
  shut_down_ = true;
  if (immediate) {
    unfinished_ = unfinished_ > size_ ? unfinished_ - size_ : 0;
    size_ = 0;
    if (unfinished_ == 0) finished_.set();
  }
  getters_.wake_all();
  putters_.wake_all();
}

void QueueBase::raise_cannot_put() const {
  if (shut_down_) throw QueueShutDown();
  throw QueueFull();
}

void QueueBase::raise_cannot_get() const {
  if (shut_down_) throw QueueShutDown();
  throw QueueEmpty();
}

void QueueBase::raise_too_many_done() { raise_value_error("task_done() called too many times"); }

}  // namespace hob::detail
