// SPDX-License-Identifier: MIT
// The private half of EventLoop: clock, timers, poller, inbox.
#pragma once

#include "loop/fork.hpp"
#include "loop/inbox.hpp"
#include "loop/poller.hpp"
#include "loop/receive_buffer.hpp"
#include "loop/remote_loop.hpp"
#include "loop/signals.hpp"
#include "loop/timer_wheel.hpp"

#include <hob/loop/event_loop.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace hob::detail {

/// Something that happens elsewhere and that a loop waits for. The loop's thread only.
struct RemoteWait : Link {
  /// Called instead of the end of the wait: nothing will come through to this loop any more.
  virtual void loop_closed() noexcept = 0;

  bool counted = false;

 protected:
  ~RemoteWait() = default;
};

/// The loop's default executor, as far as the loop knows it: the executor layer makes it.
class DefaultExecutor {
 public:
  DefaultExecutor() = default;
  DefaultExecutor(const DefaultExecutor&) = delete;
  DefaultExecutor& operator=(const DefaultExecutor&) = delete;
  virtual ~DefaultExecutor() = default;
  /// EventLoop::shutdown_default_executor.
  virtual Coro<void> shut_down(Duration timeout) = 0;
};

struct LoopImpl {
  LoopImpl(EventLoop& owner, LoopOptions options);

  /// Whether the current task may have one more result without having waited. Every so often it may
  /// not, and lets the others run: one busy connection must not starve the rest.
  bool may_hurry() noexcept {
    if (core.current_task != hurrying) {
      hurrying = core.current_task;
      hurries = 0;
    }
    return ++hurries % kHurriesMax != 0;
  }

  /// In the child of fork(2): lets go of what is the parent's, and ends after this turn.
  void cut_off() noexcept {
    poller.cut_off();
    core.plain = false;  // so that calls are checked
    stopping = true;
    turns_until_look = 0;
  }

  std::int64_t now_ns() noexcept;
  void run_once();
  void run_until_stopped();
  void run_batch();
  void poll(bool may_sleep);
  void wait(std::int64_t timeout_ns);
  void spin(std::int64_t timeout_ns) noexcept;
  std::int64_t sleep_limit() noexcept;
  bool nothing_can_happen() const noexcept;
  bool should_poll() noexcept;
  void look_outside();
  void shuffle_ready();
  /// A signal that the library itself watches: it does not count as something that could still
  /// happen.
  void watch_internal_signal(int signal, Function<void()> fn);
  std::size_t user_signals() const noexcept { return signals.count() - (internal_signal != 0); }

  /// While a wait lasts the loop does not take itself for deadlocked, nor lets virtual time jump.
  void begin_remote_wait(RemoteWait& wait) noexcept {
    remote_waits.push_back(wait);
    wait.counted = true;
    remote_work.fetch_add(1, std::memory_order_relaxed);
  }
  /// Nobody here cares any more for what may still come in.
  void stop_counting(RemoteWait& wait) noexcept {
    if (std::exchange(wait.counted, false)) remote_work.fetch_sub(1, std::memory_order_relaxed);
  }
  void end_remote_wait(RemoteWait& wait) noexcept {
    wait.unlink();
    stop_counting(wait);
  }

  EventLoop& loop;
  LoopCore& core;
  Driver driver;
  Poller poller;
  TimerWheel timers;
  ReceiveBuffer receive_buffer;
  static constexpr std::uint32_t kHurriesMax = 128;
  const TaskBase* hurrying = nullptr;  // only compared
  std::uint32_t hurries = 0;
  Signals signals{poller, internal_signal};
  Inbox inbox;
  Ref<RemoteLoop> remote;  // this loop, for those who may outlive it

  bool stopping = false;
  bool running = false;
  std::atomic<std::uintptr_t> thread{0};  // while running
  std::int64_t now = 0;                   // last clock reading; the clock itself with `sim`
  std::int64_t polled_at = 0;             // coarse
  std::uint32_t handles_since_poll = 0;
  std::uint32_t handles_per_poll = 0;  // both adapt: see poll and should_poll
  std::uint32_t turns_until_look = 0;
  std::uint32_t turns_per_look = 0;
  std::uint32_t turns = 0;  // with `sim`
  int internal_signal = 0;
  std::uint64_t random = 0;  // shuffle state; 0: in order
  LinkList remote_waits;
  std::atomic<std::uint32_t> remote_work{0};  // jobs elsewhere that will post here when done
  Function<void()> on_deadlock;
  EventLoop::ExceptionHandler exception_handler;
  Function<void(EventLoop&, TaskOptions&)> task_factory;
  std::int64_t spin_ns = 0;
  DefaultExecutor* default_executor = nullptr;  // owned; null until it is needed
  std::int64_t slow_callback_ns = 100'000'000;
  ForkGuard fork{*this};
};

}  // namespace hob::detail
