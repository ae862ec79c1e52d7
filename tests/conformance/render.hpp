// SPDX-License-Identifier: MIT
// Values and errors of a scenario, and how they look in a trace: the same as render.py's.
#pragma once

#include "conformance/scenario.hpp"

#include <hob/core/result.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace conformance {

/// What a statement, a future or a generator gives: None, True, 3, a word, an error, [1, 2].
class Value {
 public:
  using List = std::vector<Value>;

  Value() = default;
  explicit Value(bool truth) : is_(truth) {}
  explicit Value(std::int64_t number) : is_(number) {}
  explicit Value(std::string word) : is_(std::move(word)) {}
  explicit Value(const char* word) : is_(std::string(word)) {}
  explicit Value(std::exception_ptr error) : is_(std::move(error)) {}
  explicit Value(List list) : is_(std::move(list)) {}

  bool is_none() const { return is_.index() == 0; }
  std::string rendered() const;

 private:
  std::variant<std::monostate, bool, std::int64_t, std::string, std::exception_ptr, List> is_;
};

/// The exception with a message that scenarios raise.
class Boom : public std::runtime_error {
 public:
  explicit Boom(std::int64_t n) : std::runtime_error("Boom"), number(n) {}
  std::int64_t number;
};

/// A statement names an object that does not exist at this moment; it has no effect.
struct Unbound {};

std::string render_error(const std::exception_ptr& error);
/// The exception that `Boom 3`, `CancelledError stop` or `ValueError` stands for.
std::exception_ptr make_error(const Tokens& tokens, std::size_t first = 0);
/// Whether `except KIND` takes it.
bool matches(const std::string& kind, const std::exception_ptr& error);
/// What Python derives from Exception: not a CancelledError, GeneratorExit or Unbound.
bool is_exception(const std::exception_ptr& error);
bool is_unbound(const std::exception_ptr& error);

// What futures and generators give, as a Value.
inline Value to_value(Value value) { return value; }
template <class T>
Value to_value(const hob::Result<T>& result);
template <class T>
Value to_value(const std::vector<T>& items);
template <class... T>
Value to_value(const std::tuple<T...>& items);

template <class T>
Value to_value(const hob::Result<T>& result) {
  return result ? to_value(result.value()) : Value(result.exception());
}
template <class T>
Value to_value(const std::vector<T>& items) {
  Value::List list;
  for (const T& item : items) list.push_back(to_value(item));
  return Value(std::move(list));
}
template <class... T>
Value to_value(const std::tuple<T...>& items) {
  Value::List list;
  std::apply([&](const T&... item) { (list.push_back(to_value(item)), ...); }, items);
  return Value(std::move(list));
}

}  // namespace conformance
