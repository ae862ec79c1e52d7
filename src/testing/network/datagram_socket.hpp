// SPDX-License-Identifier: MIT
// DatagramSocket: UDP in a simulated network, and pairs of Unix datagram sockets.
#pragma once

#include "testing/network/virtual_socket.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace hob::testing {

class DatagramSocket final : public VirtualSocket {
 public:
  using VirtualSocket::VirtualSocket;
  static void join(DatagramSocket& a, DatagramSocket& b) noexcept;

  int type() const noexcept override { return sys::kTypeDatagram; }
  int connect(const sys::Address& address) override;
  long receive(char* data, std::size_t size, sys::Address* from, bool peek) override;
  long send(std::string_view bytes, const sys::Address* to) override;
  int shutdown_write() override;
  void close() override;
  void crash() override;
  int peer_address(sys::Address& out) const noexcept override;
  std::size_t buffered() const noexcept override { return size_; }
  unsigned readiness() const noexcept override;

 private:
  struct Packet {
    sys::Address from;
    sys::Address to;
    std::string bytes;
  };
  int check(const sys::Address& to, std::size_t size) const noexcept;
  void send_to_host(Host& there, const Packet& packet);
  static void deliver(NetworkWorld& world, Host& there, const Packet& packet, std::uint32_t from,
                      Host& sender);
  void refused();
  bool wants(const Packet& packet) const noexcept;
  void take(const Packet& packet);

  std::deque<Packet> waiting_;
  std::size_t size_ = 0;
  std::uint32_t pair_ = 0;  // of a Unix socket
};

}  // namespace hob::testing
