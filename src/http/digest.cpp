// SPDX-License-Identifier: MIT
#include "http/digest.hpp"

#include <hob/core/raise.hpp>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace hob::http {
namespace {

std::string to_hex(const unsigned char* bytes, std::size_t size) {
  std::string out;
  out.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    out += "0123456789abcdef"[bytes[i] >> 4];
    out += "0123456789abcdef"[bytes[i] & 15];
  }
  return out;
}

}  // namespace

std::string hex_digest(Hash hash, std::string_view text) {
  const EVP_MD* const type = hash == Hash::md5      ? EVP_md5()
                             : hash == Hash::sha1   ? EVP_sha1()
                             : hash == Hash::sha256 ? EVP_sha256()
                                                    : EVP_sha512_256();
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes, &size, type, nullptr) != 1) {
    hob::detail::raise_runtime_error("OpenSSL does not offer this hash");
  }
  return to_hex(bytes, size);
}

std::string random_hex(std::size_t count) {
  unsigned char bytes[64];
  if (count > sizeof bytes) count = sizeof bytes;
  if (RAND_bytes(bytes, static_cast<int>(count)) != 1) {
    hob::detail::raise_runtime_error("OpenSSL has no random numbers");
  }
  return to_hex(bytes, count);
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return out;
}

}  // namespace hob::http
