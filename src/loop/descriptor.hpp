// SPDX-License-Identifier: MIT
// Descriptor: a non-blocking file descriptor of a loop that remembers whether it may be ready. A
// call is tried first; only when the kernel says EAGAIN is the descriptor made known to epoll:
// once, for both directions, edge-triggered, and never changed again.
#pragma once

#include "sys/fd.hpp"

#include <hob/core/ref.hpp>
#include <hob/loop/event_loop.hpp>
#include "loop/wait_slot.hpp"

#include <cstddef>
#include <cstdint>

namespace hob::detail {

/// Belongs to the loop's thread; may outlive the loop.
class Descriptor {
 public:
  enum Side : unsigned char { kRead, kWrite };
  /// `short_means_empty`: a count less than was asked for says that the kernel has no more. True of
  /// stream sockets; not of packets, pipes and terminals, which have borders in the stream.
  Descriptor(EventLoop& loop, sys::Fd fd, bool short_means_empty) noexcept
      : core_(&loop.core()), fd_(std::move(fd)), short_means_empty_(short_means_empty) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  int fd() const noexcept { return fd_.get(); }
  bool is_open() const noexcept { return fd_.get() >= 0; }
  LoopCore& core() const noexcept { return *core_; }

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
  void ready(bool read, bool write, bool ended, NodeList& queue) noexcept;
  void loop_closed(NodeList& queue) noexcept;
  void leave_poller(bool remove) noexcept;
  bool join_poller() noexcept;
  void begin_wait() noexcept;
  void end_wait() noexcept;

  static constexpr std::uint32_t kNoSlot = UINT32_MAX;

  Ref<LoopCore> core_;
  WaitSlot waits_[2];
  sys::Fd fd_;
  std::uint32_t slot_ = kNoSlot;
  int error_ = 0;
  bool ready_[2] = {true, true};
  bool short_means_empty_;
  bool ended_ = false;  // a hang-up or an error was seen: no more edges will announce the end
  bool always_ready_ = false;
};

}  // namespace hob::detail
