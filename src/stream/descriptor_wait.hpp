// SPDX-License-Identifier: MIT
// DescriptorWait: awaits that a descriptor may be ready. For what is not a stream: connecting,
// accepting, plain sockets.
#pragma once

#include "loop/descriptor.hpp"

#include <hob/task/awaitable.hpp>

#include <coroutine>

namespace hob::detail {

/// Cancelling it has no effect but to end the wait.
class DescriptorWait : public LibraryAwaiter {
 public:
  DescriptorWait(Descriptor& descriptor, Descriptor::Side side) noexcept
      : descriptor_(&descriptor), side_(side) {}
  // g++ copies an awaiter before it waits.
  DescriptorWait(const DescriptorWait& other) noexcept
      : descriptor_(other.descriptor_), side_(other.side_) {}
  DescriptorWait& operator=(const DescriptorWait&) = delete;
  ~DescriptorWait() {
    if (task_) descriptor_->forget(side_);
  }

  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    PromiseBase& leaf = self.promise();
    task_ = leaf.task;
    task_->begin_wait(leaf, kKind, this);
    task_->run = &TaskBase::step;
    descriptor_->wait(side_, task_->node());
    task_->end_wait();
  }
  void await_resume() { std::exchange(task_, nullptr)->finish_wait(); }

 private:
  static bool cancel(TaskBase& task, const Ref<Message>& message) noexcept {
    if (task.wake_pending()) return false;
    auto& self = *static_cast<DescriptorWait*>(task.wait_object());
    self.descriptor_->forget(self.side_);
    task.set_wait_cancelled(message);
    task.wake();
    return true;
  }
  static constexpr WaitKind kKind{&cancel, "a descriptor"};

  Descriptor* descriptor_;
  TaskBase* task_ = nullptr;
  Descriptor::Side side_;
};

}  // namespace hob::detail
