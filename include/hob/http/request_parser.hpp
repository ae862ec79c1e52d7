// SPDX-License-Identifier: MIT
// RequestParser: the server's side of HTTP/1 on the wire. It is strict: what two implementations
// could read in two ways is refused, because that is how requests are smuggled.
#pragma once

#include <hob/http/detail/message_parser.hpp>
#include <hob/http/method.hpp>
#include <hob/http/parsing.hpp>

#include <string_view>

namespace hob::http {

/// Takes the requests of one connection apart, one after the other. No I/O: give what has come to
/// `feed` and drop what it consumed. The same bytes give the same events, however they are cut.
///
///   RequestParser parser;
///   parser.begin();
///   ParseStep step = parser.feed(bytes);   // head: method(), target(), headers()
class RequestParser : public detail::MessageParser {
 public:
  explicit RequestParser(const ParserLimits& limits = {}) noexcept : MessageParser(limits, false) {}

  /// Before each request. After a request that does not keep the connection alive, bytes that come
  /// are refused: what follows a "close" must not be processed (RFC 9112, 9.6).
  void begin() noexcept;

  // Views into the bytes that were fed, valid as `headers()` is.

  Method method() const noexcept { return method_; }
  std::string_view method_name() const noexcept { return first_.in(text_); }
  /// As sent: `/path?query`, `http://host/path`, `host:port` (CONNECT) or `*` (OPTIONS).
  std::string_view target() const noexcept { return second_.in(text_); }
  /// Whether the client waits for `100 Continue` before it sends the body.
  bool expect_continue() const noexcept { return expect_continue_; }

  /// As MessageParser's.
  ParseStep feed(std::string_view input);

 private:
  Method method_ = Method::other;
};

}  // namespace hob::http
