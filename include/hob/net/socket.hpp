// SPDX-License-Identifier: MIT
// Socket: a plain socket, with the vocabulary of Python's socket module. It is non-blocking; the
// loop's sock_* functions wait for it.
#pragma once

#include <hob/core/text.hpp>
#include <hob/net/socket_awaiter.hpp>
#include <hob/stream/extra_info.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace hob {

namespace detail {
class SocketState;
}

enum class SocketType : std::uint8_t { stream, datagram };

/// Owns a socket; closes it. Belongs to one thread, and to the loop that first waits for it (a
/// RuntimeError in another). What fails throws OSError.
class Socket {
 public:
  using Family = SocketAddress::Family;

  /// An empty one; anything but moves needs a socket.
  Socket() noexcept = default;
  explicit Socket(Family family, SocketType type = SocketType::stream);
  /// Takes over a descriptor, and makes it non-blocking.
  static Socket adopt(int fd);
  /// Two that are connected to each other (socketpair).
  static std::pair<Socket, Socket> pair(SocketType type = SocketType::stream);
  Socket(Socket&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Socket& operator=(Socket other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  /// Closes; whoever waits for it gets OSError of EBADF.
  ~Socket();

  void bind(const SocketAddress& address) const;
  void listen(int backlog = 100) const;
  SocketAddress getsockname() const;
  SocketAddress getpeername() const;
  /// Options that are numbers, by the constants of the system's headers.
  void setsockopt(int level, int name, int value) const;
  int getsockopt(int level, int name) const;
  void set_reuse_address() const;
  void set_reuse_port() const;
  /// Lets datagrams go to broadcast addresses.
  void set_broadcast() const;
  /// Receives what is sent to a multicast group, on the interface with this address or name (""
  /// lets the system choose).
  void join_group(Text group, Text interface = "") const;
  void leave_group(Text group, Text interface = "") const;
  /// Nothing more will be written.
  void shutdown_write() const;
  void close() noexcept;
  /// Gives the descriptor away: the caller closes it.
  int detach() noexcept;
  /// -1 when closed.
  int fileno() const noexcept;
  Family family() const noexcept;

  explicit operator bool() const noexcept { return state_ != nullptr; }
  /// For the loop's functions. Throws OSError of EBADF when closed.
  detail::SocketState& state() const;

 private:
  explicit Socket(detail::SocketState* state) noexcept : state_(state) {}

  detail::SocketState* state_ = nullptr;
};

}  // namespace hob
