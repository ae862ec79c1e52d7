// SPDX-License-Identifier: MIT
// What the parsers of requests and responses have in common: limits, what a step finds, errors.
// Parsers know nothing of connections: bytes in, events out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hob::http {

/// How much of a message a parser takes. Sizes are bytes. What is too much is refused with the
/// status in brackets, and the connection must close.
struct ParserLimits {
  /// Request line or status line [414, in a response 400].
  std::size_t start_line = 8190;
  /// One field line [431].
  std::size_t field_line = 8190;
  /// Start line and all field lines together; of the trailers, too [431].
  std::size_t head = 32'768;
  /// Field lines [431].
  std::size_t fields = 128;
  /// The body, without what chunks add [413].
  std::uint64_t body = INT64_MAX;
  /// All chunk extensions of a body together [400].
  std::size_t chunk_extensions = 4096;
};

/// What a step of a parser found.
enum class ParseEvent : unsigned char {
  need_more,  // give what was not consumed again, with more behind it
  head,       // the start line and the fields are complete
  data,       // some bytes of the body
  end,        // the message is complete
  error       // it is refused: `error()` says why
};

/// The result of `feed`. The first `consumed` bytes are done with, and must not be given again;
/// `data` is a part of them.
struct ParseStep {
  ParseEvent event;
  std::size_t consumed = 0;
  std::string_view data = {};
};

/// Why a message was refused. The connection cannot be used any more: where the next message
/// begins is not known.
struct ParseError {
  /// What a server answers; 400 in a response.
  int status = 0;
  /// A static string.
  const char* reason = "";
};

/// How the end of a body is found (RFC 9112, 6.3).
enum class Framing : unsigned char { none, length, chunked, until_close };

}  // namespace hob::http
