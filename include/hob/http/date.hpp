// SPDX-License-Identifier: MIT
// Dates as HTTP writes them (RFC 9110, 5.6.7), and the one of now, written once a second.
#pragma once

#include <hob/core/text.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hob::http {

/// `Sun, 06 Nov 1994 08:49:37 GMT`, of seconds since 1970. Throws ValueError before the year 0 and
/// after 9999.
std::string format_http_date(std::int64_t unix_seconds);

/// Reads any of the three formats that a recipient must know; a year of two digits that would be
/// more than 50 years ahead of `now` is in the past. False, and `unix_seconds` unchanged, when
/// `text` is no date.
bool parse_http_date(Text text, std::int64_t& unix_seconds, std::int64_t now) noexcept;
/// The same; `now` is the system's clock.
bool parse_http_date(Text text, std::int64_t& unix_seconds) noexcept;

/// The last date it was asked for, as text. For one thread.
class DateCache {
 public:
  /// A view that is valid until the next call. Throws as `format_http_date`.
  std::string_view get(std::int64_t unix_seconds) {
    if (unix_seconds != seconds_ || text_.empty()) update(unix_seconds);
    return text_;
  }

 private:
  void update(std::int64_t unix_seconds);

  std::int64_t seconds_ = 0;
  std::string text_;
};

}  // namespace hob::http
