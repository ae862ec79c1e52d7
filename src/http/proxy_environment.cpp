// SPDX-License-Identifier: MIT
#include <hob/http/proxy_environment.hpp>

#include "http/ascii.hpp"
#include "http/host.hpp"

#include <cstdlib>

namespace hob::http {
namespace {

// Whether `address` is in the network `10.0.0.0/8` or `fd00::/8`.
bool in_network(const Address& address, std::string_view network) {
  std::string_view bits = network;
  const auto base = parse_address(ascii::take_until(bits, '/'));
  long long length = ascii::number(bits, 128);
  if (!base || length < 0) return false;
  if (network.find(':') == std::string_view::npos) length += 96;  // ::ffff:a.b.c.d
  if (length > 128) return false;
  for (std::size_t i = 0; i < 16; ++i, length -= 8) {
    if (length <= 0) return true;
    const auto mask = static_cast<std::uint8_t>(length >= 8 ? 0xff : 0xff << (8 - length));
    if (((address[i] ^ (*base)[i]) & mask) != 0) return false;
  }
  return true;
}

// The host is `name` or a subdomain of it.
bool is_below(std::string_view host, std::string_view name) {
  if (host.size() < name.size() || !ascii::equal(host.substr(host.size() - name.size()), name)) {
    return false;
  }
  return host.size() == name.size() || host[host.size() - name.size() - 1] == '.';
}

}  // namespace

ProxyEnvironment ProxyEnvironment::read(Getenv get) {
  if (!get) get = [](const char* name) -> const char* { return std::getenv(name); };
  const bool is_cgi = get("REQUEST_METHOD") != nullptr;
  const auto variable = [&](const char* lower, const char* upper) -> std::string {
    if (const char* value = get(lower)) return value;  // also an empty one: it switches off
    const char* value = upper ? get(upper) : nullptr;
    return value ? value : "";
  };
  ProxyEnvironment environment;
  environment.http_ = variable("http_proxy", is_cgi ? nullptr : "HTTP_PROXY");
  environment.https_ = variable("https_proxy", "HTTPS_PROXY");
  environment.all_ = variable("all_proxy", "ALL_PROXY");
  const std::string no_proxy = variable("no_proxy", "NO_PROXY");
  std::string_view rest = no_proxy;
  while (!rest.empty()) {
    const std::string_view name = ascii::trim(ascii::take_until(rest, ','));
    if (!name.empty()) environment.no_proxy_.push_back(ascii::lower(name));
  }
  return environment;
}

std::optional<Url> ProxyEnvironment::find(const Url& url) const {
  const std::string& own = url.secure() ? https_ : http_;
  const std::string& proxy = own.empty() ? all_ : own;
  if (proxy.empty() || bypasses(url)) return std::nullopt;
  return Url(proxy.find("://") == std::string::npos ? "http://" + proxy : proxy);
}

bool ProxyEnvironment::bypasses(const Url& url) const {
  const std::string host(url.host());
  const std::string with_port = host + ':' + std::to_string(url.port());
  const auto address = parse_address(host);
  for (const std::string& entry : no_proxy_) {
    std::string_view name = entry;
    if (name == "*" && no_proxy_.size() == 1) return true;
    if (address && name.find('/') != std::string_view::npos && in_network(*address, name)) {
      return true;
    }
    if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
    while (name.starts_with('.')) name.remove_prefix(1);
    if (name.empty()) continue;
    if (is_below(host, name) || is_below(with_port, name)) return true;
  }
  return false;
}

}  // namespace hob::http
