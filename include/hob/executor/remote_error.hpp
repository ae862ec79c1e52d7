// SPDX-License-Identifier: MIT
// Exceptions that come back from another process: as themselves where their type is known on both
// sides, else as a RemoteError that tells their type and message.
#pragma once

#include <hob/core/error.hpp>
#include <hob/executor/archive.hpp>
#include <hob/executor/detail/encode.hpp>

#include <exception>
#include <string>
#include <type_traits>
#include <typeinfo>

namespace hob {

/// An exception of a type that was not registered, thrown in a worker process.
class RemoteError : public std::runtime_error {
 public:
  RemoteError(std::string type, std::string message);

  /// The type's full name, `shop::OutOfStock`.
  const std::string& type() const noexcept { return type_; }
  /// What its `what()` said; "" when it was not a std::exception.
  const std::string& message() const noexcept { return message_; }

 private:
  std::string type_;
  std::string message_;
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

/// Writes the exception, and the stack that `stack` holds ("" when none is known).
void put_exception(OutArchive& archive, const std::exception_ptr& error, const std::string& stack);
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

/// The stack of the worker process at the throw of this exception, one line per frame, innermost
/// first; "" for one that did not come from a process pool, or whose stack is not known.
std::string remote_stack(const std::exception_ptr& error);

}  // namespace hob
