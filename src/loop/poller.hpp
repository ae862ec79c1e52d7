// SPDX-License-Identifier: MIT
// Poller: how a loop waits for the world. A closed set, behind one branch: epoll, and io_uring for
// loops that asked for it. (`sim` waits for real descriptors by epoll.) See EpollPoller for what
// the calls do.
#pragma once

#include "loop/epoll_poller.hpp"
#include "loop/uring_poller.hpp"

#include <hob/loop/event_loop.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace hob::detail {

class Poller {
 public:
  /// For a loop with `driver`, which becomes `epoll` when io_uring is wanted and not to be had.
  explicit Poller(Driver& driver);

  /// Null: not on io_uring.
  UringPoller* uring() const noexcept { return uring_.get(); }
  /// Null: on io_uring.
  EpollPoller* epoll() noexcept { return epoll_ ? &*epoll_ : nullptr; }

  void watch(int fd, bool write, Ref<HandleState> handle) {
    uring_ ? uring_->watch(fd, write, std::move(handle))
           : epoll_->watch(fd, write, std::move(handle));
  }
  bool unwatch(int fd, bool write) noexcept {
    return uring_ ? uring_->unwatch(fd, write) : epoll_->unwatch(fd, write);
  }
  std::size_t watches() const noexcept { return uring_ ? uring_->watches() : epoll_->watches(); }
  /// The slot may be as large as a pointer.
  long add(Descriptor& descriptor) noexcept {
    return uring_ ? uring_->add(descriptor) : epoll_->add(descriptor);
  }
  void remove(std::uintptr_t slot, int fd) noexcept {
    uring_ ? uring_->remove(slot) : epoll_->remove(static_cast<std::uint32_t>(slot), fd);
  }
  void begin_wait() noexcept { uring_ ? uring_->begin_wait() : epoll_->begin_wait(); }
  void end_wait() noexcept { uring_ ? uring_->end_wait() : epoll_->end_wait(); }
  void poll(std::int64_t timeout_ns, NodeList& ready) {
    uring_ ? uring_->poll(timeout_ns, ready) : epoll_->poll(timeout_ns, ready);
  }
  void wake() noexcept { uring_ ? uring_->wake() : epoll_->wake(); }
  /// In the child of fork(2): leaves the parent's registrations alone from now on.
  void cut_off() noexcept {
    if (epoll_) epoll_->cut_off();
  }
  void clear(NodeList& ready) noexcept { uring_ ? uring_->clear(ready) : epoll_->clear(ready); }

 private:
  std::optional<EpollPoller> epoll_;
  std::unique_ptr<UringPoller> uring_;
};

}  // namespace hob::detail
