// SPDX-License-Identifier: MIT
// A URL is taken apart by RFC 3986's rules, each part brought into its normal form, and written
// again; the Url is that text and where its parts are. Boost.URL is the oracle of the tests, not
// the engine: it refuses what people type (spaces, letters outside ASCII), so text would have to be
// split and quoted before it could parse it.
#include <hob/http/url.hpp>

#include "http/ascii.hpp"
#include "http/host.hpp"
#include "http/percent.hpp"

#include <hob/http/client_error.hpp>

#include <algorithm>

namespace hob::http {

// The parts in their normal form.
struct Url::Parts {
  std::string scheme, user, password, host, path, query, fragment;
  int port = -1;
  bool has_host = false, has_user = false, has_password = false, has_query = false,
       has_fragment = false, host_is_address = false;
};

namespace {

int default_port(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws") return 80;
  if (scheme == "https" || scheme == "wss") return 443;
  if (scheme == "ftp") return 21;
  if (scheme == "socks5" || scheme == "socks5h" || scheme == "socks4") return 1080;
  return 0;
}

// Schemes whose URLs are nothing without a host.
bool needs_host(std::string_view scheme) { return default_port(scheme) != 0; }

// The length of `scheme:` at the beginning without the colon, or 0.
std::size_t scheme_size(std::string_view text) {
  if (text.empty() || !ascii::is_alpha(text[0])) return 0;
  std::size_t i = 1;
  while (i < text.size() &&
         (ascii::is_alnum(text[i]) || text[i] == '+' || text[i] == '-' || text[i] == '.')) {
    ++i;
  }
  return i < text.size() && text[i] == ':' ? i : 0;
}

// As browsers and urllib do: spaces and controls around the URL, tabs and line ends inside go.
std::string clean(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  std::string out(text);
  std::erase_if(out, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
  return out;
}

// `.` and `..` resolved (RFC 3986, 5.2.4); the path begins with a slash.
std::string remove_dots(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t size = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, size);
    path.remove_prefix(size);
    if (segment == "..") {
      const std::size_t slash = out.rfind('/');
      out.resize(slash == std::string::npos ? 0 : slash);
    }
    if (segment != "." && segment != "..") {
      (out += '/') += segment;
    } else if (path.empty()) {
      out += '/';
    }
  }
  return out.empty() ? "/" : out;
}

void set_authority(Url::Parts& parts, std::string_view text, const std::string& whole) {
  parts.has_host = true;
  if (text.find('\\') != std::string_view::npos) throw InvalidURL(whole, "a backslash in the host");
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    std::string_view password = text.substr(0, at);
    parts.has_user = true;
    parts.has_password = password.find(':') != std::string_view::npos;
    percent::requote(parts.user, ascii::take_until(password, ':'), percent::kUser);
    percent::requote(parts.password, password, percent::kPath);
    text.remove_prefix(at + 1);
  }
  std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) != std::string_view::npos) {
    colon = std::string_view::npos;  // inside of an IPv6 address
  }
  if (colon != std::string_view::npos) {
    const std::string_view port = text.substr(colon + 1);
    parts.port = static_cast<int>(ascii::number(port, 65535));
    if (parts.port < 0 && !port.empty()) throw InvalidURL(whole, "a bad port");
    text = text.substr(0, colon);
  }
  if (text.empty() && !needs_host(parts.scheme)) return;  // file:///x
  auto host = parse_host(text);
  if (!host) throw InvalidURL(whole, text.empty() ? "no host" : "a bad host");
  parts.host = std::move(host->text);
  parts.host_is_address = host->is_address;
}

void set_path(Url::Parts& parts, std::string_view text) {
  parts.path.clear();
  percent::requote(parts.path, text, percent::kPath);
}

}  // namespace

