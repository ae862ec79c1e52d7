// SPDX-License-Identifier: MIT
// ExceptionContext: what an exception handler is told (the dict of asyncio's
// call_exception_handler).
#pragma once

#include <exception>
#include <string>

namespace hob {

struct ExceptionContext {
  /// What happened, in asyncio's words: "Task exception was never retrieved".
  std::string message;
  /// The exception; null for events that have none ("Task was destroyed but it is pending!").
  std::exception_ptr exception;
  /// The future or task concerned, as `repr` shows it; "" when none is.
  std::string future;
  /// Where it was made: `file:line in function`; "" when not known.
  std::string source;
};

}  // namespace hob
