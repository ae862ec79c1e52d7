// SPDX-License-Identifier: MIT
// The stacks of exceptions: noted in a worker when it throws, sent as places in modules, and given
// names in the process that asks.
#pragma once

#include <hob/executor/function_id.hpp>

#include <exception>
#include <string>
#include <vector>

namespace hob::detail {

/// Calls, innermost first; each a place within the call, not behind it.
using StackFrames = std::vector<FunctionId>;

/// From now on this thread notes where exceptions are thrown that reach a ThrowWitness. A stack
/// ends below the function that starts at `outermost`. Throws std::bad_alloc.
void note_throws(AnyFunction outermost);
/// Forgets what was noted: another exception may take the place of one that is gone.
void forget_throws() noexcept;
/// Where this thread threw it last (`throw;` counts): empty when that was not noted, or when many
/// (64) were noted since.
StackFrames stack_of(const std::exception_ptr& error);

/// One line per call: `shop::sell(int) (shop+0x1f3a)`, the function and what addr2line wants. The
/// runtime's part and Hob's are left out. Functions of a module without symbols have no name.
std::string format_stack(const StackFrames& frames);

}  // namespace hob::detail
