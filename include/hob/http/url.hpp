// SPDX-License-Identifier: MIT
// Url: an immutable, normalised URL or relative reference (RFC 3986), as a browser or yarl would
// understand what a human has typed.
#pragma once

#include <hob/http/params.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hob::http {

/// A URL whose text is always valid ASCII: what may not stand in a component is percent-encoded in
/// UTF-8, escapes of unreserved characters are resolved (`%7e` is `~`), other escapes are kept and
/// written in capitals; scheme and host are in lower case, international hosts in their ASCII form
/// (UTS 46), IPv4 hosts as four numbers, IPv6 hosts as RFC 5952 writes them; the port is left out
/// when it is the scheme's; `.` and `..` are resolved when there is a host. A backslash never
/// counts as a slash: in the host it is an error, elsewhere it is encoded.
///
/// Everything that takes text throws InvalidURL when that makes no URL. Any thread.
class Url {
 public:
  /// The empty reference.
  Url() noexcept = default;
  Url(std::string_view text) { parse(text); }    // NOLINT(google-explicit-constructor)
  Url(const char* text) { parse(text); }         // NOLINT(google-explicit-constructor)
  Url(const std::string& text) { parse(text); }  // NOLINT(google-explicit-constructor)

  const std::string& text() const noexcept { return text_; }
  const char* c_str() const noexcept { return text_.c_str(); }
  bool empty() const noexcept { return text_.empty(); }
  /// Whether it has a scheme and a host.
  bool absolute() const noexcept { return scheme_.size != 0 && has_host_; }

  /// In lower case, without the colon; empty for a relative reference.
  std::string_view scheme() const noexcept { return of(scheme_); }
  /// Decoded; empty when there is none.
  std::string user() const;
  std::string password() const;
  bool has_user() const noexcept { return has_user_; }
  /// Without the brackets of an IPv6 address.
  std::string_view host() const noexcept;
  /// `host` or `host:port` for the Host field: with brackets, without a default port.
  std::string_view authority() const noexcept { return of(authority_); }
  /// The given one, else the default of the scheme, else 0.
  int port() const noexcept;
  /// Whether the host is an IPv4 or IPv6 address.
  bool host_is_address() const noexcept { return host_is_address_; }
  /// Encoded; at least `/` when there is a host.
  std::string_view path() const noexcept { return of(path_); }
  std::string path_decoded() const;
  /// Encoded, without the `?`.
  std::string_view query() const noexcept { return of(query_); }
  Params params() const { return Params::parse(query()); }
  /// Encoded, without the `#`.
  std::string_view fragment() const noexcept { return of(fragment_); }
  /// Path and query: what a request line has.
  std::string_view target() const noexcept;
  /// Whether the scheme is https or wss.
  bool secure() const noexcept;

  /// Scheme, host and port alone.
  Url origin() const;
  bool same_origin(const Url& other) const noexcept;
  /// What the reference means on the page with this URL (RFC 3986, 5.2).
  Url join(const Url& reference) const;
  /// With one more path segment: `Url("http://a/b") / "c d"` is `http://a/b/c%20d`.
  Url operator/(std::string_view segment) const;

  Url with_scheme(std::string_view scheme) const;
  Url with_user(std::string_view user, std::string_view password = {}) const;
  Url without_user() const;
  Url with_host(std::string_view host) const;
  /// 0 for the scheme's default.
  Url with_port(int port) const;
  /// The new path is not decoded; query and fragment go.
  Url with_path(std::string_view path) const;
  Url with_query(const Params& params) const;
  /// Appends to the query.
  Url add_query(const Params& params) const;
  Url with_fragment(std::string_view fragment) const;
  Url without_fragment() const { return with_fragment({}); }

  friend bool operator==(const Url& a, const Url& b) noexcept { return a.text_ == b.text_; }

  struct Parts;  // internal

 private:
  struct Range {
    std::uint32_t begin = 0, size = 0;
  };
  std::string_view of(Range range) const noexcept {
    return std::string_view(text_).substr(range.begin, range.size);
  }
  void parse(std::string_view text);
  void build(const Parts& parts);
  Parts parts() const;
  static Url from(const Parts& parts);

  std::string text_;
  Range scheme_, user_, password_, authority_, host_, path_, query_, fragment_;
  std::int32_t port_ = -1;
  bool has_host_ = false, has_user_ = false, has_password_ = false, has_query_ = false,
       has_fragment_ = false, host_is_address_ = false;
};

/// `text` with escapes resolved; what is no escape stays. The result need not be UTF-8.
std::string percent_decode(std::string_view text);
/// Everything but letters, digits and `-._~` as `%XX`.
std::string percent_encode(std::string_view text);

}  // namespace hob::http
