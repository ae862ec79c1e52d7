// SPDX-License-Identifier: MIT
// Hashes, random text and base64: OpenSSL's, behind functions of strings.
#pragma once

#include <string>
#include <string_view>

namespace hob::http {

enum class Hash : unsigned char { md5, sha1, sha256, sha512_256 };

/// In lower-case hexadecimal. Throws RuntimeError when OpenSSL has no such hash (MD5 under FIPS).
std::string hex_digest(Hash hash, std::string_view text);
/// `bytes` random bytes in hexadecimal, for what must not be guessed.
std::string random_hex(std::size_t bytes);
std::string base64(std::string_view bytes);

}  // namespace hob::http
