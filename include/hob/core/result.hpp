// SPDX-License-Identifier: MIT
// Result<T>: the outcome of an await as a value: what `as_result` and `gather(return_exceptions,
// ...)` give.
#pragma once

#include <hob/core/raise.hpp>

#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace hob {

/// Stands for "no value" where a type is needed: gather gives it for a `void` child among others.
/// Equal to itself, like Python's None. (std::monostate without <variant>.)
struct None {
  friend constexpr bool operator==(None, None) noexcept { return true; }
};

namespace detail {
template <class T>
using NoneIfVoid = std::conditional_t<std::is_void_v<T>, None, T>;
}

/// A value, or the exception that came instead (a CancelledError included).
template <class T = void>
class Result {
 public:
  using Value = detail::NoneIfVoid<T>;

  Result() noexcept
    requires std::is_void_v<T>
      : value_() {}
  Result(Value value) noexcept(
      std::is_nothrow_move_constructible_v<Value>)  // NOLINT(google-explicit-constructor)
      : value_(std::move(value)) {}
  Result(std::exception_ptr error) noexcept : error_(std::move(error)), none_() {}  // NOLINT
  Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<Value>)
      : error_(other.error_), none_() {
    if (!error_) ::new (&value_) Value(std::move(other.value_));
  }
  Result(const Result& other)
    requires std::is_copy_constructible_v<Value>
      : error_(other.error_), none_() {
    if (!error_) ::new (&value_) Value(other.value_);
  }
  Result& operator=(Result other) noexcept(std::is_nothrow_move_constructible_v<Value>) {
    this->~Result();
    ::new (this) Result(std::move(other));
    return *this;
  }
  ~Result() {
    if (!error_) value_.~Value();
  }

  bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return !error_; }
  /// Whether the exception is a CancelledError.
  bool cancelled() const noexcept { return error_ && detail::is_cancelled_error(error_); }
  /// Null when there is a value.
  const std::exception_ptr& exception() const noexcept { return error_; }

  /// The value; rethrows the exception when there is none.
  Value& value() & { return check(), value_; }
  const Value& value() const& { return check(), value_; }
  Value&& value() && { return check(), std::move(value_); }
  Value& operator*() & { return value(); }
  const Value& operator*() const& { return value(); }
  Value&& operator*() && { return std::move(*this).value(); }
  Value* operator->() { return &value(); }

 private:
  void check() const {
    if (error_) std::rethrow_exception(error_);
  }

  std::exception_ptr error_;
  union {
    Value value_;
    None none_;
  };
};

}  // namespace hob
