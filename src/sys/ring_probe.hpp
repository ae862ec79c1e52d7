// SPDX-License-Identifier: MIT
// What this kernel's io_uring can do, and lets us do.
#pragma once

#include <cstdint>
#include <string>

namespace hob::sys {

struct RingAbilities {
  bool usable = false;
  std::string why;               // not
  unsigned setup_flags = 0;      // IORING_SETUP_*
  std::uint64_t operations = 0;  // bit n: IORING_OP n
};

/// Makes a ring for a moment and tries it out. A yes is remembered for the process.
RingAbilities probe_ring();
/// "io_uring_setup: Operation not permitted".
std::string describe_failure(const char* what, int error);

}  // namespace hob::sys
