// SPDX-License-Identifier: MIT
#include <hob/stream/transport.hpp>

#include <hob/core/error.hpp>

namespace hob {

std::exception_ptr Transport::error(int code, Text operation) const {
  return std::make_exception_ptr(OSError(code < 0 ? -code : code, operation));
}

}  // namespace hob
