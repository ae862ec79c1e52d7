// SPDX-License-Identifier: MIT
// Descriptor: a non-blocking file descriptor of a loop that remembers whether it may be ready. A
// call is tried first; only when the kernel says EAGAIN is the descriptor made known to
// the poller: once, for both directions, edge-triggered, and never changed again.
#pragma once

#include "sys/fd.hpp"

#include <hob/core/ref.hpp>
#include <hob/loop/event_loop.hpp>
#include "loop/wait_slot.hpp"

#include <cstddef>
#include <cstdint>

namespace hob::detail {

class RingInput;
class UringPoller;

/// Belongs to the loop's thread; may outlive the loop.
class Descriptor {
 public:
  enum Side : unsigned char { kRead, kWrite };
  enum class Kind : unsigned char {
    packets,     // and pipes and terminals: there are borders in the stream
    stream,      // a count less than was asked for says that the kernel has no more
    connection,  // the same, and all of its bytes are read through `take_received`
    listener,    // all of its connections come through `take_connection`
  };
  Descriptor(EventLoop& loop, sys::Fd fd, Kind kind) noexcept
      : core_(&loop.core()),
        fd_(std::move(fd)),
        short_means_empty_(kind == Kind::stream || kind == Kind::connection),
        kind_(kind) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  int fd() const noexcept { return fd_.get(); }
  bool is_open() const noexcept { return fd_.get() >= 0; }
  LoopCore& core() const noexcept { return *core_; }

  /// Whether a count less than was asked for says that the kernel has no more.
  bool is_stream() const noexcept { return short_means_empty_; }
  /// Whether a node waits, or is about to run.
  bool waited_for(Side side) const noexcept { return waits_[side].used(); }

  /// Whether a call is worth trying. When not: -EAGAIN, or the error that stands in the way.
  bool may_try(Side side) const noexcept { return ready_[side] && error_ == 0; }
  int refusal() const noexcept {
    return !is_open() ? -9 /* EBADF */ : error_ != 0 ? error_ : -11 /* EAGAIN */;
  }
  /// After a call that was asked for `size` bytes gave `result`.
  void tried(Side side, long result, std::size_t size) noexcept {
    if (result == -11) {
      ready_[side] = false;
    } else if (short_means_empty_ && !ended_ && result > 0 &&
               static_cast<std::size_t>(result) < size) {
      ready_[side] = false;
    }
  }
  void not_ready(Side side) noexcept { ready_[side] = false; }
  /// What io_uring has brought already: a count, 0 at the end, -EAGAIN or another error;
  /// kTryDirectly when it brings nothing, and without it always.
  long take_received(char* data, std::size_t size) noexcept {
    return input_ ? take_input(data, size) : kTryDirectly;
  }
  /// The same for a listener: a connection.
  int take_connection() noexcept;
  static constexpr long kTryDirectly = -1'000'000;

  /// Runs `node`, once, through the ready queue when this side may be ready again. One node for
  /// each side at a time. When epoll takes no more descriptors the node runs too, and `refusal`
  /// says why.
  void wait(Side side, Node& node) noexcept;
  /// Ends the wait; no effect when there is none.
  void forget(Side side) noexcept;
  /// Closes; what waits is run. Idempotent.
  void close() noexcept;
  /// The same without closing: the descriptor is somebody else's.
  int release() noexcept;

 private:
  friend class EpollPoller;
  friend class UringPoller;
  friend class RingInput;
  // For pollers.
  std::uint32_t poll_events() const noexcept;
  void ready(bool read, bool write, bool ended, NodeList& queue) noexcept;
  bool reader_waits() const noexcept { return waits_[kRead].used(); }
  void loop_closed(NodeList& queue) noexcept;
  /// The slot is gone: to be followed by `rejoin`, for those who still wait.
  void left_poller() noexcept { slot_ = kNoSlot; }
  void rejoin(NodeList& queue) noexcept;
  void poll_failed(int error, NodeList& queue) noexcept;

  bool brings_input() const noexcept {
    return kind_ == Kind::connection || kind_ == Kind::listener;
  }
  void leave_poller(bool remove) noexcept;
  bool join_poller() noexcept;
  bool join(Side side) noexcept;
  void leave_slot(UringPoller& ring) noexcept;
  void begin_wait() noexcept;
  void end_wait() noexcept;
  long take_input(char* data, std::size_t size) noexcept;

  static constexpr std::uintptr_t kNoSlot = UINTPTR_MAX;

  Ref<LoopCore> core_;
  WaitSlot waits_[2];
  std::uintptr_t slot_ = kNoSlot;
  RingInput* input_ = nullptr;  // owned; with io_uring only
  sys::Fd fd_;
  int error_ = 0;
  bool ready_[2] = {true, true};
  bool short_means_empty_;
  Kind kind_;
  bool ended_ = false;  // a hang-up or an error was seen: no more edges will announce the end
  bool always_ready_ = false;
};

}  // namespace hob::detail
