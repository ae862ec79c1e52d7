// SPDX-License-Identifier: MIT
#include <hob/stream/transport.hpp>

#include <hob/core/error.hpp>

#include <cerrno>

namespace hob {

std::exception_ptr Transport::error(int code, Text operation) const {
  return std::make_exception_ptr(OSError(code < 0 ? -code : code, operation));
}

long Transport::try_send_file(int, long long*, std::size_t) noexcept { return -EOPNOTSUPP; }

}  // namespace hob
