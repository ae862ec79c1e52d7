// SPDX-License-Identifier: MIT
// Handle, TimerHandle: what call_soon, call_later and call_at give back, to cancel the call.
#pragma once

#include <hob/core/context.hpp>
#include <hob/core/duration.hpp>
#include <hob/core/invoke.hpp>
#include <hob/core/memory.hpp>
#include <hob/core/node.hpp>
#include <hob/core/ref.hpp>

#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hob {

class EventLoop;

namespace detail {

/// A node that the timer wheel can hold until `when_ns` on the loop's clock.
struct TimerNode : Node {
  std::int64_t when_ns = 0;
};

/// A scheduled call: callback, arguments and context. Counted; the loop holds one count while it is
/// queued.
class HandleState : public TimerNode, public Pooled {
 public:
  /// `make_context()` gives the context: called here, so that it is made where it is kept.
  template <class MakeContext>
  HandleState(EventLoop& loop, const MakeContext& make_context)
      : loop_(&loop), context_(make_context()) {}
  HandleState(const HandleState&) = delete;
  HandleState& operator=(const HandleState&) = delete;
  virtual ~HandleState() = default;

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }
  void cancel() noexcept;
  bool cancelled() const noexcept { return cancelled_; }
  EventLoop& loop() const noexcept { return *loop_; }
  ContextSlot& context() noexcept { return context_; }
  /// Runs the callback in its context; its exception goes to the loop's handler (KeyboardInterrupt
  /// leaves).
  void invoke();
  /// What runs when the loop is closed or in debug mode.
  void run_unusually();
  /// In a catch block: reports the callback's exception (KeyboardInterrupt goes on).
  void report_failure();

 protected:
  virtual void call() = 0;
  /// Destroys callback and arguments: once, by `cancel`, when they cannot be running.
  virtual void drop() noexcept = 0;

  std::uint32_t refs_ = 1;
  bool cancelled_ = false;
  bool running_ = false;  // the callable must outlive its call
  bool dropped_ = false;
  EventLoop* loop_;
  ContextSlot context_;
};

/// The ready queue runs it by one indirect call, which is why `run_bound` is a template too.
template <class F, class... Args>
class BoundHandle final : public HandleState {
  using Bound = std::tuple<F, Args...>;

 public:
  template <class MakeContext, class G, class... Bs>
  BoundHandle(EventLoop& loop, const MakeContext& make_context, G&& fn, Bs&&... args)
      : HandleState(loop, make_context), bound_(std::forward<G>(fn), std::forward<Bs>(args)...) {
    run = &BoundHandle::run_bound;
  }
  ~BoundHandle() override {
    if constexpr (!std::is_trivially_destructible_v<Bound>) {
      if (!dropped_) bound_.~Bound();
    }
  }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

 private:
  static void run_bound(Node* node);
  void call() override {
    std::apply([](F& fn, Args&... args) { static_cast<void>(detail::invoke(fn, args...)); },
               bound_);
  }
  void drop() noexcept override { bound_.~Bound(); }

  union {
    Bound bound_;
  };
};

}  // namespace detail

/// A call that was scheduled with `call_soon`. Cheap to copy; dropping it does not cancel the call.
/// Belongs to the loop's thread.
class Handle {
 public:
  Handle() noexcept = default;
  explicit Handle(detail::Ref<detail::HandleState> state) noexcept : state_(std::move(state)) {}

  /// The call will not be made; callback and arguments are destroyed now. No effect once it ran or
  /// when empty.
  void cancel() noexcept {
    if (state_) state_->cancel();
  }
  bool cancelled() const noexcept { return state_ && state_->cancelled(); }
  /// The context that the call runs in (asyncio's Handle.get_context).
  Context get_context() const {
    return state_ && state_->context() ? Context(state_->context()) : Context();
  }
  explicit operator bool() const noexcept { return static_cast<bool>(state_); }

 protected:
  detail::Ref<detail::HandleState> state_;
};

/// A call that was scheduled with `call_later` or `call_at`.
class TimerHandle : public Handle {
 public:
  using Handle::Handle;
  /// When the call is due, on the clock of `EventLoop::time`.
  Duration when() const noexcept { return Duration::nanoseconds(state_ ? state_->when_ns : 0); }
};

/// A call that was scheduled from another thread with `call_soon_threadsafe`. May be cancelled from
/// any thread: `cancel` gives whether the call was stopped in time. Dropping it does not cancel the
/// call.
class ThreadSafeHandle {
 public:
  class State;
  ThreadSafeHandle() noexcept;
  explicit ThreadSafeHandle(detail::Ref<State> state) noexcept;
  ThreadSafeHandle(const ThreadSafeHandle&) noexcept;
  ThreadSafeHandle(ThreadSafeHandle&&) noexcept;
  ThreadSafeHandle& operator=(ThreadSafeHandle) noexcept;
  ~ThreadSafeHandle();

  bool cancel() noexcept;
  bool cancelled() const noexcept;

 private:
  detail::Ref<State> state_;
};

}  // namespace hob
