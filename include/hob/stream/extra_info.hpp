// SPDX-License-Identifier: MIT
// ExtraInfo: what `get_extra_info` knows of a connection, typed instead of looked up by name.
#pragma once

#include <hob/stream/security_info.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace hob {

/// One end of a socket. Python's tuples `(host, port)` and `(host, port, flowinfo, scope_id)`, and
/// the path of a Unix socket.
struct SocketAddress {
  enum class Family : std::uint8_t { none, ipv4, ipv6, local };

  Family family = Family::none;
  std::uint16_t port = 0;
  std::uint32_t flow_info = 0;
  std::uint32_t scope_id = 0;
  /// "127.0.0.1", "::1"; for Unix the path: "" without a name, beginning with NUL when abstract.
  std::string host;

  /// `127.0.0.1:80`, `[::1]:80`, `/run/x.sock`.
  std::string to_string() const;
  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

/// What is known of a connection; what it does not have is empty.
struct ExtraInfo {
  SocketAddress sockname;
  SocketAddress peername;
  /// The descriptor, borrowed; -1 for transports without one.
  int fd = -1;
  /// Of a TLS connection: version, cipher, the peer's certificate, ...
  std::optional<SecurityInfo> security;
};

}  // namespace hob