void Url::parse(std::string_view input) {
  const std::string whole = clean(input);
  std::string_view text = whole;
  if (text.size() > 0xffff'ffU) throw InvalidURL(whole.substr(0, 100), "too long");
  Parts parts;
  if (const std::size_t hash = text.find('#'); hash != std::string_view::npos) {
    parts.has_fragment = hash + 1 < text.size();
    percent::requote(parts.fragment, text.substr(hash + 1), percent::kQuery);
    text = text.substr(0, hash);
  }
  if (const std::size_t size = scheme_size(text); size != 0) {
    parts.scheme = ascii::lower(text.substr(0, size));
    text.remove_prefix(size + 1);
  }
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    parts.has_query = mark + 1 < text.size();
    percent::requote(parts.query, text.substr(mark + 1), percent::kQuery);
    text = text.substr(0, mark);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t size = std::min(text.find('/'), text.size());
    set_authority(parts, text.substr(0, size), whole);
    text.remove_prefix(size);
  } else if (needs_host(parts.scheme)) {
    throw InvalidURL(whole, "no host");
  }
  set_path(parts, text);
  build(parts);
}

void Url::build(const Parts& parts) {
  *this = Url();
  if (parts.has_host && parts.host.empty() && needs_host(parts.scheme)) {
    throw InvalidURL(parts.scheme + "://" + parts.path, "no host");
  }
  const auto append = [this](std::string_view text) {
    const Range range{static_cast<std::uint32_t>(text_.size()),
                      static_cast<std::uint32_t>(text.size())};
    text_ += text;
    return range;
  };
  if (!parts.scheme.empty()) {
    scheme_ = append(parts.scheme);
    text_ += ':';
  }
  if (parts.has_host) {
    text_ += "//";
    if (parts.has_user) {
      user_ = append(parts.user);
      if (parts.has_password) {
        text_ += ':';
        password_ = append(parts.password);
      }
      text_ += '@';
    }
    authority_ = host_ = append(parts.host);
    if (parts.port >= 0 && parts.port != default_port(parts.scheme)) {
      port_ = parts.port;
      text_ += ':' + std::to_string(port_);
      authority_.size = static_cast<std::uint32_t>(text_.size()) - authority_.begin;
    }
    path_ = append(remove_dots(parts.path));
  } else {
    if (parts.path.starts_with("//")) throw InvalidURL(parts.path, "a path of two slashes");
    // What stands before a colon would be taken for a scheme.
    const std::string_view segment = std::string_view(parts.path).substr(0, parts.path.find('/'));
    const bool ambiguous = parts.scheme.empty() && segment.find(':') != std::string_view::npos;
    path_ = append((ambiguous ? "./" : "") + parts.path);
  }
  if (parts.has_query) {
    text_ += '?';
    query_ = append(parts.query);
  }
  if (parts.has_fragment) {
    text_ += '#';
    fragment_ = append(parts.fragment);
  }
  has_host_ = parts.has_host;
  has_user_ = parts.has_user;
  has_password_ = parts.has_password;
  has_query_ = parts.has_query;
  has_fragment_ = parts.has_fragment;
  host_is_address_ = parts.host_is_address;
}

Url::Parts Url::parts() const {
  Parts parts;
  parts.scheme = scheme();
  parts.user = of(user_);
  parts.password = of(password_);
  parts.host = of(host_);
  parts.path = path();
  parts.query = query();
  parts.fragment = fragment();
  parts.port = port_;
  parts.has_host = has_host_;
  parts.has_user = has_user_;
  parts.has_password = has_password_;
  parts.has_query = has_query_;
  parts.has_fragment = has_fragment_;
  parts.host_is_address = host_is_address_;
  return parts;
}

Url Url::from(const Parts& parts) {
  Url url;
  url.build(parts);
  return url;
}

std::string Url::user() const { return percent::decode(of(user_)); }
std::string Url::password() const { return percent::decode(of(password_)); }
std::string Url::path_decoded() const { return percent::decode(path()); }

std::string_view Url::host() const noexcept {
  std::string_view host = of(host_);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return host;
}

int Url::port() const noexcept { return port_ >= 0 ? port_ : default_port(scheme()); }

std::string_view Url::target() const noexcept {
  const std::uint32_t end = has_query_ ? query_.begin + query_.size : path_.begin + path_.size;
  return std::string_view(text_).substr(path_.begin, end - path_.begin);
}

bool Url::secure() const noexcept { return scheme() == "https" || scheme() == "wss"; }

