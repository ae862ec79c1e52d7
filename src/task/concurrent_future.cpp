// SPDX-License-Identifier: MIT
#include <hob/task/concurrent_future.hpp>

#include "loop/loop_impl.hpp"
#include "sys/syscall.hpp"

#include <hob/core/error.hpp>

#include <cassert>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <string>

namespace hob::detail {

struct ConcurrentFutureBase::Sync {
  std::mutex mutex;
  std::condition_variable done;
};

// Shared between threads: from the global heap, because the thread-local pools would drain in one
// thread and grow in the other.
struct ConcurrentFutureBase::CallbackNode {
  explicit CallbackNode(Callback f) : fn(std::move(f)) {}
  Callback fn;
  CallbackNode* next = nullptr;
};

ConcurrentFutureBase::ConcurrentFutureBase() {
  static_assert(sizeof(Sync) <= sizeof sync_ && alignof(Sync) <= 8);
  ::new (static_cast<void*>(sync_)) Sync;
}

ConcurrentFutureBase::~ConcurrentFutureBase() {
  while (callbacks_) delete std::exchange(callbacks_, callbacks_->next);
  std::destroy_at(&sync());
}

bool ConcurrentFutureBase::cancel() {
  std::unique_lock lock(sync().mutex);
  if (state_ == State::running || state_ == State::finished) return false;
  if (state_ != State::pending) return true;
  lock.release();
  settle(State::cancelled);
  return true;
}

bool ConcurrentFutureBase::set_running_or_notify_cancel() {
  const std::lock_guard lock(sync().mutex);
  if (state_ == State::cancelled) {
    move_to(State::cancelled_and_notified);
    return false;
  }
  if (state_ != State::pending) raise_runtime_error("Future in unexpected state");
  move_to(State::running);
  return true;
}

void ConcurrentFutureBase::set_exception(std::exception_ptr error) {
  if (!error) raise_value_error("set_exception: the exception_ptr is null");
  Finishing finishing(*this);
  error_ = std::move(error);
  finishing.commit();
}

ConcurrentFutureBase::Finishing::Finishing(ConcurrentFutureBase& future) : future_(future) {
  std::unique_lock lock(future_.sync().mutex);
  if (future_.state_ >= State::cancelled) {
    raise_invalid_state("invalid state: the concurrent future is already done");
  }
  lock.release();
}

ConcurrentFutureBase::Finishing::~Finishing() {
  if (!committed_) future_.sync().mutex.unlock();
}

void ConcurrentFutureBase::Finishing::commit() noexcept {
  committed_ = true;
  future_.settle(State::finished);
}

// Called with the lock held; unlocks it. The callbacks run without it, as in Python: they may do
// anything, and may drop the last handle but the caller's.
void ConcurrentFutureBase::settle(State state) noexcept {
  const Ref<ConcurrentFutureBase> alive(this);
  move_to(state);
  CallbackNode* node = std::exchange(callbacks_, nullptr);
  callbacks_end_ = &callbacks_;
  if (waiting_ > 0) sync().done.notify_all();
  sync().mutex.unlock();
  while (node) {
    const std::unique_ptr<CallbackNode> current(std::exchange(node, node->next));
    call(current->fn);
  }
}

void ConcurrentFutureBase::add_done_callback(Callback callback) {
  {
    auto node = std::make_unique<CallbackNode>(std::move(callback));
    const std::lock_guard lock(sync().mutex);
    if (state_ < State::cancelled) {
      *callbacks_end_ = node.release();
      callbacks_end_ = &(*callbacks_end_)->next;
      return;
    }
    callback = std::move(node->fn);
  }
  call(callback);
}

void ConcurrentFutureBase::call(Callback& callback) noexcept {
  try {
    callback(*this);
  } catch (...) {
    try {
      const std::string text = "exception calling callback for " + repr() + ": " +
                               describe(std::current_exception()) + "\n";
      sys::write_stderr(text.data(), text.size());
    } catch (...) {  // out of memory: the report is lost
    }
  }
}

void ConcurrentFutureBase::wait(Duration timeout) {
  if (done()) return;
  Sync& s = sync();
  std::unique_lock lock(s.mutex);
  const auto is_done = [this] { return state_ >= State::cancelled; };
  ++waiting_;
  bool ended = true;
  if (timeout.is_forever()) {
    s.done.wait(lock, is_done);
  } else {
    const auto now = std::chrono::steady_clock::now();
    const Duration until = Duration(now.time_since_epoch()) + timeout;
    const std::chrono::nanoseconds since_epoch = until;
    ended = s.done.wait_until(lock, std::chrono::steady_clock::time_point(since_epoch), is_done);
  }
  --waiting_;
  if (!ended) raise_timeout();
}

std::exception_ptr ConcurrentFutureBase::exception(Duration timeout) {
  wait(timeout);
  if (cancelled()) raise_cancelled({});
  return error_;
}

std::exception_ptr ConcurrentFutureBase::outcome_error() const {
  assert(done());
  return cancelled() ? make_cancelled_error({}) : error_;
}

void ConcurrentFutureBase::check_value(Duration timeout) {
  if (std::exception_ptr error = exception(timeout)) std::rethrow_exception(std::move(error));
}

std::string ConcurrentFutureBase::repr() const {
  switch (state()) {
    case State::pending:
      return "<Future pending>";
    case State::running:
      return "<Future running>";
    case State::cancelled:
    case State::cancelled_and_notified:
      return "<Future cancelled>";
    case State::finished:
      break;
  }
  return error_ ? "<Future finished exception=" + describe(error_) + ">" : "<Future finished>";
}

namespace {

// Between a concurrent future and a loop's. Belongs to the loop's thread, and is owned twice: until
// the outcome came (or the loop was closed), and as the callback by which it sees a cancellation.
class FutureBridge final : public hob::detail::Callback, public RemoteWait, public Pooled {
 public:
  FutureBridge(FutureBase& dest, Ref<ConcurrentFutureBase> source, CopyConcurrentValue copy)
      : dest_(&dest), source_(std::move(source)), copy_(copy) {}

