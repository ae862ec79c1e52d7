// SPDX-License-Identifier: MIT
// SocketState: a Socket's descriptor, which becomes a loop's only when a loop waits for it.
#pragma once

#include "loop/descriptor.hpp"
#include "sys/socket.hpp"

#include <hob/core/memory.hpp>
#include <hob/net/socket.hpp>
#include <hob/task/coro.hpp>

#include <optional>
#include <string_view>

namespace hob::detail {

class SocketState : public Pooled {
 public:
  explicit SocketState(sys::Fd fd) noexcept : fd_(std::move(fd)) {}
  SocketState(const SocketState&) = delete;
  SocketState& operator=(const SocketState&) = delete;

  /// Counted: a task that waits keeps it, when the Socket is closed meanwhile.
  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

  int fd() const noexcept { return descriptor_ ? descriptor_->fd() : fd_.get(); }
  /// As `loop`'s; null when it is another's.
  Descriptor* descriptor_in(EventLoop& loop) noexcept;
  /// The same; throws RuntimeError.
  Descriptor& descriptor(EventLoop& loop);
  int detach() noexcept { return descriptor_ ? descriptor_->release() : fd_.release(); }
  /// Whoever waits is woken, and finds it closed.
  void close() noexcept {
    if (descriptor_) descriptor_->close();
    fd_ = sys::Fd();
  }

 private:
  unsigned refs_ = 1;
  sys::Fd fd_;  // until a loop waits for it
  std::optional<Descriptor> descriptor_;
};

/// Takes a socket's descriptor over. Throws ValueError for one that is no stream socket, OSError of
/// EBADF for a closed one.
sys::Fd take_stream_socket(Socket socket);

/// Of an address that users gave. Throws ValueError for one that is not a literal.
sys::Address to_address(const SocketAddress& address);

/// Sends one packet; an empty address is the one that the socket is connected to.
Coro<> send_packet(const Socket& socket, std::string_view data, sys::Address to);

}  // namespace hob::detail
