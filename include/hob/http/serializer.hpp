// SPDX-License-Identifier: MIT
// Requests and responses as bytes. Each function appends to `out`; what would let a value write
// lines of its own is a ValueError, and then nothing was appended.
#pragma once

#include <hob/core/text.hpp>
#include <hob/http/headers.hpp>

#include <cstdint>
#include <string>

namespace hob::http {

/// `GET /path HTTP/1.1` and CRLF. Throws ValueError when the method is not a token, or the target
/// is empty or holds a blank, a control character, `#` or anything but ASCII.
void write_request_line(std::string& out, Text method, Text target);
/// `HTTP/1.1 200 OK` and CRLF; without a reason the registered phrase. Throws ValueError when the
/// status is not in 100..999 or the reason holds a control character.
void write_status_line(std::string& out, int status, Text reason = {}, int version_minor = 1);
/// `name: value` and CRLF for each line. What a Headers holds was checked on its way in.
void write_fields(std::string& out, const Headers& headers);
/// The same for one field. Throws ValueError as `Headers::add`.
void write_field(std::string& out, Text name, Text value);
/// `Content-Length: n` and CRLF.
void write_content_length(std::string& out, std::uint64_t length);
/// The CRLF behind the fields.
inline void end_fields(std::string& out) { out += "\r\n"; }

// The chunked transfer coding (RFC 9112, 7.1): chunks, then the last one.

/// The size line of a chunk; `size` bytes and `end_chunk` must follow. Size 0 would end the body:
/// ValueError.
void begin_chunk(std::string& out, std::uint64_t size);
inline void end_chunk(std::string& out) { out += "\r\n"; }
/// A whole chunk; nothing when `data` is empty.
void write_chunk(std::string& out, Text data);
/// The last chunk and the trailers. Throws ValueError for a trailer that decides about framing,
/// routing or content (RFC 9110, 6.5.1): recipients refuse or drop those.
void write_last_chunk(std::string& out, const Headers& trailers = {});

}  // namespace hob::http
