// SPDX-License-Identifier: MIT
// create_datagram_endpoint: UDP, awaited instead of called back.
#pragma once

#include <hob/core/text.hpp>
#include <hob/net/open_connection.hpp>
#include <hob/net/socket.hpp>
#include <hob/stream/extra_info.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace hob {

/// A packet and where it came from.
struct Datagram {
  Datagram() noexcept = default;
  Datagram(std::string d, SocketAddress a) noexcept : data(std::move(d)), address(std::move(a)) {}
  std::string data;
  SocketAddress address;
};

/// Options of create_datagram_endpoint. Texts are copied by the call.
struct DatagramOptions {
  /// Bind to this; "" and 0: when neither is given, the first packet binds.
  Text local_host = {};
  std::uint16_t local_port = 0;
  /// Connect to this: `send` goes there, and packets from elsewhere are not received.
  Text remote_host = {};
  std::uint16_t remote_port = 0;
  AddressFamily family = AddressFamily::any;
  bool reuse_port = false;
  bool allow_broadcast = false;
};

/// A UDP socket. Movable; closes itself. One task at a time may receive, and one send.
class DatagramEndpoint {
 public:
  DatagramEndpoint() noexcept = default;
  explicit DatagramEndpoint(Socket socket) noexcept : socket_(std::move(socket)) {}

  /// The next packet, whole; what is longer than `size` is cut off. Cancelled, it takes none.
  /// Throws OSError, also for what the network says to an earlier packet (ECONNREFUSED).
  detail::RecvFromAwaiter recvfrom(std::size_t size = 65536);
  /// Sends one packet; waits only while the socket's buffer is full. `data` is borrowed.
  Coro<void> sendto(std::string_view data, const SocketAddress& address);
  /// The same to the address that it is connected to.
  Coro<void> send(std::string_view data);

  SocketAddress getsockname() const { return socket_.getsockname(); }
  /// For options, multicast groups, and the sock_* functions.
  Socket& socket() noexcept { return socket_; }
  void close() noexcept { socket_.close(); }

 private:
  Socket socket_;
};

/// Behaviour of asyncio.create_datagram_endpoint, without the protocol. Throws OSError, ValueError
/// when it is told neither an address nor a family.
Coro<DatagramEndpoint> create_datagram_endpoint(const DatagramOptions& options);

}  // namespace hob
