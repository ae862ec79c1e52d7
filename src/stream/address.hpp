// SPDX-License-Identifier: MIT
// Between the kernel's addresses and those that users see.
#pragma once

#include "sys/socket.hpp"

#include <hob/stream/extra_info.hpp>

namespace hob::detail {

SocketAddress to_socket_address(const sys::Address& address);

}  // namespace hob::detail
