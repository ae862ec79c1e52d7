// SPDX-License-Identifier: MIT
// Happy Eyeballs (RFC 8305): which address a connection is tried with, and when the next one.
#pragma once

#include "sys/socket.hpp"

#include <hob/core/duration.hpp>
#include <hob/core/function.hpp>
#include <hob/core/ref.hpp>
#include <hob/stream/transport.hpp>
#include <hob/task/coro.hpp>

#include <vector>

namespace hob::detail {

/// Takes turns between the families; `first` of the first family come before that. 0: as they are.
std::vector<sys::Address> interleave(std::vector<sys::Address> addresses, int first);

using Connect = Function<Coro<Ref<Transport>>(sys::Address)>;

/// Connects to the addresses in turn: the next one is tried when the last has failed, or has not
/// answered for `delay`. The first connection wins, the others are dropped. Throws the one error,
/// or OSError with all of them.
Coro<Ref<Transport>> connect_any(std::vector<sys::Address> addresses, Duration delay,
                                 Connect connect);

}  // namespace hob::detail
