// SPDX-License-Identifier: MIT
// ChunkDecoder: a body in the chunked transfer coding (RFC 9112, 7.1) back to its bytes, a state
// per byte of the lines around the data, which itself is passed on in place.
#pragma once

#include <hob/http/detail/field_block.hpp>
#include <hob/http/headers.hpp>
#include <hob/http/parsing.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hob::http::detail {

class ChunkDecoder {
 public:
  /// Begins a body.
  void begin() noexcept;
  /// need_more, data, end or error, as with the parsers. While trailers are not complete they are
  /// not consumed.
  ParseStep feed(std::string_view input, const ParserLimits& limits, ParseError& error);
  /// The trailers, after the end.
  Headers& trailers() noexcept { return trailers_; }

 private:
  enum class State : unsigned char {
    size_first,  // the first digit of a size
    size,
    size_blank,  // blanks before a semicolon
    extension_name_first,
    extension_name,
    extension_name_blank,
    extension_value_first,
    extension_token,
    extension_quoted,
    extension_escape,
    extension_value_end,
    extension_value_blank,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailers,
    done
  };

  bool step(char c, const ParserLimits& limits, ParseError& error) noexcept;
  bool after_element(char c) noexcept;
  bool begin_data(const ParserLimits& limits, ParseError& error) noexcept;
  ParseStep feed_trailers(std::string_view input, std::size_t consumed, const ParserLimits& limits,
                          ParseError& error);

  State state_ = State::size_first;
  unsigned char digits_ = 0;
  std::uint32_t extensions_ = 0;
  std::uint64_t left_ = 0;  // of the size while it is read, then of the data
  std::uint64_t total_ = 0;
  FieldBlock fields_;
  Headers trailers_;
};

}  // namespace hob::http::detail
