// SPDX-License-Identifier: MIT
#include <hob/http/cookies.hpp>

#include "http/ascii.hpp"
#include "http/host.hpp"
#include "http/scan.hpp"

#include <hob/core/raise.hpp>

#include <libpsl.h>

#include <algorithm>
#include <chrono>

namespace hob::http {
namespace {

constexpr std::size_t kSizeMax = 4096;       // of name and value
constexpr std::size_t kAttributeMax = 1024;  // longer ones are ignored
constexpr std::size_t kDomainMax = 180;
constexpr std::size_t kCookiesMax = 3000;
constexpr std::string_view kHttpOnly = "#HttpOnly_";

std::int64_t system_clock() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

// RFC 6265, 5.1.3.
bool domain_matches(std::string_view host, std::string_view domain) {
  return host == domain || (host.ends_with(domain) &&
                            host[host.size() - domain.size() - 1] == '.' && !parse_address(host));
}

// RFC 6265, 5.1.4.
bool path_matches(std::string_view path, std::string_view of) {
  return path == of || (path.starts_with(of) && (of.ends_with('/') || path[of.size()] == '/'));
}

std::string_view default_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos || slash == 0 ? "/" : path.substr(0, slash);
}

bool is_public_suffix(const std::string& domain) {
  const psl_ctx_t* const list = psl_builtin();
  // The rule `*` for names that are in no list would make `localhost` one.
  return list != nullptr &&
         psl_is_public_suffix2(list, domain.c_str(), PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) != 0;
}

// Seconds from now; nothing when the text is no number.
std::optional<std::int64_t> parse_max_age(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || !std::all_of(text.begin(), text.end(), ascii::is_digit)) return std::nullopt;
  constexpr std::int64_t kMax = 400LL * 24 * 60 * 60;  // as browsers: 400 days
  const std::int64_t value = ascii::number(text, kMax);
  return negative || value == 0 ? 0 : value < 0 ? kMax : value;
}

bool has_control(std::string_view text) { return detail::has_control(text); }

// Domain and its rules; false when the cookie is to be ignored.
bool set_domain(Cookie& cookie, std::string_view domain, const Url& from) {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  cookie.domain = from.host();
  if (domain.empty()) return true;
  const auto host = parse_host(domain);
  if (!host) return false;
  if (is_public_suffix(host->text)) return host->text == from.host();  // its own page alone
  if (!domain_matches(from.host(), host->text)) return false;
  cookie.domain = host->text;
  cookie.host_only = host->is_address;
  return true;
}

bool prefix_allows(const Cookie& cookie) {
  if (ascii::starts_with(cookie.name, "__secure-")) return cookie.secure;
  if (ascii::starts_with(cookie.name, "__host-")) {
    return cookie.secure && cookie.host_only && cookie.path == "/";
  }
  return true;
}

bool longer_path(const Cookie& a, const Cookie& b) { return a.path.size() > b.path.size(); }

bool same_place(const Cookie& a, const Cookie& b) {
  return a.name == b.name && a.domain == b.domain && a.path == b.path && a.host_only == b.host_only;
}

}  // namespace

std::optional<Cookie> Cookie::parse(std::string_view text, const Url& from, std::int64_t now) {
  if (!from.absolute() || has_control(text)) return std::nullopt;
  std::string_view value = ascii::take_until(text, ';');
  if (value.find('=') == std::string_view::npos) return std::nullopt;
  Cookie cookie;
  cookie.name = ascii::trim(ascii::take_until(value, '='));
  cookie.value = ascii::trim(value);
  if (cookie.name.empty() || cookie.name.size() + cookie.value.size() > kSizeMax)
    return std::nullopt;
  // Allowed by the RFC and of no use to anybody; a saved jar has tabs between its fields.
  if ((cookie.name + cookie.value).find('\t') != std::string::npos) return std::nullopt;
  std::string_view domain, path;
  std::optional<std::int64_t> max_age;
  while (!text.empty()) {
    std::string_view attribute = ascii::take_until(text, ';');
    const std::string_view name = ascii::trim(ascii::take_until(attribute, '='));
    attribute = ascii::trim(attribute);
    if (attribute.size() > kAttributeMax) continue;
    if (ascii::equal(name, "expires")) {
      if (const auto date = parse_cookie_date(attribute)) cookie.expires = *date;
    } else if (ascii::equal(name, "max-age")) {
      if (const auto age = parse_max_age(attribute)) max_age = age;
    } else if (ascii::equal(name, "domain")) {
      if (!attribute.empty()) domain = attribute;
    } else if (ascii::equal(name, "path")) {
      path = attribute;
    } else if (ascii::equal(name, "secure")) {
      cookie.secure = true;
    } else if (ascii::equal(name, "httponly")) {
      cookie.http_only = true;
    } else if (ascii::equal(name, "samesite")) {
      cookie.same_site = ascii::lower(attribute);
    }
  }
  if (max_age) cookie.expires = *max_age == 0 ? INT64_MIN : now + *max_age;
  cookie.path = path.starts_with('/') ? path : default_path(from.path());
  if (cookie.path.find('\t') != std::string::npos) return std::nullopt;
  if (!set_domain(cookie, domain, from)) return std::nullopt;
  if (cookie.secure && !from.secure()) return std::nullopt;
  if (!prefix_allows(cookie)) return std::nullopt;
  return cookie;
}

CookieJar::CookieJar(Clock clock) : clock_(clock ? clock : &system_clock) {}

