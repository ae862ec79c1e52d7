// SPDX-License-Identifier: MIT
// ProcessState: a child and its end. The loop watches its pidfd and reaps it; a child that outlives
// its loop is reaped at the next start of another one.
#pragma once

#include "sys/process.hpp"

#include <hob/core/memory.hpp>
#include <hob/core/ref.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/sync/event.hpp>
#include <hob/task/coro.hpp>

#include <optional>

namespace hob::detail {

/// Counted: by handles, and by the loop while the child runs. Belongs to the loop's thread.
class ProcessState : public Pooled {
 public:
  /// Takes over a child and begins to watch it. When that fails the child is killed, and this
  /// throws.
  static Ref<ProcessState> watch(EventLoop& loop, sys::Spawned&& child);
  ProcessState(const ProcessState&) = delete;
  ProcessState& operator=(const ProcessState&) = delete;

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

  int pid() const noexcept { return pid_; }
  const std::optional<int>& returncode() const noexcept { return returncode_; }
  static Coro<int> wait(Ref<ProcessState> self);
  void send_signal(int signal) const;

 private:
  explicit ProcessState(sys::Spawned&& child) noexcept
      : pid_(child.pid), pidfd_(std::move(child.pidfd)) {}
  ~ProcessState();
  void ended(EventLoop& loop);

  int pid_;
  sys::Fd pidfd_;  // until reaped
  std::optional<int> returncode_;
  Event exited_;
  unsigned refs_ = 1;
};

/// Reaps children whose loops are gone. Any thread.
void reap_orphans() noexcept;

}  // namespace hob::detail
