// SPDX-License-Identifier: MIT
// Cookies: what servers ask to get back, kept and sent by the rules of RFC 6265 with the later ones
// of browsers: public suffixes, `__Host-` and `__Secure-`, no secure cookies from insecure pages.
#pragma once

#include <hob/http/url.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hob::http {

/// A cookie of a jar.
struct Cookie {
  /// Of `expires`: until the jar goes.
  static constexpr std::int64_t kSession = INT64_MAX;

  std::string name, value;
  std::string domain;  // in lower case, without a leading dot
  std::string path = "/";
  std::int64_t expires = kSession;  // seconds since 1970
  bool host_only = true;            // not for subdomains
  bool secure = false;              // only over TLS
  bool http_only = false;
  std::string same_site;  // as given, in lower case; of no effect here

  /// What a Set-Cookie field of the page `from` asks for; nothing when it is to be ignored. `now`
  /// in seconds since 1970.
  static std::optional<Cookie> parse(std::string_view set_cookie, const Url& from,
                                     std::int64_t now);

  friend bool operator==(const Cookie&, const Cookie&) = default;
};

/// The time that a cookie's Expires means (RFC 6265, 5.1.1), in seconds since 1970; any of the
/// formats of HTTP dates, and many others.
std::optional<std::int64_t> parse_cookie_date(std::string_view text);

/// The cookies of a session. At most 180 of one domain and 3000 in all: older ones go first. Not
/// thread-safe.
class CookieJar {
 public:
  using Clock = std::int64_t (*)();
  /// `clock` gives seconds since 1970; without one the system's.
  explicit CookieJar(Clock clock = nullptr);

  /// Takes what one Set-Cookie field of the page `from` asks for. Whether it was taken.
  bool store(std::string_view set_cookie, const Url& from);
  /// Puts a cookie in as it is, in place of one of the same name, domain and path. Throws
  /// ValueError for a name or value that would break the header.
  void set(Cookie cookie);
  /// A cookie for the host of `url` and all of its paths, as if it had come from there.
  void set(std::string_view name, std::string_view value, const Url& url);
  /// The value of the Cookie field for a request of `url`; empty when there is none.
  std::string header(const Url& url) const;
  /// The cookies that go into it, in their order.
  std::vector<Cookie> matching(const Url& url) const;

  std::size_t size() const noexcept { return cookies_.size(); }
  bool empty() const noexcept { return cookies_.empty(); }
  auto begin() const noexcept { return cookies_.begin(); }
  auto end() const noexcept { return cookies_.end(); }
  void clear() noexcept { cookies_.clear(); }
  /// Removes the cookies of a domain and its subdomains.
  void clear_domain(std::string_view domain);
  /// Removes what must not be sent any more.
  void clear_expired();

  /// All cookies in the format of curl and of Python's MozillaCookieJar, session cookies included.
  std::string save() const;
  /// Adds the cookies of such a text. Throws ValueError for a line that is none.
  void load(std::string_view text);

 private:
  void put(Cookie cookie);

  std::vector<Cookie> cookies_;  // in the order of their creation
  Clock clock_;
};

}  // namespace hob::http
