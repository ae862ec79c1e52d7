// SPDX-License-Identifier: MIT
// What each call of the kernel may fail with although the program is right: the manual pages'
// errors of the outside world.
#pragma once

#include <hob/testing/faults.hpp>

#include <vector>

namespace hob::testing {

struct FaultRow {
  Faults::Call call;
  const char* name;
  /// Whether it moves bytes, and may move fewer.
  bool counts;
  std::vector<int> errors;
};

/// A row for each call.
const std::vector<FaultRow>& fault_table();

/// Whether a call that is repeated after this error succeeds some time, by itself.
bool is_passing(Faults::Call call, int error) noexcept;

}  // namespace hob::testing
