// SPDX-License-Identifier: MIT
// Event: a flag that tasks can wait for.
#pragma once

#include <hob/sync/waiters.hpp>
#include <hob/task/awaitable.hpp>

#include <coroutine>

namespace hob {

class Event;

namespace detail {

class EventAwaiter : public LibraryAwaiter {
 public:
  explicit EventAwaiter(Event& event) noexcept : event_(&event) {}
  bool await_ready() noexcept;
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    start(self.promise());
  }
  void await_resume() {
    if (link_.used()) finish();
  }

 private:
  void start(PromiseBase& leaf) noexcept;
  void finish();

  Event* event_;
  WaitLink link_;
};

}  // namespace detail

/// A flag, at first not set. Belongs to the loop's thread; bound to the loop in which a task first
/// waits for it. May be destroyed once it was set, even before those it woke have run. Semantics of
/// asyncio.Event, CPython 3.13.
class Event {
 public:
  Event() noexcept = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  /// Suspends until the event is set; not at all when it is. Cancellation has no effect on it.
  /// Throws RuntimeError from a loop other than the first one that waited.
  [[nodiscard]] detail::EventAwaiter wait() noexcept { return detail::EventAwaiter(*this); }
  /// Sets the flag and wakes every task that waits now, in order; a `clear` before they run does
  /// not stop them.
  void set() noexcept {
    if (set_) return;
    set_ = true;
    waiters_.wake_all();
  }
  /// Whoever waits from now on suspends until the next `set`.
  void clear() noexcept { set_ = false; }
  bool is_set() const noexcept { return set_; }

 private:
  friend detail::EventAwaiter;

  detail::WaitQueue waiters_;
  detail::LoopBound loop_;
  bool set_ = false;
};

inline bool detail::EventAwaiter::await_ready() noexcept {
  if (event_->set_) return true;
  return link_.refused_by(event_->loop_);
}

}  // namespace hob
