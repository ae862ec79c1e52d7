// SPDX-License-Identifier: MIT
#include "sys/fault.hpp"

namespace hob::sys {

constinit thread_local FaultPlan* fault_plan = nullptr;

}  // namespace hob::sys
