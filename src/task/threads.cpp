// SPDX-License-Identifier: MIT
#include <hob/task/threads.hpp>

#include "loop/loop_impl.hpp"

#include <hob/core/error.hpp>
#include <hob/task/as_result.hpp>

#include <cassert>

namespace hob::detail {
namespace {

std::exception_ptr closed_error() {
  return std::make_exception_ptr(
      RuntimeError("Event loop is closed: the coroutine did not come to its end there"));
}

}  // namespace

// What travels to the target: one that is dropped on the way, because the loop was closed, says so.
struct RemoteTask::Ticket {
  explicit Ticket(Ref<RemoteTask> t) noexcept : task(std::move(t)) {}
  Ticket(Ticket&&) noexcept = default;
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket() {
    if (task) task->lost(closed_error());
  }
  Ref<RemoteTask> task;
};

RemoteTask::RemoteTask(EventLoop& target) : target_(target.impl().remote) {}
RemoteTask::~RemoteTask() = default;

bool RemoteTask::start() {
  return target_->post([ticket = Ticket(Ref<RemoteTask>(this))]() mutable {
    const Ref<RemoteTask> task = std::move(ticket.task);
    task->begin();
  });
}

void RemoteTask::begin() {
  try {
    const Ref<FutureBase> task = make_task();
    task_ = task.get();
    retain();  // the task's
    task->add_callback(*this);
  } catch (...) {
    lost(std::current_exception());
    if (is_keyboard_interrupt(std::current_exception())) throw;
  }
}

void RemoteTask::cancel(Ref<Message> message) {
  target_->post([task = Ref<RemoteTask>(this), message = std::move(message)] {
    if (task->task_ && task->task_->cancel(message)) ++task->cancels_delivered_;
  });
}

void RemoteTask::on_done(FutureBase& task) {
  const auto self = Ref<RemoteTask>::adopt(this);
  task_ = nullptr;
  finished(task);
}

void RemoteTask::drop() noexcept {
  const auto self = Ref<RemoteTask>::adopt(this);
  task_ = nullptr;
  lost(closed_error());
}

void forward_cancel(ConcurrentFutureBase& future, Ref<RemoteTask> task) {
  future.add_done_callback([task = std::move(task)](ConcurrentFutureBase& done) {
    if (done.cancelled()) task->cancel({});
  });
}

// The awaiting side, for as long as its coroutine frame lives.
class HomingTask::Home final : public RemoteWait {
 public:
  Home(HomingTask& task, EventLoop& loop) : task_(task), impl_(loop.impl()) {
    task_.home_ = impl_.remote;
    task_.waiting_ = &done;
    impl_.begin_remote_wait(*this);
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  ~Home() {
    if (linked()) impl_.end_remote_wait(*this);
    task_.waiting_ = nullptr;
    if (!done.is_set()) task_.cancel({});  // the frame is destroyed: this loop is being closed
  }

  Signal done;

 private:
  void loop_closed() noexcept override {}

  HomingTask& task_;
  LoopImpl& impl_;
};

HomingTask::HomingTask(EventLoop& target) : RemoteTask(target) {}
HomingTask::~HomingTask() = default;

Coro<> HomingTask::wait(Ref<HomingTask> remote) {
  TaskBase& task = co_await ThisTask();
  Home home(*remote, *task.loop());
  remote->start();
  unsigned cancels = 0;
  Ref<Message> message;
  while (!home.done.is_set()) {
    const Result<> woken = co_await as_result(home.done);
    if (woken) break;
    ++cancels;
    message = cancel_message_of(woken.exception());
    if (!home.done.is_set()) remote->cancel(message);
  }
  // A cancel that came too late for the task there stays pending here; the result is not lost.
  const bool cancelled = remote->error_ && is_cancelled_error(remote->error_);
  if (cancels > remote->cancels_delivered_ && !cancelled) {
    task.cancel(message);
    task.uncancel();
  }
}

void HomingTask::finished(FutureBase& task) noexcept {
  error_ = task.outcome_error();
  if (!error_) {
    try {
      take_value(task);
    } catch (...) {
      error_ = std::current_exception();
    }
  }
  bring_home();
}

void HomingTask::lost(std::exception_ptr error) noexcept {
  error_ = std::move(error);
  bring_home();
}

void HomingTask::bring_home() noexcept {
  home_->post([self = Ref<HomingTask>(this)] {
    if (self->waiting_) self->waiting_->set();
  });
}

}  // namespace hob::detail
