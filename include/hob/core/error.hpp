// SPDX-License-Identifier: MIT
// The errors of Hob, by their Python names. For those who catch: the other headers throw them
// without including this one. Each derives from the standard exception that a C++ user would catch.
#pragma once

#include <hob/core/cancelled_error.hpp>

#include <exception>
#include <stdexcept>
#include <string>

namespace hob {

/// Python's RuntimeError: the call is not allowed in this state (run inside run, a closed loop, a
/// foreign loop).
class RuntimeError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Python's ValueError: an argument that makes no sense.
class ValueError : public std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Python's LookupError: a ContextVar without a value; `what()` names it.
class LookupError : public std::out_of_range {
  using std::out_of_range::out_of_range;
};

/// asyncio.InvalidStateError: a future was not in the state that the call needs.
class InvalidStateError : public std::logic_error {
  using std::logic_error::logic_error;
};

/// asyncio.TimeoutError (the builtin one since Python 3.11).
class TimeoutError : public std::runtime_error {
 public:
  TimeoutError() : std::runtime_error("") {}
  using std::runtime_error::runtime_error;
};

/// An operating system call failed: `code()` is errno, `operation()` what was tried.
class OSError : public std::runtime_error {
 public:
  OSError(int code, Text operation);
  int code() const noexcept { return code_; }
  const char* operation() const noexcept { return operation_->c_str(); }

 protected:
  /// For errors that have a text of their own.
  OSError(int code, Text operation, const std::string& what);

 private:
  int code_;
  detail::Ref<detail::Message> operation_;
};

/// Nothing can happen any more: the loop is idle, nothing is pending that could wake it, and tasks
/// remain. `what()` is the report: every remaining task, where it waits and for whom. Python hangs
/// here.
class DeadlockError : public RuntimeError {
  using RuntimeError::RuntimeError;
};

/// SIGINT arrived while `run` was running. Not a std::exception (a BaseException in Python); it
/// leaves the loop.
class KeyboardInterrupt final {};

/// asyncio.QueueEmpty: `get_nowait` found nothing.
class QueueEmpty : public std::runtime_error {
 public:
  QueueEmpty() : std::runtime_error("the queue is empty") {}
};
/// asyncio.QueueFull: `put_nowait` found no room.
class QueueFull : public std::runtime_error {
 public:
  QueueFull() : std::runtime_error("the queue is full") {}
};
/// asyncio.QueueShutDown (Python 3.13): the queue was shut down.
class QueueShutDown : public std::runtime_error {
 public:
  QueueShutDown() : std::runtime_error("the queue was shut down") {}
};
/// asyncio.BrokenBarrierError: the barrier was broken while or before waiting on it.
class BrokenBarrierError : public RuntimeError {
 public:
  BrokenBarrierError() : RuntimeError("the barrier is broken") {}
  using RuntimeError::RuntimeError;
};
/// concurrent.futures.BrokenExecutor: the pool can't work any more, and takes no more jobs.
class BrokenExecutor : public RuntimeError {
  using RuntimeError::RuntimeError;
};
/// concurrent.futures.thread.BrokenThreadPool: the initializer of a worker threw.
class BrokenThreadPool : public BrokenExecutor {
  using BrokenExecutor::BrokenExecutor;
};
/// concurrent.futures.process.BrokenProcessPool: a worker ended abruptly, or its initializer threw.
class BrokenProcessPool : public BrokenExecutor {
  using BrokenExecutor::BrokenExecutor;
};
/// Python's StopAsyncIteration: an async generator has no more items where one was demanded.
class StopAsyncIteration : public std::runtime_error {
 public:
  StopAsyncIteration() : std::runtime_error("the async generator is exhausted") {}
};

/// One line for humans: `ValueError: bad delay`, `CancelledError`, `some::Type` for a foreign type.
std::string describe(const std::exception_ptr& error);
/// The unqualified type name of the exception, `ValueError` for hob::ValueError; "" for null.
std::string type_name(const std::exception_ptr& error);

}  // namespace hob
