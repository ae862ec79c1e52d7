// SPDX-License-Identifier: MIT
// TransportReady: suspends until a transport may be read or written. Whoever is cancelled has left
// the transport as it was.
#pragma once

#include <hob/stream/transport.hpp>
#include <hob/task/awaitable.hpp>

#include <coroutine>

namespace hob::detail {

class TransportReady : public LibraryAwaiter {
 public:
  TransportReady(Transport& transport, Transport::Direction direction) noexcept
      : transport_(&transport), direction_(direction) {}
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    PromiseBase& promise = self.promise();
    task_ = promise.task;
    task_->begin_wait(promise, kKind, this);
    task_->node().run = &TaskBase::step;
    transport_->wait(direction_, task_->node());
    task_->end_wait();
  }
  void await_resume() const { task_->finish_wait(); }

 private:
  static bool cancel(TaskBase& task, const Ref<Message>& message) noexcept {
    if (task.wake_pending()) return false;
    auto& self = *static_cast<TransportReady*>(task.wait_object());
    self.transport_->forget(self.direction_);
    task.set_wait_cancelled(message);
    task.wake();
    return true;
  }
  static constexpr WaitKind kKind{&cancel, "a transport"};

  Transport* transport_;
  Transport::Direction direction_;
  TaskBase* task_ = nullptr;
};

}  // namespace hob::detail