  void start() {
    EventLoop& loop = *dest_->loop();
    // Whoever finishes the source later does not touch this object, only its address.
    try {
      source_->add_done_callback([home = loop.impl().remote, this](ConcurrentFutureBase&) {
        home->post([this] { deliver(); });
      });
    } catch (...) {
      delete this;
      throw;
    }
    dest_->add_callback(*this);
    loop.impl().begin_remote_wait(*this);
  }

 private:
  ~FutureBridge() = default;

  void deliver() {
    const Ref<FutureBase> dest = dest_;
    const Ref<ConcurrentFutureBase> source = std::move(source_);
    const CopyConcurrentValue copy = copy_;
    dest->loop()->impl().end_remote_wait(*this);
    loop_closed();
    if (dest->done()) return;
    if (source->cancelled()) {
      dest->cancel({});
    } else if (std::exception_ptr error = source->outcome_error()) {
      dest->set_exception(std::move(error));
    } else {
      try {
        copy(*dest, *source);
      } catch (...) {
        dest->set_exception(std::current_exception());
      }
    }
  }
  void loop_closed() noexcept override {
    source_ = {};
    Ref<FutureBase> dest = std::move(dest_);
    release();
  }
  void on_done(FutureBase& dest) override {
    if (dest.cancelled() && source_) Ref<ConcurrentFutureBase>(source_)->cancel();
    release();
  }
  void drop() noexcept override { release(); }
  void release() noexcept {
    if (--owners_ == 0) delete this;
  }

  Ref<FutureBase> dest_;
  Ref<ConcurrentFutureBase> source_;
  CopyConcurrentValue copy_;
  int owners_ = 2;
};

}  // namespace

void bridge_futures(FutureBase& dest, Ref<ConcurrentFutureBase> source, CopyConcurrentValue copy) {
  (new FutureBridge(dest, std::move(source), copy))->start();
}

}  // namespace hob::detail
