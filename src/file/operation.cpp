// SPDX-License-Identifier: MIT
// FileOperation as the loop sees it; what each kind does is in work.cpp.
#include "file/operation.hpp"

#include "file/pool.hpp"

#include <hob/core/error.hpp>

#include <cerrno>

namespace hob::detail {
namespace {

const char* name_of(FileOperation::Kind kind) noexcept {
  using Kind = FileOperation::Kind;
  switch (kind) {
    case Kind::open:
      return "open";
    case Kind::close:
      return "close";
    case Kind::seek:
      return "seek";
    case Kind::read:
      return "read";
    case Kind::write:
      return "write";
    case Kind::sync:
      return "fsync";
    case Kind::data_sync:
      return "fdatasync";
    case Kind::truncate:
      return "truncate";
    case Kind::status:
      return "stat";
    case Kind::size_of:
      return "fstat";
    case Kind::rename:
      return "rename";
    case Kind::unlink:
      return "unlink";
    case Kind::make_dir:
      return "mkdir";
    case Kind::make_dirs:
      return "makedirs";
    case Kind::remove_dir:
      return "rmdir";
    case Kind::remove_tree:
      return "rmtree";
    case Kind::make_link:
      return "symlink";
    case Kind::read_link:
      return "readlink";
    case Kind::read_whole:
      return "read_file";
    case Kind::write_whole:
      return "write_file";
    case Kind::list:
      return "scandir";
    case Kind::make_temporary:
      return "temporary_file";
    case Kind::make_temporary_dir:
      return "temporary_directory";
  }
  return "file";
}

}  // namespace

void FileScript::promise_type::unhandled_exception() noexcept { result = -ENOMEM; }

void FileOperation::perform() noexcept {
  try {
    const sys::FaultLoan::Scope scope(faults);
    FileScript all = carry_out();
    all.start();  // and through: no step suspends
    result = all.result();
  } catch (...) {  // no memory
    result = -ENOMEM;
  }
  if (result < 0) opened = sys::Fd();  // before anybody is told
  finished.store(true, std::memory_order_release);
  finished.notify_all();
}

bool FileOperation::perform_on(UringPoller& poller) {
  if (!suits(poller)) return false;
  script = carry_out();
  ring = &poller;
  retain();  // the script's
  script.start();
  if (script.done()) script_ended();
  return true;
}

void FileOperation::script_ended() noexcept {
  result = script.result();
  script = FileScript();
  ring = nullptr;
  if (result == kNeedsThread) {
    try {
      FilePool::instance().submit(*this);
      return release();  // it has its own count
    } catch (...) {
      result = -EAGAIN;
    }
  }
  if (result < 0) opened = sys::Fd();  // before anybody is told
  finished.store(true, std::memory_order_relaxed);
  if (waiter) waiter->finish();
  release();
}

// A call has completed; `this` may be gone afterwards.
void FileOperation::Step::on_event(RingOperation& self, const sys::Ring::Event& event,
                                   NodeList&) noexcept {
  FileOperation& operation = *static_cast<Step&>(self).operation;
  operation.ring->file_completed();
  const bool stopping = operation.stop.load(std::memory_order_relaxed) && operation.step.may_stop;
  if (event.result == -EINTR && !stopping &&
      operation.ring->submit_file(operation.step, *operation.step.call))
    return;
  operation.step.result = event.result;
  operation.step.script.resume();
  if (!operation.step.in_flight() && operation.script.done()) operation.script_ended();
}

void FileOperation::stop_on_ring() noexcept {
  stop.store(true, std::memory_order_relaxed);
  if (step.may_stop) ring->cancel(step);
}

bool FileStep::await_ready() noexcept {
  if (operation_.ring) return false;
  operation_.step.result = sys::perform(call_);
  return true;
}

bool FileStep::await_suspend(std::coroutine_handle<> script) noexcept {
  FileOperation::Step& step = operation_.step;
  step.script = script;
  step.may_stop = may_stop_;
  step.call = &call_;
  if (may_stop_ && operation_.stop.load(std::memory_order_relaxed)) {
    step.result = -ECANCELED;
    return false;
  }
  step.result = sys::injected(call_);
  if (step.result != 0) return false;
  if (operation_.ring->submit_file(step, call_)) return true;
  step.result = -EAGAIN;  // the loop is being closed, or there is no memory
  return false;
}

long FileStep::await_resume() noexcept {
  const long result = operation_.step.result;
  if (operation_.ring && may_stop_ && (result == -ECANCELED || result == -EINTR) &&
      operation_.stop.load(std::memory_order_relaxed))
    operation_.stopped = true;
  return result;
}

void FileOperation::check() const {
  if (result >= 0) return;
  std::string what = name_of(kind);
  if (!path.empty()) what.append(" '").append(path).append("'");
  if (!other.empty() && kind != Kind::make_temporary)
    what.append(" -> '").append(other).append("'");
  throw OSError(static_cast<int>(-result), what);
}

const WaitKind FileWait::kKind{&FileWait::cancel, "a file operation"};

void FileWait::start(PromiseBase& leaf) {
  TaskBase& task = *leaf.task;
  LoopImpl& impl = task.loop()->impl();
  operation_->home = impl.remote;
  const bool submit = !task.must_cancel();
  UringPoller* ring = impl.poller.uring();
  const bool by_ring = submit && ring && operation_->perform_on(*ring);
  if (submit && !by_ring) FilePool::instance().submit(*operation_);
  // Nothing below throws; the pool tells the end through the loop, so not before this suspends.
  submitted_ = submit;
  operation_->waiter = this;
  impl.begin_remote_wait(*this);
  loop_ = &impl;
  task_ = &task;
  task.begin_wait(leaf, kKind, this);
  task.end_wait();
  if (by_ring && operation_->finished) finish();  // it needed no wait
}

bool FileWait::cancel(TaskBase& task, const Ref<Message>& message) noexcept {
  if (task.wake_pending()) return false;
  auto& self = *static_cast<FileWait*>(task.wait_object());
  if (self.submitted_ && self.operation_->ring) {
    self.operation_->stop_on_ring();
    return false;
  }
  if (self.submitted_ && !FilePool::instance().withdraw(*self.operation_)) {
    self.operation_->stop.store(true, std::memory_order_relaxed);
    return false;
  }
  self.submitted_ = false;
  self.loop_->end_remote_wait(self);
  task.set_wait_cancelled(message);
  task.wake();
  return true;
}

void FileWait::finish() noexcept {
  operation_->waiter = nullptr;
  submitted_ = false;
  loop_->end_remote_wait(*this);
  if (operation_->stopped) task_->set_wait_cancelled(task_->cancel_message());
  task_->wake();
}

void FileWait::await_resume() {
  if (task_->wait_cancelled()) task_->finish_wait();
}

FileWait::~FileWait() {
  if (!task_) return;
  if (linked()) loop_->end_remote_wait(*this);
  operation_->waiter = nullptr;
  if (submitted_ && operation_->ring) {
    abandon_on_ring();
    return;
  }
  if (!submitted_ || FilePool::instance().withdraw(*operation_)) return;
  operation_->stop.store(true, std::memory_order_relaxed);
  if (!operation_->data.empty()) operation_->finished.wait(false, std::memory_order_acquire);
}

void FileWait::abandon_on_ring() noexcept {
  const Ref<FileOperation> operation = operation_;
  operation->stop_on_ring();
  if (operation->data.empty()) return;  // all else is the operation's own
  while (operation->ring && operation->ring->is_ours())
    operation->ring->finish(operation->step, loop_->core.ready);
}

}  // namespace hob::detail
