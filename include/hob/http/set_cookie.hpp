// SPDX-License-Identifier: MIT
// Cookies on the server's side: what a browser has sent, and what it is asked to keep.
#pragma once

#include <hob/core/text.hpp>
#include <hob/http/params.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hob::http {

enum class SameSite : unsigned char { unset, none, lax, strict };

/// Where and how long a browser keeps a cookie; aiohttp's keyword arguments of set_cookie.
struct CookieOptions {
  // Not an aggregate: g++ 12 destroys those twice in a full-expression with co_await.
  CookieOptions() = default;

  /// Empty: only the host that sets it.
  std::string domain;
  std::string path = "/";
  /// Seconds from now; without both: until the browser ends.
  std::optional<std::int64_t> max_age;
  /// Seconds since 1970.
  std::optional<std::int64_t> expires;
  bool secure = false;
  bool http_only = false;
  SameSite same_site = SameSite::unset;
};

/// The value of a Set-Cookie field (RFC 6265, 4.1.1). Throws ValueError for what browsers would
/// drop or misread: a name that is no token, a value with blanks, quotes, commas, semicolons,
/// backslashes or anything but ASCII (encode those), attributes with semicolons, SameSite=None
/// without Secure, and `__Secure-` and `__Host-` names without what they promise.
std::string set_cookie_value(Text name, Text value, const CookieOptions& options = {});

/// The pairs of a Cookie field's value; quotes around a value are dropped, what is no pair is left
/// out.
Params parse_cookies(std::string_view cookie);

}  // namespace hob::http
