// SPDX-License-Identifier: MIT
// Range requests (RFC 9110, section 14): which bytes of a representation a client asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hob::http {

/// Bytes that are there: not empty, and within the representation.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t size = 0;

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// What a Range field asks for.
struct RangeRequest {
  enum class Kind : unsigned char {
    whole,         // no field, another unit, malformed, or an abuse: send everything
    partial,       // 206: `ranges`
    unsatisfiable  // 416: nothing of that is there
  };
  Kind kind = Kind::whole;
  std::vector<ByteRange> ranges;

  /// For the field's value and the size of the representation. Ranges that overlap or touch become
  /// one, so that no byte is sent twice (RFC 9110, 14.2 and 15.3.7.2); more than `ranges_max` are
  /// an abuse.
  static RangeRequest parse(std::string_view value, std::uint64_t size,
                            std::size_t ranges_max = 16);
};

/// `bytes 0-99/1234`, the value of Content-Range.
std::string content_range(const ByteRange& range, std::uint64_t size);
/// `bytes */1234`, that of a 416.
std::string unsatisfied_range(std::uint64_t size);

}  // namespace hob::http
