// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/date.hpp>
#include <hob/http/set_cookie.hpp>

#include "http/scan.hpp"

namespace hob::http {

namespace {

[[noreturn]] void refuse(const char* what) {
  throw ValueError(std::string("a cookie cannot have ") + what);
}

/// RFC 6265, 4.1.1: cookie-octet.
bool is_cookie_octet(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

bool is_attribute(std::string_view value) noexcept {
  for (const char c : value)
    if (c < 0x20 || c == 0x7f || c == ';') return false;  // bytes above ASCII are negative
  return true;
}

}  // namespace

std::string set_cookie_value(Text name, Text value, const CookieOptions& options) {
  const std::string_view key(name.data(), name.size()), text(value.data(), value.size());
  if (!detail::is_token(key)) refuse("that name");
  for (const char c : text)
    if (!is_cookie_octet(c)) refuse("that value");
  if (!is_attribute(options.domain) || !is_attribute(options.path)) refuse("that domain or path");
  if (options.same_site == SameSite::none && !options.secure) refuse("SameSite=None, not Secure");
  const bool host_only = options.domain.empty() && options.path == "/";
  if (key.starts_with("__Secure-") && !options.secure) refuse("that name, not Secure");
  if (key.starts_with("__Host-") && !(options.secure && host_only))
    refuse("that name unless it is Secure, without Domain, and with the path /");

  std::string line;
  line.append(key).append("=").append(text);
  if (!options.domain.empty()) line += "; Domain=" + options.domain;
  if (options.max_age) line += "; Max-Age=" + std::to_string(*options.max_age);
  if (options.expires) line += "; Expires=" + format_http_date(*options.expires);
  if (!options.path.empty()) line += "; Path=" + options.path;
  if (options.secure) line += "; Secure";
  if (options.http_only) line += "; HttpOnly";
  if (options.same_site == SameSite::none) line += "; SameSite=None";
  if (options.same_site == SameSite::lax) line += "; SameSite=Lax";
  if (options.same_site == SameSite::strict) line += "; SameSite=Strict";
  return line;
}

Params parse_cookies(std::string_view cookie) {
  Params cookies;
  while (!cookie.empty()) {
    const std::size_t end = cookie.find(';');
    const std::string_view pair = cookie.substr(0, end);
    cookie.remove_prefix(end == std::string_view::npos ? cookie.size() : end + 1);
    const std::size_t equals = pair.find('=');
    const std::string_view name = detail::trimmed(pair.substr(0, equals));
    if (equals == std::string_view::npos || name.empty()) continue;
    std::string_view value = detail::trimmed(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    cookies.add(name, value);
  }
  return cookies;
}

}  // namespace hob::http
