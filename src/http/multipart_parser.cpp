// SPDX-License-Identifier: MIT
#include "http/ascii.hpp"

#include <hob/core/raise.hpp>
#include <hob/http/multipart.hpp>

#include <algorithm>

namespace hob::http {
namespace {

constexpr std::size_t kBoundaryMax = 70;  // RFC 2046, 5.1.1

[[noreturn]] void fail(const char* what) { hob::detail::raise_value_error(what); }

}  // namespace

MultipartParser::MultipartParser(std::string_view boundary, MultipartLimits limits)
    : delimiter_("\r\n--"), limits_(limits) {
  if (boundary.empty() || boundary.size() > kBoundaryMax) fail("multipart: a bad boundary");
  delimiter_ += boundary;
  buffer_ = "\r\n";  // the first boundary may be the first line
}

MultipartParser MultipartParser::for_type(std::string_view content_type, MultipartLimits limits) {
  const ContentType type = ContentType::parse(content_type);
  if (!type.type.starts_with("multipart/")) fail("multipart: the content type is another one");
  return MultipartParser(type.parameters.get("boundary").value_or(""), limits);
}

ContentDisposition MultipartParser::disposition() const {
  return ContentDisposition::parse(headers_.get("Content-Disposition"));
}

void MultipartParser::feed(std::string_view bytes) {
  data_ = {};
  if (state_ == State::done) return;
  buffer_.erase(0, begin_);
  begin_ = 0;
  buffer_ += bytes;
}

MultipartParser::Event MultipartParser::next() {
  data_ = {};
  switch (state_) {
    case State::preamble:
      if (!skip_preamble()) return want_more();
      state_ = State::after_boundary;
      [[fallthrough]];
    case State::after_boundary:
      return after_boundary();
    case State::head:
      return read_head();
    case State::content:
      return read_content();
    case State::done:
      break;
  }
  return Event::end;
}

MultipartParser::Event MultipartParser::want_more() {
  if (finished_) fail("multipart: the body is truncated");
  return Event::need_more;
}

bool MultipartParser::skip_preamble() {
  const std::size_t at = rest().find(delimiter_);
  if (at != std::string_view::npos) {
    begin_ += at + delimiter_.size();
    return true;
  }
  const std::size_t keep = delimiter_.size() - 1;
  if (rest().size() > keep) begin_ = buffer_.size() - keep;
  return false;
}

// Behind a boundary: two dashes end the body, blanks and a line end begin a part.
MultipartParser::Event MultipartParser::after_boundary() {
  if (in_part_) {
    in_part_ = false;
    return Event::part_end;
  }
  if (rest().starts_with("--")) {
    state_ = State::done;
    return Event::end;
  }
  std::size_t blanks = 0;
  while (blanks < rest().size() && ascii::is_space(rest()[blanks])) ++blanks;
  const std::string_view after = rest().substr(blanks);
  if (after.size() < 2) {
    const bool possible = after.empty() || after == "\r" || (after == "-" && blanks == 0);
    if (!possible || blanks > limits_.head_max) fail("multipart: a bad boundary line");
    return want_more();
  }
  if (!after.starts_with("\r\n")) fail("multipart: a bad boundary line");
  if (++parts_ > limits_.parts_max) fail("multipart: too many parts");
  begin_ += blanks;  // the line end stays: it is the empty line of a part without fields
  state_ = State::head;
  return read_head();
}

MultipartParser::Event MultipartParser::read_head() {
  const std::size_t end = rest().find("\r\n\r\n");
  if (std::min(end, rest().size()) > limits_.head_max) fail("multipart: the head is too large");
  if (end == std::string_view::npos) return want_more();
  std::string_view lines = rest().substr(0, end + 2).substr(2);
  headers_.clear();
  while (!lines.empty()) {
    const std::size_t size = lines.find("\r\n");
    const std::string_view line = lines.substr(0, size);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) fail("multipart: a header line without a colon");
    headers_.add(line.substr(0, colon), line.substr(colon + 1));
    lines.remove_prefix(size + 2);
  }
  begin_ += end + 2;  // the empty line's end stays: a boundary may follow at once
  state_ = State::content;
  in_part_ = headers_end_pending_ = true;
  return Event::part;
}

MultipartParser::Event MultipartParser::read_content() {
  // The line end of the empty line is still there, as it may begin the delimiter.
  if (headers_end_pending_) {
    const std::string_view text = rest();
    if (text.size() < delimiter_.size() && delimiter_.starts_with(text)) return want_more();
    headers_end_pending_ = false;
    if (!text.starts_with(delimiter_)) begin_ += 2;
  }
  const std::string_view text = rest();
  const std::size_t at = text.find(delimiter_);
  if (at == 0) {
    begin_ += delimiter_.size();
    state_ = State::after_boundary;
    return after_boundary();
  }
  // Without the delimiter all but what may be its beginning is content.
  std::size_t size = at;
  if (at == std::string_view::npos) {
    size = text.size();
    const std::size_t from = size < delimiter_.size() ? 0 : size - delimiter_.size() + 1;
    for (std::size_t i = text.find('\r', from); i < text.size(); i = text.find('\r', i + 1)) {
      if (delimiter_.starts_with(text.substr(i))) {
        size = i;
        break;
      }
    }
  }
  if (size == 0) return want_more();
  data_ = text.substr(0, size);
  begin_ += size;
  return Event::data;
}

}  // namespace hob::http
