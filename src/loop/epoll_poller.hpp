// SPDX-License-Identifier: MIT
// EpollPoller: waits for file descriptors. Watches are level-triggered, as asyncio's selectors are;
// regular files, which epoll refuses, count as always ready, as poll(2) has it. Descriptors (of
// streams and sockets) are edge-triggered, and added once: see descriptor.hpp.
#pragma once

#include "loop/watch_table.hpp"
#include "sys/fd.hpp"

#include <hob/loop/handle.hpp>

#include <cstdint>
#include <vector>

namespace hob::detail {

class Descriptor;

class EpollPoller {
 public:
  EpollPoller();

  /// Sets the reader or writer of `fd`. Throws OSError.
  void watch(int fd, bool write, Ref<HandleState> handle);
  /// Takes it out; gives whether there was one.
  bool unwatch(int fd, bool write) noexcept;
  std::size_t watches() const noexcept { return watches_.count() + waits_; }

  /// Adds a descriptor for all its events, edge-triggered: gives its slot, or -errno.
  long add(Descriptor& descriptor) noexcept;
  /// Frees the slot; events that are still on their way are recognised as stale. Takes `fd` out of
  /// epoll unless it is negative.
  void remove(std::uint32_t slot, int fd) noexcept;
  /// Counts those that wait for a descriptor: the loop is not idle then.
  void begin_wait() noexcept { ++waits_; }
  void end_wait() noexcept { --waits_; }

  /// Waits until something is ready, a wake, or `timeout_ns` (negative: without limit) and appends
  /// the handlers of what is ready to `ready`, per descriptor the reader before the writer.
  void poll(std::int64_t timeout_ns, NodeList& ready) noexcept;
  /// Interrupts `poll`, also the next one. Any thread; async-signal-safe.
  void wake() noexcept;
  /// What happened to the descriptor that was added with `tag`, as bits of epoll(7): for worlds
  /// that are not the kernel's (sys/world.hpp). Stale tags are recognised.
  void deliver(std::uint64_t tag, std::uint32_t events, NodeList& ready) noexcept;
  /// Closes this process's copy of the epoll: what was added to it stays the parent's.
  void cut_off() noexcept {
    epoll_ = sys::Fd();
    wake_ = sys::Fd();
  }
  /// Drops all handlers; what waits for a descriptor goes into `ready`.
  void clear(NodeList& ready) noexcept;

 private:
  struct Registration {
    std::uint32_t events = 0;  // as epoll has them
    bool always_ready = false;
  };
  using Watch = WatchTable<Registration>::Watch;
  struct Slot {
    Descriptor* descriptor = nullptr;
    std::uint32_t generation = 0;  // of the descriptors that had this slot: 31 bits
    std::uint32_t next_free = 0;
  };
  void update(int fd, Watch& watch);

  sys::Fd epoll_;
  sys::Fd wake_;
  WatchTable<Registration> watches_;
  std::size_t always_ready_ = 0;
  std::vector<Slot> slots_;
  std::uint32_t free_slot_ = UINT32_MAX;
  std::size_t waits_ = 0;
};

}  // namespace hob::detail
