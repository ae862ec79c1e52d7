// SPDX-License-Identifier: MIT
// The dates of cookies: any order, any delimiters (RFC 6265, 5.1.1).
#include "http/ascii.hpp"

#include <hob/http/cookies.hpp>

namespace hob::http {
namespace {

bool is_delimiter(char c) {
  return c == '\t' || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) ||
         (c >= 0x5b && c <= 0x60) || (c >= 0x7b && c <= 0x7e);
}

// A number of `min` to `max` digits at the front of `text`, followed by no digit; it is taken.
int take_number(std::string_view& text, std::size_t min, std::size_t max) {
  std::size_t size = 0;
  int value = 0;
  while (size < text.size() && size <= max && ascii::is_digit(text[size])) {
    value = value * 10 + (text[size++] - '0');
  }
  if (size < min || size > max) return -1;
  text.remove_prefix(size);
  return value;
}

bool parse_time(std::string_view token, int (&time)[3]) {
  for (int i = 0; i < 3; ++i) {
    time[i] = take_number(token, 1, 2);
    if (time[i] < 0) return false;
    if (i == 2) return true;
    if (!token.starts_with(':')) return false;
    token.remove_prefix(1);
  }
  return false;
}

int parse_month(std::string_view token) {
  constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
  for (std::size_t i = 0; i < 12; ++i) {
    if (ascii::starts_with(token, kMonths.substr(i * 3, 3))) return static_cast<int>(i) + 1;
  }
  return -1;
}

// Days from 1970-01-01 in the Gregorian calendar; years are counted from March.
std::int64_t days(int year, int month, int day) {
  const std::int64_t y = month > 2 ? year : year - 1;
  const std::int64_t m = (month + 9) % 12;
  return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

int month_days(int year, int month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

}  // namespace

std::optional<std::int64_t> parse_cookie_date(std::string_view text) {
  int time[3] = {-1, 0, 0}, day = -1, month = -1, year = -1;
  while (!text.empty()) {
    if (is_delimiter(text[0])) {
      text.remove_prefix(1);
      continue;
    }
    std::size_t size = 0;
    while (size < text.size() && !is_delimiter(text[size])) ++size;
    std::string_view token = text.substr(0, size);
    text.remove_prefix(size);
    int found[3];
    if (time[0] < 0 && parse_time(token, found)) {
      for (int i = 0; i < 3; ++i) time[i] = found[i];
      continue;
    }
    std::string_view rest = token;
    if (day < 0 && (day = take_number(rest, 1, 2)) >= 0) continue;
    if (month < 0 && (month = parse_month(token)) >= 0) continue;
    rest = token;
    if (year < 0) year = take_number(rest, 2, 4);
  }
  if (year >= 70 && year <= 99) year += 1900;
  if (year >= 0 && year <= 69) year += 2000;
  if (year < 1601 || month < 0 || day < 1 || day > month_days(year, month) || time[0] < 0 ||
      time[0] > 23 || time[1] > 59 || time[2] > 59) {
    return std::nullopt;
  }
  return ((days(year, month, day) * 24 + time[0]) * 60 + time[1]) * 60 + time[2];
}

}  // namespace hob::http
