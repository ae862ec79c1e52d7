// SPDX-License-Identifier: MIT
// What the task layer says about things that went wrong and that nobody awaits.
#pragma once

#include <hob/loop/event_loop.hpp>
#include <hob/loop/exception_context.hpp>

#include <source_location>
#include <string>

namespace hob::detail {

class FutureBase;

/// Through the loop's exception handler, or as the default one does when the loop is gone.
void report(LoopCore& core, const ExceptionContext& context) noexcept;
/// The same about a future: in the context of a task, as asyncio since 3.12.
void report(FutureBase& future, const ExceptionContext& context) noexcept;
/// Debug mode: "Executing <Task ...> took 0.123 seconds".
void report_slow(FutureBase& task, Duration took) noexcept;
/// One line to stderr: `RuntimeWarning: ...`.
void warn(const std::string& text) noexcept;

/// `file.cpp:12 in add_one`; "" for an empty location.
std::string format_location(std::source_location at);
/// `add_one` from `hob::Coro<int> add_one(int)`.
std::string short_function_name(const char* pretty);

}  // namespace hob::detail
