// SPDX-License-Identifier: MIT
#include <hob/http/detail/field_block.hpp>
#include <hob/http/status.hpp>

#include <algorithm>

#include "http/scan.hpp"

namespace hob::http::detail {

namespace {

constexpr ParseError kTooLarge{Status::request_header_fields_too_large,
                               "the header fields are too large"};

FieldLine refuse(ParseError& error, const char* reason) noexcept {
  error = {Status::bad_request, reason};
  return FieldLine::bad;
}

}  // namespace

// Everything here is decided by a prefix of the text, and nothing beyond `window` is looked at: so
// where the text was cut makes no difference.
FieldLine FieldBlock::next(std::string_view text, const ParserLimits& limits, bool bare_lf,
                           ParseError& error) {
  const std::size_t window = std::max(at_, std::min(at_ + limits.field_line + 2, limits.head));
  const char* const base = text.data();
  const char* const line = base + at_;
  const char* const end = base + std::min(text.size(), window);
  const auto incomplete = [&] {
    if (text.size() < window) return FieldLine::more;
    error = kTooLarge;
    return FieldLine::bad;
  };
  if (line == end) return incomplete();
  if (*line == '\r') {
    if (line + 1 == end) return incomplete();
    if (line[1] != '\n') return refuse(error, "CR without LF");
    at_ += 2;
    return FieldLine::end;
  }
  if (*line == '\n' && bare_lf) {
    ++at_;
    return FieldLine::end;
  }

  const char* const colon = skip_class(line, end, kToken);
  if (colon == end) return incomplete();
  if (*colon != ':') {
    if (is_blank(*colon))
      return refuse(error, colon == line ? "folded field line" : "blank in a field name");
    return refuse(error, *colon == '\n' ? "LF without CR" : "bad character in a field name");
  }
  if (colon == line) return refuse(error, "empty field name");

  const char* value = colon + 1;
  while (value != end && is_blank(*value)) ++value;
  const char* const stop = find_control(value, end);
  if (stop == end) return incomplete();
  const char* next_line = stop + 1;
  if (*stop == '\r') {
    if (stop + 1 == end) return incomplete();
    if (stop[1] != '\n') return refuse(error, "CR without LF");
    ++next_line;
  } else if (*stop != '\n') {
    return refuse(error, "control character in a field value");
  } else if (!bare_lf) {
    return refuse(error, "LF without CR");
  }
  if (entries_.size() == limits.fields || colon - line > UINT16_MAX) {
    error = kTooLarge;
    return FieldLine::bad;
  }
  const char* value_end = stop;
  while (value_end != value && is_blank(value_end[-1])) --value_end;
  const auto size = [](const char* from, const char* to) {
    return static_cast<std::uint32_t>(to - from);
  };
  const std::string_view name(line, size(line, colon));
  entries_.push_back({size(base, line), size(base, value), size(value, value_end),
                      static_cast<std::uint16_t>(name.size()), name_hash(name)});
  at_ = size(base, next_line);
  return FieldLine::field;
}

}  // namespace hob::http::detail
