// SPDX-License-Identifier: MIT
#include "stream/address.hpp"

namespace hob {

std::string SocketAddress::to_string() const {
  switch (family) {
    case Family::ipv4:
      return host + ':' + std::to_string(port);
    case Family::ipv6:
      return '[' + host + "]:" + std::to_string(port);
    case Family::local:
    case Family::none:
      break;
  }
  return host;
}

namespace detail {

SocketAddress to_socket_address(const sys::Address& address) {
  using Family = SocketAddress::Family;
  SocketAddress out;
  const int family = address.family();
  if (family == sys::kFamilyInet) out.family = Family::ipv4;
  if (family == sys::kFamilyInet6) out.family = Family::ipv6;
  if (family == sys::kFamilyUnix) out.family = Family::local;
  out.host = address.host();
  out.port = address.port();
  out.flow_info = address.flow_info();
  out.scope_id = address.scope_id();
  return out;
}

}  // namespace detail
}  // namespace hob
