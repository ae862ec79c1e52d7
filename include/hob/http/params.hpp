// SPDX-License-Identifier: MIT
// Params: names with values, in order, a name perhaps several times: the query of a URL, and the
// fields of an HTML form (application/x-www-form-urlencoded).
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob::http {

namespace detail {

std::string param_text(double value);

template <class T>
std::string param_value(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    return std::string(1, value);
  } else if constexpr (std::integral<T>) {
    return std::to_string(value);
  } else if constexpr (std::floating_point<T>) {
    return param_text(static_cast<double>(value));
  } else {
    return std::string(std::string_view(value));
  }
}

}  // namespace detail

/// An ordered list of (name, value), both text in UTF-8, not encoded. Behaviour of URLSearchParams.
class Params {
 public:
  using Item = std::pair<std::string, std::string>;

  Params() = default;
  /// `Params("page", 2, "q", "two words")`: names and values in turn. (No braces: g++ 12 cannot
  /// have them in an expression with co_await.)
  template <class Value, class... Rest>
    requires(sizeof...(Rest) % 2 == 0)
  Params(std::string_view name, const Value& value, const Rest&... rest) {
    add_all(name, value, rest...);
  }
  /// From `a=1&b=2`, with or without a leading `?`. Never fails: what is no escape stays as it is.
  static Params parse(std::string_view encoded);

  /// Appends; numbers and bools become text.
  template <class Value>
  Params& add(std::string_view name, const Value& value) {
    items_.emplace_back(std::string(name), detail::param_value(value));
    return *this;
  }
  /// Sets the first `name` and removes the others, or appends.
  Params& set(std::string_view name, std::string_view value);
  Params& remove(std::string_view name);
  Params& extend(const Params& other);

  /// The first value of `name`.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  std::vector<std::string_view> get_all(std::string_view name) const;
  bool contains(std::string_view name) const noexcept { return get(name).has_value(); }

  bool empty() const noexcept { return items_.empty(); }
  std::size_t size() const noexcept { return items_.size(); }
  auto begin() const noexcept { return items_.begin(); }
  auto end() const noexcept { return items_.end(); }

  /// `a=1&b=two+words`, as browsers encode forms.
  std::string encode() const;

  friend bool operator==(const Params&, const Params&) = default;

 private:
  void add_all() noexcept {}
  template <class Value, class... Rest>
  void add_all(std::string_view name, const Value& value, const Rest&... rest) {
    add(name, value);
    add_all(rest...);
  }

  std::vector<Item> items_;
};

}  // namespace hob::http
