// SPDX-License-Identifier: MIT
// Test support: scenarios in which every call of the kernel is made to fail.
#pragma once

#include <hob/core/error.hpp>
#include <hob/testing/fail_everywhere.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <exception>
#include <string>
#include <utility>

namespace support {

/// The errno of an OSError; 0 for anything else.
inline int errno_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const hob::OSError& e) {
    return e.code();
  } catch (...) {
    return 0;
  }
}

/// Whether this is the fault's own error, as FaultOptions has it by default.
inline bool is_fault(const hob::testing::Fault& fault, const std::exception_ptr& error) {
  return fault.error != 0 && fault.error != EINTR && errno_of(error) == fault.error;
}

/// The fault's own error; or, when a peer in the same scenario met it and went away, the end of the
/// connection. `"cut off"` is what a scenario throws itself when it saw an end too early.
inline bool is_fault_or_lost(const hob::testing::Fault& fault, const std::exception_ptr& error) {
  if (is_fault(fault, error)) return true;
  if (fault.error == 0 || fault.error == EINTR || fault.error == EAGAIN) return false;
  const int code = errno_of(error);
  return code == ECONNRESET || code == EPIPE || hob::type_name(error) == "IncompleteReadError";
}

inline void fail_everywhere(hob::Function<hob::Coro<>()> scenario,
                            hob::testing::FaultOptions options = {}) {
  try {
    const std::size_t runs = hob::testing::fail_everywhere(std::move(scenario), std::move(options));
    CHECK(runs > 0);
    MESSAGE(runs << " runs with a fault");
  } catch (const hob::testing::FaultFailure& failure) {
    FAIL(std::string(failure.what()));
  }
}

}  // namespace support
