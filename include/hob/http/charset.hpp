// SPDX-License-Identifier: MIT
// Character encodings: bytes of a body to UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace hob::http {

/// `bytes` in the encoding `charset` (a label as in a Content-Type, in any case; empty for UTF-8)
/// as UTF-8. A byte order mark decides over `charset` and is dropped. What is malformed becomes
/// U+FFFD, as in fetch's text() and with Python's errors="replace". `latin-1` and `ascii` mean
/// windows-1252, as in browsers. Encodings other than UTF-8, UTF-16 and windows-1252 are the
/// system's (iconv); one that it does not know is read as UTF-8, as in aiohttp.
std::string decode_text(std::string_view bytes, std::string_view charset = {});

/// Whether `text` is well-formed UTF-8 (no surrogates, nothing overlong).
bool is_utf8(std::string_view text) noexcept;

}  // namespace hob::http
