// SPDX-License-Identifier: MIT
#include <hob/http/byte_range.hpp>

#include <algorithm>
#include <optional>

#include "http/scan.hpp"

namespace hob::http {

namespace {

/// A number larger than all sizes is as good as the largest; nothing when it is none.
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (!detail::is_class(c, detail::kDigit)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
  }
  return number;
}

/// One range-spec: false when it is malformed; a size of 0 when nothing of it is there.
bool parse_spec(std::string_view spec, std::uint64_t size, ByteRange& range) noexcept {
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return false;
  const std::string_view from = spec.substr(0, dash), to = spec.substr(dash + 1);
  if (from.empty()) {  // the last so many
    const std::optional<std::uint64_t> suffix = parse_number(to);
    if (!suffix) return false;
    range.size = std::min(*suffix, size);
    range.first = size - range.size;
    return true;
  }
  const std::optional<std::uint64_t> first = parse_number(from);
  const std::optional<std::uint64_t> last = to.empty() ? UINT64_MAX : parse_number(to);
  if (!first || !last || *last < *first) return false;
  range.first = *first;
  range.size = *first >= size ? 0 : std::min(*last, size - 1) - *first + 1;
  return true;
}

bool touches(const ByteRange& a, const ByteRange& b) noexcept {
  return a.first <= b.first + b.size && b.first <= a.first + a.size;
}

/// Joins the ranges that touch; the others keep their places.
void coalesce(std::vector<ByteRange>& ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    for (std::size_t j = i + 1; j < ranges.size();) {
      if (!touches(ranges[i], ranges[j])) {
        ++j;
        continue;
      }
      const std::uint64_t end =
          std::max(ranges[i].first + ranges[i].size, ranges[j].first + ranges[j].size);
      ranges[i].first = std::min(ranges[i].first, ranges[j].first);
      ranges[i].size = end - ranges[i].first;
      ranges.erase(ranges.begin() + static_cast<std::ptrdiff_t>(j));
      j = i + 1;  // it is larger now, and may touch those before
    }
  }
}

}  // namespace

RangeRequest RangeRequest::parse(std::string_view value, std::uint64_t size,
                                 std::size_t ranges_max) {
  RangeRequest request;
  value = detail::trimmed(value);
  const std::size_t equals = value.find('=');
  if (equals == std::string_view::npos || !detail::is_name(value.substr(0, equals), "bytes"))
    return request;
  bool good = true;
  std::size_t specs = 0;
  std::vector<ByteRange> ranges;
  detail::for_each_element(value.substr(equals + 1), [&](std::string_view spec) {
    ByteRange range;
    if (++specs > ranges_max || !parse_spec(spec, size, range)) {
      good = false;
    } else if (range.size != 0) {
      ranges.push_back(range);
    }
  });
  if (!good || specs == 0) return request;
  coalesce(ranges);
  request.kind = ranges.empty() ? Kind::unsatisfiable : Kind::partial;
  request.ranges = std::move(ranges);
  return request;
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" +
         std::to_string(range.first + range.size - 1) + "/" + std::to_string(size);
}

std::string unsatisfied_range(std::uint64_t size) { return "bytes */" + std::to_string(size); }

}  // namespace hob::http
