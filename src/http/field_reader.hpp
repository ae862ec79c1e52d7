// SPDX-License-Identifier: MIT
// FieldReader: walks through the value of a header field: tokens, quoted strings, parameters (RFC
// 9110, 5.6). Lenient where senders are: what cannot be read is skipped, never an error.
#pragma once

#include "http/ascii.hpp"
#include "http/scan.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace hob::http::detail {

class FieldReader {
 public:
  explicit FieldReader(std::string_view text) noexcept : rest_(text) {}

  bool done() noexcept { return skip_blanks(), rest_.empty(); }
  std::string_view rest() const noexcept { return rest_; }

  /// Takes `c` when it is next, after blanks.
  bool take(char c) noexcept {
    skip_blanks();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// What comes before any of `ends`, without blanks around it.
  std::string_view take_until(std::string_view ends) noexcept {
    skip_blanks();
    const std::size_t size = std::min(rest_.find_first_of(ends), rest_.size());
    const std::string_view text = ascii::trim(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  /// The longest token here; may be empty.
  std::string_view token() noexcept {
    skip_blanks();
    const char* const begin = rest_.data();
    const auto size =
        static_cast<std::size_t>(skip_class(begin, begin + rest_.size(), kToken) - begin);
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  /// A quoted string without quotes and escapes, or what comes before any of `ends`.
  std::string value(std::string_view ends) {
    if (!take('"')) return std::string(take_until(ends));
    std::string out;
    while (!rest_.empty()) {
      char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '"') return out;
      if (c == '\\' && !rest_.empty()) {
        c = rest_[0];
        rest_.remove_prefix(1);
      }
      out += c;
    }
    return out;
  }

 private:
  void skip_blanks() noexcept {
    while (!rest_.empty() && is_blank(rest_[0])) rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

/// `text` in quotes, with the escapes it needs.
inline std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace hob::http::detail
