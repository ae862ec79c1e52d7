// SPDX-License-Identifier: MIT
// Percent-encoding (RFC 3986, 2): which characters each part of a URL may have, and how text
// becomes such a part.
#pragma once

#include "http/ascii.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace hob::http::percent {

/// A set of ASCII characters.
class Set {
 public:
  constexpr explicit Set(std::string_view more) noexcept {
    for (char c = 'a'; c <= 'z'; ++c) add(c), add(static_cast<char>(c - 32));
    for (char c = '0'; c <= '9'; ++c) add(c);
    for (const char c : more) add(c);
  }
  constexpr bool has(char c) const noexcept {
    const auto u = static_cast<unsigned char>(c);
    return u < 128 && (bits_[u / 64] >> (u % 64) & 1) != 0;
  }

 private:
  constexpr void add(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    bits_[u / 64] |= 1ULL << (u % 64);
  }
  unsigned long long bits_[2] = {};
};

inline constexpr Set kUnreserved("-._~");
inline constexpr Set kUser("-._~!$&'()*+,;=");
inline constexpr Set kSegment("-._~!$&'()*+,;=:@");
inline constexpr Set kPath("-._~!$&'()*+,;=:@/");
inline constexpr Set kQuery("-._~!$&'()*+,;=:@/?");
inline constexpr Set kForm("-._*");

inline void append_escape(std::string& out, char c) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const auto u = static_cast<unsigned char>(c);
  out += '%';
  out += kDigits[u >> 4];
  out += kDigits[u & 15];
}

/// The character that an escape at `text[at]` stands for, or -1.
constexpr int escaped(std::string_view text, std::size_t at) noexcept {
  if (at + 2 >= text.size() || text[at] != '%') return -1;
  const int high = ascii::hex(text[at + 1]), low = ascii::hex(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// Appends plain text: everything outside of `set` is escaped.
inline void encode(std::string& out, std::string_view text, const Set& set) {
  for (const char c : text) {
    if (set.has(c)) {
      out += c;
    } else {
      append_escape(out, c);
    }
  }
}

/// Appends text that may be encoded already, normalised: escapes stay escapes, except of unreserved
/// characters; a percent sign that begins none is escaped.
inline void requote(std::string& out, std::string_view text, const Set& set) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int code = escaped(text, i);
    const char c = code < 0 ? text[i] : static_cast<char>(code);
    if (code < 0 ? set.has(c) : kUnreserved.has(c)) {
      out += c;
    } else {
      append_escape(out, c);
    }
    if (code >= 0) i += 2;
  }
}

inline std::string decode(std::string_view text, bool plus_is_space = false) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const int code = escaped(text, i); code >= 0) {
      out += static_cast<char>(code);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace hob::http::percent
