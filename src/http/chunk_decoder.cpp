// SPDX-License-Identifier: MIT
#include <hob/http/detail/chunk_decoder.hpp>
#include <hob/http/status.hpp>

#include <algorithm>

#include "http/scan.hpp"
#include "http/trailers.hpp"

namespace hob::http::detail {

namespace {

constexpr unsigned char kDigitsMax = 16;
constexpr ParseError kBadSize{Status::bad_request, "bad chunk size"};
constexpr ParseError kBadExtension{Status::bad_request, "bad chunk extension"};
constexpr ParseError kLongExtension{Status::bad_request, "chunk extensions are too long"};
constexpr ParseError kBadEnd{Status::bad_request, "chunk data does not end with CRLF"};
constexpr ParseError kTooLarge{Status::content_too_large, "the body is too large"};
constexpr ParseError kBadTrailer{Status::bad_request, "a field that may not be a trailer"};

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

void ChunkDecoder::begin() noexcept {
  state_ = State::size_first;
  extensions_ = 0;
  total_ = 0;
  trailers_.clear();
}

ParseStep ChunkDecoder::feed(std::string_view input, const ParserLimits& limits,
                             ParseError& error) {
  std::size_t at = 0;
  while (at < input.size() && state_ < State::trailers) {
    if (state_ == State::data) {
      const std::size_t size = std::min<std::uint64_t>(left_, input.size() - at);
      left_ -= size;
      if (left_ == 0) state_ = State::data_cr;
      return {ParseEvent::data, at + size, input.substr(at, size)};
    }
    if (!step(input[at], limits, error)) return {ParseEvent::error, at};
    ++at;
  }
  if (state_ == State::trailers) return feed_trailers(input, at, limits, error);
  return {state_ == State::done ? ParseEvent::end : ParseEvent::need_more, at};
}

/// One byte of a line around the data; gives whether it may stand there.
bool ChunkDecoder::step(char c, const ParserLimits& limits, ParseError& error) noexcept {
  if (state_ >= State::size_blank && state_ < State::size_lf &&
      ++extensions_ > limits.chunk_extensions) {
    error = kLongExtension;
    return false;
  }
  bool good = true;
  switch (state_) {
    case State::size_first:
      left_ = 0;
      digits_ = 0;
      [[fallthrough]];
    case State::size: {
      if (const int digit = hex_digit(c); digit >= 0) {
        left_ = left_ << 4 | static_cast<unsigned>(digit);
        state_ = State::size;
        good = ++digits_ <= kDigitsMax;
      } else {
        good = digits_ != 0 && after_element(c);
        if (is_blank(c)) state_ = State::size_blank;
      }
      if (!good) error = kBadSize;
      return good;
    }
    case State::size_blank:
      if (c == ';') {
        state_ = State::extension_name_first;
      } else if (!is_blank(c)) {
        error = kBadSize;
        return false;
      }
      return true;
    case State::extension_name_first:
      if (is_class(c, kToken)) {
        state_ = State::extension_name;
      } else {
        good = is_blank(c);
      }
      break;
    case State::extension_name:
      if (c == '=') {
        state_ = State::extension_value_first;
      } else if (!is_class(c, kToken)) {
        good = after_element(c);
        if (is_blank(c)) state_ = State::extension_name_blank;
      }
      break;
    case State::extension_name_blank:
      if (c == '=') {
        state_ = State::extension_value_first;
      } else if (c == ';') {
        state_ = State::extension_name_first;
      } else {
        good = is_blank(c);
      }
      break;
    case State::extension_value_first:
      if (c == '"') {
        state_ = State::extension_quoted;
      } else if (is_class(c, kToken)) {
        state_ = State::extension_token;
      } else {
        good = is_blank(c);
      }
      break;
    case State::extension_token:
      if (!is_class(c, kToken)) good = after_element(c);
      break;
    case State::extension_quoted:
      if (c == '"') {
        state_ = State::extension_value_end;
      } else if (c == '\\') {
        state_ = State::extension_escape;
      } else {
        good = !is_class(c, kControl);
      }
      break;
    case State::extension_escape:
      good = !is_class(c, kControl);
      state_ = State::extension_quoted;
      break;
    case State::extension_value_end:
      good = after_element(c);
      break;
    case State::extension_value_blank:
      if (c == ';') {
        state_ = State::extension_name_first;
      } else {
        good = is_blank(c);
      }
      break;
    case State::size_lf:
      if (c == '\n') return begin_data(limits, error);
      good = false;
      break;
    case State::data_cr:
    case State::data_lf:
      good = c == (state_ == State::data_cr ? '\r' : '\n');
      state_ = state_ == State::data_cr ? State::data_lf : State::size_first;
      if (!good) error = kBadEnd;
      return good;
    case State::data:
    case State::trailers:
    case State::done:
      break;  // not bytes of a line
  }
  if (!good) error = kBadExtension;
  return good;
}

/// Behind a size, a name or a value: the end of the line, another extension, or blanks before one.
bool ChunkDecoder::after_element(char c) noexcept {
  if (c == '\r') {
    state_ = State::size_lf;
  } else if (c == ';') {
    state_ = State::extension_name_first;
  } else if (is_blank(c)) {
    state_ = State::extension_value_blank;
  } else {
    return false;
  }
  return true;
}

bool ChunkDecoder::begin_data(const ParserLimits& limits, ParseError& error) noexcept {
  if (left_ > limits.body || total_ > limits.body - left_) {
    error = kTooLarge;
    return false;
  }
  total_ += left_;
  state_ = State::data;
  if (left_ == 0) {
    state_ = State::trailers;
    fields_.begin(0);
  }
  return true;
}

ParseStep ChunkDecoder::feed_trailers(std::string_view input, std::size_t consumed,
                                      const ParserLimits& limits, ParseError& error) {
  const std::string_view text = input.substr(consumed);
  while (true) {
    switch (fields_.next(text, limits, false, error)) {
      case FieldLine::more:
        return {ParseEvent::need_more, consumed};
      case FieldLine::bad:
        return {ParseEvent::error, consumed};
      case FieldLine::field:
        if (may_be_trailer(fields_.name(text.data()))) break;
        error = kBadTrailer;
        return {ParseEvent::error, consumed};
      case FieldLine::end:
        trailers_ = fields_.copy(text.data());
        state_ = State::done;
        return {ParseEvent::end, consumed + fields_.at()};
    }
  }
}

}  // namespace hob::http::detail
