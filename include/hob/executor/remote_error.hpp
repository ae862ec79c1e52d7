// SPDX-License-Identifier: MIT
// Exceptions that come back from another process: as themselves where their type is known on both
// sides, else as a RemoteError that tells their type and message.
#pragma once

#include <hob/core/error.hpp>
#include <hob/executor/archive.hpp>
#include <hob/executor/detail/encode.hpp>
#include <hob/executor/function_id.hpp>

#include <exception>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

namespace hob {

/// An exception of a type that was not registered, thrown in a worker process.
class RemoteError : public std::runtime_error {
 public:
  RemoteError(std::string type, std::string message, std::vector<detail::FunctionId> frames = {});

  /// The type's full name, `shop::OutOfStock`.
  const std::string& type() const noexcept { return type_; }
  /// What its `what()` said; "" when it was not a std::exception.
  const std::string& message() const noexcept { return message_; }
  /// Where the worker threw it, as `remote_stack` tells it.
  std::string stack() const;
  /// For the wire.
  const std::vector<detail::FunctionId>& frames() const noexcept { return frames_; }

 private:
  std::string type_;
  std::string message_;
  std::vector<detail::FunctionId> frames_;
};

/// The worker process of a Pool died while it ran the job. The text names the worker and the
/// signal. The pool goes on with a new worker. (multiprocessing.Pool hangs here.)
class WorkerLostError : public RuntimeError {
  using RuntimeError::RuntimeError;
};

namespace detail {

/// How one type of exception travels.
struct ExceptionCodec {
  const std::type_info* type;
  void (*put)(OutArchive& archive, const void* object);
  std::exception_ptr (*get)(InArchive& archive);
};
bool add_exception_codec(const ExceptionCodec& codec);

/// Writes the exception, and the stack of its throw when it was noted.
void put_exception(OutArchive& archive, const std::exception_ptr& error);
/// Reads one. Throws UnpicklingError.
std::exception_ptr get_exception(InArchive& archive);

template <class E>
void put_registered(OutArchive& archive, const void* object) {
  const E& error = *static_cast<const E*>(object);
  if constexpr (Sendable<E>) {
    archive(error);
  } else {
    archive(std::string(error.what()));
  }
}
template <class E>
std::exception_ptr get_registered(InArchive& archive) {
  if constexpr (Sendable<E>) {
    return std::make_exception_ptr(take<E>(archive));
  } else {
    static_assert(std::is_constructible_v<E, std::string>,
                  "hob: an exception that comes back from a process needs a constructor from "
                  "std::string (its what()), or must be an aggregate, or have a `serialize`");
    return std::make_exception_ptr(E(take<std::string>(archive)));
  }
}

}  // namespace detail

/// From now on exceptions of exactly the type `E` that a job throws in a process pool arrive as an
/// `E`: by its `serialize` or its fields, else made from `what()`. Hob's own and those of
/// <stdexcept>, <new>, <system_error> need it not. Call it where the workers do, too:
///
///     const bool registered = hob::register_exception<OutOfStock>();  // at namespace scope
template <class E>
bool register_exception() {
  return detail::add_exception_codec(
      {&typeid(E), &detail::put_registered<E>, &detail::get_registered<E>});
}

/// The stack of the worker process where this exception was thrown, or last rethrown: one line per
/// call, innermost first, `shop::sell(int) (shop+0x1f3a)`. The second half is what addr2line wants:
/// `addr2line -e shop 0x1f3a`. "" for an exception that did not come from a process pool, for one
/// that is a pointer (`throw "text"`), and for all but the last 256. Looking up the names reads the
/// program's symbol table, which takes milliseconds.
std::string remote_stack(const std::exception_ptr& error);

}  // namespace hob
