// SPDX-License-Identifier: MIT
// getaddrinfo, getnameinfo: names and addresses, by the system's resolver, off the loop.
#pragma once

#include <hob/core/error.hpp>
#include <hob/core/text.hpp>
#include <hob/net/open_connection.hpp>
#include <hob/net/socket.hpp>
#include <hob/stream/extra_info.hpp>
#include <hob/task/coro.hpp>

#include <string>
#include <utility>
#include <vector>

namespace hob {

/// Python's socket.gaierror: a name that cannot be resolved. `code()` is one of EAI_*, all
/// negative, and no errno.
class GaiError : public OSError {
 public:
  GaiError(int code, const std::string& what) : OSError(code, "getaddrinfo", what) {}
};

/// One of the addresses that a name stands for.
struct AddressInfo {
  SocketType type = SocketType::stream;
  SocketAddress address;
  /// The name's canonical form, in the first one, when it was asked for.
  std::string canonname;
};

/// What getaddrinfo is asked for besides the name.
struct AddressQuery {
  AddressFamily family = AddressFamily::any;
  SocketType type = SocketType::stream;
  /// Addresses to listen on: without a host, all interfaces.
  bool passive = false;
  bool canonname = false;
  /// The host is a literal, or it is an error.
  bool numeric_host = false;
};

/// What getnameinfo is asked for.
struct NameQuery {
  bool numeric_host = false;
  bool numeric_service = false;
  /// It is an error when the address has no name.
  bool name_required = false;
  bool datagram = false;
};

/// The addresses for `host` and `service` (a number or a name, "" for none), in the order in which
/// they should be tried. Runs in a small pool of threads of its own, so that slow name servers do
/// not keep other work from its threads; identical questions of a loop that are under way at the
/// same time are asked once. Cancelling gives up waiting. Throws GaiError.
Coro<std::vector<AddressInfo>> getaddrinfo(Text host, Text service, AddressQuery query = {});

/// The names of an address: host and service. Throws GaiError.
Coro<std::pair<std::string, std::string>> getnameinfo(const SocketAddress& address,
                                                      NameQuery query = {});

}  // namespace hob
