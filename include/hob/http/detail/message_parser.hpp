// SPDX-License-Identifier: MIT
// MessageParser: what parsing a request and a response have in common - fields and what they
// decide, the body, the end. The start line is the part of RequestParser and ResponseParser.
#pragma once

#include <hob/http/detail/chunk_decoder.hpp>
#include <hob/http/detail/field_block.hpp>
#include <hob/http/headers.hpp>
#include <hob/http/parsing.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace hob::http::detail {

/// A run of characters by its place, because buffers move.
struct Place {
  std::uint32_t at = 0;
  std::uint32_t size = 0;

  std::string_view in(const char* text) const noexcept { return {text + at, size}; }
};

class MessageParser {
 public:
  /// Parses on. `input` is all that has come and was not consumed; its beginning may have moved in
  /// memory. A head is consumed in one piece, when it is complete; of a body, what is there.
  /// Bytes behind the message are not looked at. After an error: the same error again.
  ParseStep feed(std::string_view input);
  /// The input has ended: `end` when the message is complete with that, or no request has begun;
  /// else `error`.
  ParseEvent finish() noexcept;

  const ParseError& error() const noexcept { return error_; }
  /// Whether bytes of a message have come and its end has not.
  bool in_message() const noexcept {
    return state_ == State::fields || state_ == State::body || (state_ == State::start && begun_);
  }

  // The following are known from the event `head` on.

  /// 1 for HTTP/1.1 (and later 1.x), 0 for HTTP/1.0.
  int version_minor() const noexcept { return minor_; }
  /// Whether the connection may carry another message after this one (RFC 9112, 9.3).
  bool keep_alive() const noexcept { return keep_alive_; }
  /// Whether the sender asks to go on in another protocol: `Connection: upgrade` with an Upgrade
  /// field (RFC 9110, 7.8).
  bool upgrade() const noexcept { return upgrade_; }
  Framing framing() const noexcept { return framing_; }
  /// Of Framing::length: the size of the body.
  std::uint64_t content_length() const noexcept { return length_; }
  /// Whether bytes of a body are expected: then feed on until `end`.
  bool has_body() const noexcept {
    return framing_ == Framing::length ? length_ != 0 : framing_ != Framing::none;
  }

  /// A copy of the header fields. Between the event `head` and the next call of `feed`, with the
  /// bytes that were fed still in place.
  Headers headers() const { return fields_.copy(text_); }
  /// The trailer fields, after `end`. May be called once.
  Headers take_trailers() noexcept { return std::move(chunks_.trailers()); }

 protected:
  explicit MessageParser(const ParserLimits& limits, bool response) noexcept
      : limits_(limits), response_(response) {}
  ~MessageParser() = default;
  MessageParser(MessageParser&&) = default;
  MessageParser& operator=(MessageParser&&) = default;

  void begin_message() noexcept;
  /// No message may come any more.
  void expect_nothing() noexcept {
    if (state_ != State::failed) state_ = State::idle;
  }

  // Of a request: method and target; of a response: nothing and the reason phrase.
  Place first_, second_;
  const char* text_ = nullptr;
  int status_ = 0;
  // Of the request, also when this is its response.
  bool is_head_ = false, is_connect_ = false, is_options_ = false;
  bool expect_continue_ = false;

 private:
  enum class State : unsigned char { idle, start, fields, body, done, failed };
  /// What the fields of this message have said so far.
  struct Seen {
    std::uint64_t length = 0;
    std::uint8_t hosts = 0;
    bool has_length = false;
    bool transfer_encoding = false;
    bool chunked = false;         // "chunked" was the last coding
    bool chunked_before = false;  // and something came after it
    bool other_coding = false;
    bool close = false;
    bool keep_alive = false;
    bool upgrade_option = false;
    bool upgrade_field = false;
    bool expect_continue = false;
    bool expect_other = false;
  };

  ParseStep feed_head(std::string_view input);
  ParseStep feed_body(std::string_view input);
  ParseStep refuse(int status, const char* reason) noexcept;
  /// The start line in `input` from at_; gives 0 while it is incomplete or bad (then error_ is
  /// set), else the offset behind it.
  std::size_t request_line(std::string_view input) noexcept;
  std::size_t status_line(std::string_view input) noexcept;
  std::size_t line_end(std::string_view input, std::size_t at, std::size_t window) noexcept;
  std::size_t bad_line(int status, const char* reason) noexcept;
  bool good_target(std::string_view target) noexcept;

  bool look_at(std::string_view name, std::string_view value) noexcept;
  bool add_length(std::string_view value) noexcept;
  bool add_codings(std::string_view value) noexcept;
  void add_options(std::string_view value) noexcept;
  bool decide() noexcept;
  bool decide_coding() noexcept;

  ParserLimits limits_;
  ParseError error_;
  State state_ = State::idle;
  Framing framing_ = Framing::none;
  bool response_;
  std::uint8_t minor_ = 1;
  bool keep_alive_ = true;
  bool upgrade_ = false;
  bool begun_ = false;
  std::uint64_t length_ = 0;
  std::uint64_t left_ = 0;
  std::size_t at_ = 0;  // of the start line: behind an empty line before it
  Seen seen_;
  FieldBlock fields_;
  ChunkDecoder chunks_;
};

}  // namespace hob::http::detail
