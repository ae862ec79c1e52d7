// SPDX-License-Identifier: MIT
// Who asks: the Authorization field for the schemes Basic, Bearer and Digest.
#pragma once

#include <hob/http/params.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hob::http {

/// One challenge of a WWW-Authenticate or Proxy-Authenticate field (RFC 9110, 11.6.1).
struct Challenge {
  std::string scheme;  // in lower case
  Params parameters;   // names in lower case
  std::string token;   // what stands in place of parameters

  /// All challenges of a field's value (several lines joined by commas).
  static std::vector<Challenge> parse(std::string_view value);
};

/// `Basic dXNlcjpwYXNz`, in UTF-8 (RFC 7617). Throws ValueError for a user with a colon.
std::string basic_authorization(std::string_view user, std::string_view password);
/// `Bearer ` and the token (RFC 6750).
std::string bearer_authorization(std::string_view token);

/// Answers Digest challenges (RFC 7616): MD5, SHA-256 and SHA-512-256, with and without -sess; qop
/// auth, auth-int and none. Keeps the nonce of the server and counts its uses. Not thread-safe.
class DigestAuth {
 public:
  DigestAuth(std::string user, std::string password)
      : user_(std::move(user)), password_(std::move(password)) {}

  /// Takes the first challenge that it can answer from the value of a WWW-Authenticate field.
  /// `answered`: the request had an answer already. Whether it is worth trying again: false when
  /// there is no such challenge, and when our answer was refused for another reason than an old
  /// nonce.
  bool challenge(std::string_view www_authenticate, bool answered = false);
  /// Whether there was a challenge, and further requests can be answered ahead of it.
  bool ready() const noexcept { return !nonce_.empty(); }
  /// Whether answers cover the body (auth-int): then it must be given to `authorization`.
  bool covers_body() const noexcept { return qop_ == "auth-int"; }
  /// The value of the Authorization field for a request; `target` is as in the request line. Throws
  /// RuntimeError before the first challenge.
  std::string authorization(std::string_view method, std::string_view target,
                            std::string_view body = {});
  /// Takes the next nonce from the value of an Authentication-Info field.
  void info(std::string_view authentication_info);
  /// For tests: what is else random.
  void set_cnonce(std::string cnonce) { cnonce_ = std::move(cnonce); }

 private:
  std::string user_, password_;
  std::string realm_, nonce_, opaque_, algorithm_, qop_, cnonce_;
  std::uint32_t count_ = 0;
  bool has_opaque_ = false, hash_user_ = false;
};

}  // namespace hob::http
