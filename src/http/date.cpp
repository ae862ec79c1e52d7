// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/date.hpp>

#include <algorithm>
#include <array>
#include <ctime>

namespace hob::http {

namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kYearMax = 9999;
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};

struct Civil {
  std::int64_t year;
  unsigned month;  // 1 to 12
  unsigned day;    // 1 to 31
};

// Both by eras of 400 years that begin in March, so that leap days come last.

std::int64_t days_of(Civil date) noexcept {
  const std::int64_t year = date.year - (date.month <= 2);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t of_era = year - era * 400;
  const std::int64_t month = (date.month + 9) % 12;
  const std::int64_t of_year = (153 * month + 2) / 5 + date.day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

Civil civil_of(std::int64_t days) noexcept {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t of_era = days - era * 146'097;
  const std::int64_t year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const std::int64_t month = (5 * of_year + 2) / 153;
  const auto day = static_cast<unsigned>(of_year - (153 * month + 2) / 5 + 1);
  const auto civil_month = static_cast<unsigned>(month < 10 ? month + 3 : month - 9);
  return {year + era * 400 + (civil_month <= 2), civil_month, day};
}

void append(std::string& text, std::int64_t number, std::size_t digits) {
  const std::string plain = std::to_string(number);
  text.append(digits > plain.size() ? digits - plain.size() : 0, '0').append(plain);
}

/// Takes a date apart; any mismatch makes `good` false and stays.
struct Reader {
  std::string_view text;
  bool good = true;

  void literal(std::string_view expected) noexcept {
    if (!text.starts_with(expected)) {
      good = false;
    } else {
      text.remove_prefix(expected.size());
    }
  }
  std::int64_t number(std::size_t digits, bool blank_padded = false) noexcept {
    std::int64_t value = 0;
    if (text.size() < digits) return good = false;
    for (std::size_t i = 0; i < digits; ++i) {
      const char c = text[i];
      if (i == 0 && blank_padded && c == ' ') continue;
      if (c < '0' || c > '9') return good = false;
      value = value * 10 + (c - '0');
    }
    text.remove_prefix(digits);
    return value;
  }
  template <std::size_t N>
  unsigned one_of(const std::array<std::string_view, N>& names, std::size_t letters) noexcept {
    for (unsigned i = 0; i < N; ++i) {
      const std::string_view name = names[i].substr(0, letters);
      if (!text.starts_with(name)) continue;
      text.remove_prefix(name.size());
      return i;
    }
    good = false;
    return 0;
  }
  std::int64_t time() noexcept {
    const std::int64_t hour = number(2);
    literal(":");
    const std::int64_t minute = number(2);
    literal(":");
    const std::int64_t second = number(2);
    // A leap second counts as the second before it.
    if (hour > 23 || minute > 59 || second > 60) good = false;
    return hour * 3600 + minute * 60 + std::min<std::int64_t>(second, 59);
  }
};

bool is_day_of(Civil date) noexcept {
  const Civil same = civil_of(days_of(date));
  return date.day > 0 && same.month == date.month && same.day == date.day;
}

}  // namespace

std::string format_http_date(std::int64_t unix_seconds) {
  const std::int64_t of_day = ((unix_seconds % kDay) + kDay) % kDay;
  const std::int64_t days = (unix_seconds - of_day) / kDay;
  const Civil date = civil_of(days);
  if (date.year < 0 || date.year > kYearMax) throw ValueError("the year must be in 0..9999");
  std::string text(kDays[static_cast<std::size_t>(((days + 4) % 7 + 7) % 7)].substr(0, 3));
  text += ", ";
  append(text, date.day, 2);
  text.append(" ").append(kMonths[date.month - 1]).append(" ");
  append(text, date.year, 4);
  text += ' ';
  append(text, of_day / 3600, 2);
  text += ':';
  append(text, of_day / 60 % 60, 2);
  text += ':';
  append(text, of_day % 60, 2);
  return text += " GMT";
}

bool parse_http_date(Text text, std::int64_t& unix_seconds, std::int64_t now) noexcept {
  Reader in{{text.data(), text.size()}};
  Civil date{};
  std::int64_t time = 0;
  const std::size_t comma = in.text.find(',');
  if (comma == 3) {  // Sun, 06 Nov 1994 08:49:37 GMT
    in.one_of(kDays, 3);
    in.literal(", ");
    date.day = static_cast<unsigned>(in.number(2));
    in.literal(" ");
    date.month = in.one_of(kMonths, 3) + 1;
    in.literal(" ");
    date.year = in.number(4);
    in.literal(" ");
    time = in.time();
    in.literal(" GMT");
  } else if (comma != std::string_view::npos) {  // Sunday, 06-Nov-94 08:49:37 GMT
    in.one_of(kDays, 9);
    in.literal(", ");
    date.day = static_cast<unsigned>(in.number(2));
    in.literal("-");
    date.month = in.one_of(kMonths, 3) + 1;
    in.literal("-");
    const std::int64_t this_year = civil_of(now / kDay).year;
    date.year = this_year - this_year % 100 + in.number(2);
    if (date.year > this_year + 50) date.year -= 100;
    in.literal(" ");
    time = in.time();
    in.literal(" GMT");
  } else {  // Sun Nov  6 08:49:37 1994
    in.one_of(kDays, 3);
    in.literal(" ");
    date.month = in.one_of(kMonths, 3) + 1;
    in.literal(" ");
    date.day = static_cast<unsigned>(in.number(2, true));
    in.literal(" ");
    time = in.time();
    in.literal(" ");
    date.year = in.number(4);
  }
  if (!in.good || !in.text.empty() || !is_day_of(date)) return false;
  unix_seconds = days_of(date) * kDay + time;
  return true;
}

bool parse_http_date(Text text, std::int64_t& unix_seconds) noexcept {
  return parse_http_date(text, unix_seconds, std::time(nullptr));
}

void DateCache::update(std::int64_t unix_seconds) {
  text_ = format_http_date(unix_seconds);
  seconds_ = unix_seconds;
}

}  // namespace hob::http
