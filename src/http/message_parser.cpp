// SPDX-License-Identifier: MIT
#include <hob/http/detail/message_parser.hpp>
#include <hob/http/status.hpp>

#include <algorithm>
#include <cassert>

#include "http/host_field.hpp"
#include "http/scan.hpp"

namespace hob::http::detail {

void MessageParser::begin_message() noexcept {
  if (state_ == State::failed) return;
  assert(!in_message());
  state_ = State::start;
  begun_ = false;
  at_ = 0;
  seen_ = Seen();
}

ParseStep MessageParser::refuse(int status, const char* reason) noexcept {
  error_ = {status, reason};
  state_ = State::failed;
  return {ParseEvent::error};
}

ParseStep MessageParser::feed(std::string_view input) {
  switch (state_) {
    case State::idle:
      if (input.empty()) return {ParseEvent::need_more};
      return refuse(Status::bad_request, "bytes when no message is due");
    case State::start:
    case State::fields:
      return feed_head(input);
    case State::body:
      return feed_body(input);
    case State::done:
      return {ParseEvent::end};
    case State::failed:
      return {ParseEvent::error};
  }
  return {ParseEvent::error};
}

ParseEvent MessageParser::finish() noexcept {
  switch (state_) {
    case State::idle:
    case State::done:
      return ParseEvent::end;
    case State::failed:
      return ParseEvent::error;
    case State::body:
      if (framing_ != Framing::until_close) break;
      state_ = State::done;
      return ParseEvent::end;
    case State::start:
      if (response_ || begun_) break;
      return ParseEvent::end;
    case State::fields:
      break;
  }
  return refuse(Status::bad_request, "the message is not complete").event;
}

ParseStep MessageParser::feed_head(std::string_view input) {
  if (state_ == State::start) {
    if (input.empty()) return {ParseEvent::need_more};
    begun_ = true;
    const std::size_t end = response_ ? status_line(input) : request_line(input);
    if (end == 0) return {state_ == State::failed ? ParseEvent::error : ParseEvent::need_more};
    fields_.begin(end);
    state_ = State::fields;
  }
  while (true) {
    switch (fields_.next(input, limits_, response_, error_)) {
      case FieldLine::more:
        return {ParseEvent::need_more};
      case FieldLine::bad:
        return refuse(error_.status, error_.reason);
      case FieldLine::field:
        if (!look_at(fields_.name(input.data()), fields_.value(input.data())))
          return refuse(error_.status, error_.reason);
        break;
      case FieldLine::end:
        if (!decide()) return refuse(error_.status, error_.reason);
        text_ = input.data();
        left_ = length_;
        state_ = has_body() ? State::body : State::done;
        if (framing_ == Framing::chunked) chunks_.begin();
        return {ParseEvent::head, fields_.at()};
    }
  }
}

ParseStep MessageParser::feed_body(std::string_view input) {
  if (framing_ == Framing::chunked) {
    const ParseStep step = chunks_.feed(input, limits_, error_);
    if (step.event == ParseEvent::end) state_ = State::done;
    if (step.event == ParseEvent::error) state_ = State::failed;
    return step;
  }
  if (input.empty()) return {ParseEvent::need_more};
  if (framing_ == Framing::until_close) {
    // What is allowed comes first, so that where the bytes were cut makes no difference.
    if (length_ == limits_.body) return refuse(Status::content_too_large, "the body is too large");
    const std::size_t allowed = std::min<std::uint64_t>(limits_.body - length_, input.size());
    length_ += allowed;
    return {ParseEvent::data, allowed, input.substr(0, allowed)};
  }
  const std::size_t size = std::min<std::uint64_t>(left_, input.size());
  left_ -= size;
  if (left_ == 0) state_ = State::done;
  return {ParseEvent::data, size, input.substr(0, size)};
}

/// Takes note of a field that decides about the message; false when it is refused.
bool MessageParser::look_at(std::string_view name, std::string_view value) noexcept {
  const auto bad = [this](const char* reason) {
    error_ = {Status::bad_request, reason};
    return false;
  };
  switch (name.size()) {
    case 4:
      if (response_ || !is_name(name, "host")) return true;
      if (++seen_.hosts > 1) return bad("more than one Host field");
      return is_host_field(value) || bad("bad Host field");
    case 6:
      if (!is_name(name, "expect")) return true;
      for_each_element(value, [this](std::string_view element) {
        (equal_ignoring_case(element, "100-continue") ? seen_.expect_continue
                                                      : seen_.expect_other) = true;
      });
      return true;
    case 7:
      if (is_name(name, "upgrade")) seen_.upgrade_field = true;
      return true;
    case 10:
      if (is_name(name, "connection")) add_options(value);
      return true;
    case 14:
      return !is_name(name, "content-length") || add_length(value);
    case 17:
      return !is_name(name, "transfer-encoding") || add_codings(value);
    default:
      return true;
  }
}

// A list, even of equal numbers, and a second field are refused: RFC 9112, 6.3, item 5 allows to
// repair both, but who repairs may be in front of somebody who does not.
bool MessageParser::add_length(std::string_view value) noexcept {
  const auto bad = [this](const char* reason) {
    error_ = {Status::bad_request, reason};
    return false;
  };
  if (seen_.has_length) return bad("more than one Content-Length field");
  seen_.has_length = true;
  if (value.empty()) return bad("empty Content-Length");
  for (const char c : value) {
    if (!is_class(c, kDigit)) return bad("Content-Length is not a number");
    const unsigned digit = static_cast<unsigned>(c - '0');
    if (seen_.length > (std::uint64_t{INT64_MAX} - digit) / 10)
      return bad("Content-Length is out of range");
    seen_.length = seen_.length * 10 + digit;
  }
  return true;
}

bool MessageParser::add_codings(std::string_view value) noexcept {
  bool any = false, tokens = true;
  for_each_element(value, [&](std::string_view coding) {
    any = true;
    tokens &= is_token(coding);
    if (seen_.chunked) seen_.chunked_before = true;
    seen_.chunked = equal_ignoring_case(coding, "chunked");
    if (!seen_.chunked) seen_.other_coding = true;
  });
  seen_.transfer_encoding = true;
  if (any && tokens) return true;
  error_ = {Status::bad_request, "bad Transfer-Encoding"};
  return false;
}

void MessageParser::add_options(std::string_view value) noexcept {
  for_each_element(value, [this](std::string_view option) {
    if (equal_ignoring_case(option, "close")) seen_.close = true;
    if (equal_ignoring_case(option, "keep-alive")) seen_.keep_alive = true;
    if (equal_ignoring_case(option, "upgrade")) seen_.upgrade_option = true;
  });
}

/// All fields are known: how the body ends and whether the connection stays; false when refused.
bool MessageParser::decide() noexcept {
  const auto bad = [this](int status, const char* reason) {
    error_ = {status, reason};
    return false;
  };
  if (!response_ && minor_ >= 1 && seen_.hosts == 0)
    return bad(Status::bad_request, "no Host field");
  keep_alive_ = !seen_.close && (minor_ >= 1 || seen_.keep_alive);
  upgrade_ = minor_ >= 1 && seen_.upgrade_option && seen_.upgrade_field;
  expect_continue_ = false;
  length_ = 0;

  const bool tunnel = is_connect_ && status_ >= 200 && status_ < 300;
  if (response_ && (is_head_ || tunnel || is_bodiless(status_))) {
    framing_ = Framing::none;
    // A sender that frames what has no body may send one, too.
    const bool framed = seen_.transfer_encoding || (seen_.has_length && seen_.length != 0);
    if ((framed && status_ < 205 && !is_head_) || tunnel || status_ == Status::switching_protocols)
      keep_alive_ = false;
    return true;
  }
  if (seen_.transfer_encoding) {
    if (!decide_coding()) return false;
    framing_ = Framing::chunked;
  } else if (seen_.has_length) {
    framing_ = Framing::length;
    length_ = seen_.length;
    if (length_ > limits_.body) return bad(Status::content_too_large, "the body is too large");
  } else {
    framing_ = response_ ? Framing::until_close : Framing::none;
    if (response_) keep_alive_ = false;
  }
  if (!response_ && minor_ >= 1) {
    if (seen_.expect_other) return bad(Status::expectation_failed, "unknown expectation");
    expect_continue_ = seen_.expect_continue && has_body();
  }
  return true;
}

bool MessageParser::decide_coding() noexcept {
  const char* reason = nullptr;
  int status = Status::bad_request;
  if (minor_ == 0) {
    reason = "Transfer-Encoding in HTTP/1.0";
  } else if (seen_.has_length) {
    reason = "Transfer-Encoding beside Content-Length";
  } else if (seen_.chunked_before) {
    reason = "chunked is not the last transfer coding, or not alone";
  } else if (seen_.other_coding) {
    reason = "unknown transfer coding";
    status = Status::not_implemented;
  }
  if (!reason) return true;
  error_ = {status, reason};
  return false;
}

}  // namespace hob::http::detail