bool CookieJar::store(std::string_view set_cookie, const Url& from) {
  auto cookie = Cookie::parse(set_cookie, from, clock_());
  if (!cookie) return false;
  if (!from.secure()) {  // who can change what goes over the wire may not replace a secure cookie
    for (const Cookie& other : cookies_) {
      if (other.secure && other.name == cookie->name && path_matches(cookie->path, other.path) &&
          (domain_matches(other.domain, cookie->domain) ||
           domain_matches(cookie->domain, other.domain))) {
        return false;
      }
    }
  }
  put(std::move(*cookie));
  return true;
}

void CookieJar::set(std::string_view name, std::string_view value, const Url& url) {
  Cookie cookie;
  cookie.name = name;
  cookie.value = value;
  cookie.domain = url.host();
  set(std::move(cookie));
}

void CookieJar::set(Cookie cookie) {
  if (cookie.name.empty() || has_control(cookie.name) || has_control(cookie.value) ||
      cookie.name.find_first_of("=; ") != std::string::npos ||
      cookie.value.find(';') != std::string::npos) {
    hob::detail::raise_value_error("a cookie's name or value has a character that it cannot have");
  }
  put(std::move(cookie));
}

void CookieJar::put(Cookie cookie) {
  const bool expired = cookie.expires <= clock_();
  const auto old = std::find_if(cookies_.begin(), cookies_.end(),
                                [&](const Cookie& other) { return same_place(cookie, other); });
  if (old != cookies_.end()) {
    if (expired) {
      cookies_.erase(old);
    } else {
      *old = std::move(cookie);
    }
    return;
  }
  if (expired) return;
  const auto of_domain = [&](const Cookie& other) { return other.domain == cookie.domain; };
  if (std::count_if(cookies_.begin(), cookies_.end(), of_domain) >=
          static_cast<std::ptrdiff_t>(kDomainMax) ||
      cookies_.size() >= kCookiesMax) {
    clear_expired();
  }
  if (std::count_if(cookies_.begin(), cookies_.end(), of_domain) >=
      static_cast<std::ptrdiff_t>(kDomainMax)) {
    cookies_.erase(std::find_if(cookies_.begin(), cookies_.end(), of_domain));
  } else if (cookies_.size() >= kCookiesMax) {
    cookies_.erase(cookies_.begin());
  }
  cookies_.push_back(std::move(cookie));
}

std::vector<Cookie> CookieJar::matching(const Url& url) const {
  std::vector<Cookie> found;
  if (cookies_.empty()) return found;
  const std::int64_t now = clock_();
  for (const Cookie& cookie : cookies_) {
    const bool here =
        cookie.host_only ? url.host() == cookie.domain : domain_matches(url.host(), cookie.domain);
    if (here && cookie.expires > now && (!cookie.secure || url.secure()) &&
        path_matches(url.path(), cookie.path)) {
      found.insert(std::upper_bound(found.begin(), found.end(), cookie, longer_path), cookie);
    }
  }
  return found;
}

std::string CookieJar::header(const Url& url) const {
  std::string out;
  for (const Cookie& cookie : matching(url)) {
    if (!out.empty()) out += "; ";
    (out += cookie.name) += '=';
    out += cookie.value;
  }
  return out;
}

void CookieJar::clear_domain(std::string_view domain) {
  std::erase_if(cookies_, [&](const Cookie& c) { return domain_matches(c.domain, domain); });
}

void CookieJar::clear_expired() {
  const std::int64_t now = clock_();
  std::erase_if(cookies_, [&](const Cookie& cookie) { return cookie.expires <= now; });
}

std::string CookieJar::save() const {
  std::string out = "# Netscape HTTP Cookie File\n\n";
  const std::int64_t now = clock_();
  for (const Cookie& cookie : cookies_) {
    if (cookie.expires <= now) continue;
    if (cookie.http_only) out += kHttpOnly;
    out += (cookie.host_only ? "" : ".") + cookie.domain + '\t';
    out += (cookie.host_only ? "FALSE\t" : "TRUE\t") + cookie.path + '\t';
    out += cookie.secure ? "TRUE\t" : "FALSE\t";
    out += std::to_string(cookie.expires == Cookie::kSession ? 0 : cookie.expires) + '\t';
    out += cookie.name + '\t' + cookie.value + '\n';
  }
  return out;
}

void CookieJar::load(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = ascii::take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    Cookie cookie;
    cookie.http_only = line.starts_with(kHttpOnly);
    if (cookie.http_only) line.remove_prefix(kHttpOnly.size());
    if (line.empty() || line.starts_with('#')) continue;
    if (std::count(line.begin(), line.end(), '\t') != 6) {
      hob::detail::raise_value_error("a line of the cookie file has not seven fields");
    }
    std::string_view domain = ascii::take_until(line, '\t');
    if (domain.starts_with('.')) domain.remove_prefix(1);
    cookie.domain = ascii::lower(domain);
    cookie.host_only = ascii::take_until(line, '\t') != "TRUE";
    cookie.path = ascii::take_until(line, '\t');
    cookie.secure = ascii::take_until(line, '\t') == "TRUE";
    const std::string_view expires = ascii::take_until(line, '\t');
    const long long seconds = ascii::number(expires, INT64_MAX / 16);
    if (seconds < 0 && !expires.empty()) {
      hob::detail::raise_value_error("a line of the cookie file has a bad time");
    }
    cookie.expires = seconds <= 0 ? Cookie::kSession : seconds;
    cookie.name = ascii::take_until(line, '\t');
    cookie.value = line;
    put(std::move(cookie));
  }
}

}  // namespace hob::http
