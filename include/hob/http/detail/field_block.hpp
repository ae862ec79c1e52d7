// SPDX-License-Identifier: MIT
// FieldBlock: the field lines of a head or of trailers, parsed line by line in place. A line that
// is not complete is looked at again when there is more, so the same bytes give the same lines
// however they are cut.
#pragma once

#include <hob/http/headers.hpp>
#include <hob/http/parsing.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hob::http::detail {

enum class FieldLine : unsigned char { more, field, end, bad };

class FieldBlock {
 public:
  /// Begins a block whose first line starts at offset `at` of the text.
  void begin(std::size_t at) noexcept {
    at_ = at;
    entries_.clear();
  }
  /// Looks at the next line of `text`, whose beginning is the same in all calls. `bare_lf`: a line
  /// may end with LF alone. After `bad`, `error` holds the reason.
  FieldLine next(std::string_view text, const ParserLimits& limits, bool bare_lf,
                 ParseError& error);

  /// Where the next line starts; behind the block after `end`.
  std::size_t at() const noexcept { return at_; }
  std::size_t size() const noexcept { return entries_.size(); }
  /// Of the line that `next` found last.
  std::string_view name(const char* text) const noexcept {
    return {text + entries_.back().name_at, entries_.back().name_size};
  }
  std::string_view value(const char* text) const noexcept {
    return {text + entries_.back().value_at, entries_.back().value_size};
  }
  /// A copy of all lines; `text` as in `next`.
  Headers copy(const char* text) const {
    return Headers::copy_of(text, at_, entries_.data(), entries_.size());
  }

 private:
  std::size_t at_ = 0;
  std::vector<FieldEntry> entries_;
};

}  // namespace hob::http::detail
