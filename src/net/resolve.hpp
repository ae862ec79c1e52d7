// SPDX-License-Identifier: MIT
// Names to addresses, for those who connect and listen.
#pragma once

#include "sys/resolver.hpp"
#include "sys/socket.hpp"

#include <hob/net/open_connection.hpp>
#include <hob/task/coro.hpp>

#include <memory>
#include <string>
#include <vector>

namespace hob::detail {

inline int family_of(AddressFamily family) noexcept {
  return family == AddressFamily::ipv4   ? sys::kFamilyInet
         : family == AddressFamily::ipv6 ? sys::kFamilyInet6
                                         : sys::kFamilyUnspecified;
}

/// What the system's resolver says, shared by all who ask the same at the same time. Throws
/// GaiError.
Coro<std::shared_ptr<const std::vector<sys::FoundAddress>>> look_up(sys::AddressQuestion question);

/// The addresses of a stream socket for `host`; at least one. A literal does not suspend.
/// `passive`: to listen on; "" is every interface. Throws GaiError.
Coro<std::vector<sys::Address>> resolve(std::string host, std::uint16_t port, int family,
                                        bool passive);

}  // namespace hob::detail
