// SPDX-License-Identifier: MIT
// ResponseParser: the client's side of HTTP/1 on the wire.
#pragma once

#include <hob/http/detail/message_parser.hpp>
#include <hob/http/method.hpp>
#include <hob/http/parsing.hpp>
#include <hob/http/status.hpp>

#include <string_view>

namespace hob::http {

/// Takes the responses of one connection apart. As strict as RequestParser, but lines of the head
/// may end with LF alone and the blank behind the status may be missing, as servers do.
class ResponseParser : public detail::MessageParser {
 public:
  explicit ResponseParser(const ParserLimits& limits = {}) noexcept : MessageParser(limits, true) {}

  /// Before each response: the method of the request decides whether it has a body. After an
  /// interim response (`interim()`) the one that it announces is begun with the same method. Bytes
  /// that come when no response is due are refused.
  void begin(Method request) noexcept {
    is_head_ = request == Method::head;
    is_connect_ = request == Method::connect;
    begin_message();
  }

  int status() const noexcept { return status_; }
  /// As sent; a view, valid as `headers()` is.
  std::string_view reason() const noexcept { return second_.in(text_); }
  /// 1xx, but not 101: another response to the same request follows.
  bool interim() const noexcept { return status_ < 200 && status_ != Status::switching_protocols; }
  /// From its end on the connection belongs to another protocol: after 101, and after a successful
  /// CONNECT.
  bool upgraded() const noexcept {
    return status_ == Status::switching_protocols ||
           (is_connect_ && status_ >= 200 && status_ < 300);
  }
};

}  // namespace hob::http
