// SPDX-License-Identifier: MIT
// WaitQueue: the one queue in which tasks wait for something other than a future or a timer. Lock,
// Event, Condition, Semaphore and Queue are thin over it. It knows order and cancellation, not what
// is waited for.
//
// A task's place (WaitLink) lives in the awaiter, so in the frame of the coroutine that waits:
// waiting allocates nothing, and a frame that is destroyed leaves the queue. A place is, in this
// order:
//   pending    the task waits
//   woken      the wake-up is in the ready queue; what was granted is not taken yet
//   cancelled  (instead of woken) the wake-up with CancelledError is in the ready queue
// and it is kept until the task's step runs: only then does asyncio remove a waiter, and a waiter
// that was woken and cancelled passes the wake-up on only then.
#pragma once

#include <hob/core/node.hpp>
#include <hob/core/ref.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/task/task_base.hpp>

namespace hob::detail {

class LoopBound;
class WaitQueue;

/// How a task waits in a WaitQueue. `run` is what the ready queue runs once the task is woken or
/// cancelled: TaskBase::step to go on with the coroutine, or a function that may decide to wait
/// again.
struct QueuedWait : WaitKind {
  void (*run)(Node*);
};

/// A task's place in a WaitQueue. Part of the awaiter; leaves the queue when destroyed.
class WaitLink : public Link {
 public:
  WaitLink() noexcept = default;
  WaitLink(const WaitLink&) noexcept : WaitLink() {}  // an awaiter may be moved before it waits
  WaitLink& operator=(const WaitLink&) = delete;
  ~WaitLink() { leave(); }

  /// Suspends the task of `leaf` at the end of `queue`. `object` is the awaiter, for `kind.run`.
  void wait(PromiseBase& leaf, WaitQueue& queue, const QueuedWait& kind, void* object) noexcept;
  /// Removes the place. The first thing to do when the task's step runs.
  void leave() noexcept {
    if (linked()) unlink();
  }

  /// False when the await was ready at once, and await_resume has nothing to do.
  bool used() const noexcept { return task_ != nullptr || orphaned(); }
  /// The last thing in await_ready: whether the await need not suspend, because `loop` is bound
  /// to another loop. Then await_resume finds the link used and orphaned, and calls `raise`.
  bool refused_by(LoopBound& loop) noexcept;
  bool refused() const noexcept { return task_ == nullptr; }
  TaskBase& task() const noexcept { return *task_; }
  /// Whether the wait was not cancelled: it is pending, or a wake-up came before any cancellation.
  bool live() const noexcept { return !task_->wait_cancelled(); }
  /// In the task's step: whether CancelledError is due, be it that the wait was cancelled or woken
  /// and then cancelled.
  bool cancelled() const noexcept { return task_->wait_cancelled() || task_->must_cancel(); }
  /// Whether the primitive was destroyed while the task waited: then the awaiter must not touch it.
  bool orphaned() const noexcept { return prev == this; }
  /// Throws the CancelledError that is due; else the RuntimeError of one refused or orphaned.
  [[noreturn]] void raise() const;

  /// WaitKind::cancel of every QueuedWait.
  static bool cancel(TaskBase& task, const Ref<Message>& message) noexcept;

 private:
  friend WaitQueue;
  void orphan() noexcept {
    unlink();
    prev = this;
  }

  TaskBase* task_ = nullptr;
};

/// Tasks that wait, in order of arrival. Belongs to the loop's thread.
class WaitQueue {
 public:
  WaitQueue() noexcept = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;
  /// A task that still waits stays suspended until it is cancelled: nobody can wake it any more.
  ~WaitQueue() {
    if (!pending_.empty() || !woken_.empty()) [[unlikely]]
      orphan_all();
  }

  void push(WaitLink& link) noexcept { pending_.push_back(link); }
  /// Wakes the first pending task; gives false when there is none. O(1) amortised: cancelled places
  /// go.
  bool wake_next() noexcept {
    while (!pending_.empty()) {
      auto& link = static_cast<WaitLink&>(pending_.pop_front());
      if (!link.live()) continue;
      wake(link);
      return true;
    }
    return false;
  }
  void wake_all() noexcept {
    while (wake_next()) {
    }
  }
  /// Wakes the first place when that is pending. When it is woken already, or cancelled, nothing
  /// happens: its own step will see to those behind.
  void wake_first() noexcept;
  /// Whether somebody is pending or woken: a newcomer has to queue up.
  bool has_live() const noexcept { return !woken_.empty() || (!pending_.empty() && has_pending()); }

 private:
  void wake(WaitLink& link) noexcept {
    woken_.push_back(link);
    TaskBase& task = link.task();
    const auto& kind = static_cast<const QueuedWait&>(*task.wait_kind());
    task.wake();
    task.run = kind.run;
  }
  bool has_pending() const noexcept;
  void orphan_all() noexcept;

  LinkList pending_;  // and cancelled
  LinkList woken_;
};

inline void WaitLink::wait(PromiseBase& leaf, WaitQueue& queue, const QueuedWait& kind,
                           void* object) noexcept {
  task_ = leaf.task;
  task_->begin_wait(leaf, kind, object);
  queue.push(*this);
  task_->end_wait();
}

/// A primitive's loop: the one in which a task first had to wait for it.
class LoopBound {
 public:
  /// Binds to the running loop; gives false when bound to another one.
  bool bind() noexcept {
    LoopCore& core = running_loop->core();
    if (!core_) [[unlikely]]
      core_ = Ref<LoopCore>(&core);
    return core_.get() == &core;
  }

 private:
  Ref<LoopCore> core_;
};

inline bool WaitLink::refused_by(LoopBound& loop) noexcept {
  if (loop.bind()) [[likely]]
    return false;
  prev = this;
  return true;
}

}  // namespace hob::detail