Url Url::origin() const {
  if (!absolute()) throw InvalidURL(text_, "a relative URL has no origin");
  Parts parts = this->parts();
  parts.has_user = parts.has_password = parts.has_query = parts.has_fragment = false;
  parts.path.clear();
  return from(parts);
}

bool Url::same_origin(const Url& other) const noexcept {
  return absolute() && scheme() == other.scheme() && host() == other.host() &&
         port() == other.port();
}

Url Url::join(const Url& reference) const {
  if (!reference.scheme().empty()) return reference;
  Parts target = reference.parts();
  const Parts base = parts();
  target.scheme = base.scheme;
  if (!target.has_host) {
    target.has_host = base.has_host;
    target.host = base.host;
    target.host_is_address = base.host_is_address;
    target.port = base.port;
    target.has_user = base.has_user;
    target.user = base.user;
    target.has_password = base.has_password;
    target.password = base.password;
    if (target.path.empty()) {
      target.path = base.path;
      if (!target.has_query) {
        target.has_query = base.has_query;
        target.query = base.query;
      }
    } else if (!target.path.starts_with('/')) {
      target.path.insert(0, base.path, 0, base.path.rfind('/') + 1);
    }
  }
  return from(target);
}

Url Url::operator/(std::string_view segment) const {
  Parts parts = this->parts();
  if (!parts.path.empty() && !parts.path.ends_with('/')) parts.path += '/';
  percent::encode(parts.path, segment, percent::kSegment);
  parts.has_query = parts.has_fragment = false;
  return from(parts);
}

Url Url::with_scheme(std::string_view scheme) const {
  return Url(std::string(scheme) + (scheme_.size == 0 ? ":" : "") + text_.substr(scheme_.size));
}

Url Url::with_user(std::string_view user, std::string_view password) const {
  Parts parts = this->parts();
  parts.has_user = true;
  parts.has_password = !password.empty();
  parts.user.clear();
  parts.password.clear();
  percent::encode(parts.user, user, percent::kUser);
  percent::encode(parts.password, password, percent::kUser);
  return from(parts);
}

Url Url::without_user() const {
  if (!has_user_) return *this;
  Parts parts = this->parts();
  parts.has_user = parts.has_password = false;
  return from(parts);
}

Url Url::with_host(std::string_view host) const {
  const bool is_ipv6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
  const auto parsed = parse_host(is_ipv6 ? '[' + std::string(host) + ']' : std::string(host));
  if (!parsed || !has_host_) throw InvalidURL(std::string(host), "a bad host");
  Parts parts = this->parts();
  parts.host = parsed->text;
  parts.host_is_address = parsed->is_address;
  return from(parts);
}

Url Url::with_port(int port) const {
  if (port < 0 || port > 65535 || !has_host_) throw InvalidURL(std::to_string(port), "a bad port");
  Parts parts = this->parts();
  parts.port = port == 0 ? -1 : port;
  return from(parts);
}

Url Url::with_path(std::string_view path) const {
  Parts parts = this->parts();
  parts.path = has_host_ && !path.starts_with('/') ? "/" : "";
  percent::encode(parts.path, path, percent::kPath);
  parts.has_query = parts.has_fragment = false;
  return from(parts);
}

Url Url::with_query(const Params& params) const {
  Parts parts = this->parts();
  parts.query = params.encode();
  parts.has_query = !parts.query.empty();
  return from(parts);
}

Url Url::add_query(const Params& params) const {
  if (params.empty()) return *this;
  Parts parts = this->parts();
  if (!parts.query.empty()) parts.query += '&';
  parts.query += params.encode();
  parts.has_query = true;
  return from(parts);
}

Url Url::with_fragment(std::string_view fragment) const {
  Parts parts = this->parts();
  parts.fragment.clear();
  percent::requote(parts.fragment, fragment, percent::kQuery);
  parts.has_fragment = !fragment.empty();
  return from(parts);
}

std::string percent_decode(std::string_view text) { return percent::decode(text); }

std::string percent_encode(std::string_view text) {
  std::string out;
  percent::encode(out, text, percent::kUnreserved);
  return out;
}

}  // namespace hob::http
