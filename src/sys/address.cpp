// SPDX-License-Identifier: MIT
#include "sys/sockaddr.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <cstring>

namespace hob::sys {

int Address::family() const noexcept {
  return size >= sizeof(sa_family_t) ? pointer(*this)->sa_family : AF_UNSPEC;
}

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1] = "";
  switch (family()) {
    case AF_INET: {
      const auto in = load<sockaddr_in>(*this);
      return ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text) ? text : "";
    }
    case AF_INET6: {
      const auto in = load<sockaddr_in6>(*this);
      return ::inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text) ? text : "";
    }
    case AF_UNIX: {
      constexpr unsigned kPath = offsetof(sockaddr_un, sun_path);
      if (size <= kPath) return {};
      const char* path = reinterpret_cast<const char*>(bytes) + kPath;
      if (path[0] != '\0') return {path, ::strnlen(path, size - kPath)};
      return {path, size - kPath};
    }
    default:
      return {};
  }
}

std::uint16_t Address::port() const noexcept {
  if (family() == AF_INET) return ntohs(load<sockaddr_in>(*this).sin_port);
  if (family() == AF_INET6) return ntohs(load<sockaddr_in6>(*this).sin6_port);
  return 0;
}

std::uint32_t Address::flow_info() const noexcept {
  return family() == AF_INET6 ? ntohl(load<sockaddr_in6>(*this).sin6_flowinfo) : 0;
}
std::uint32_t Address::scope_id() const noexcept {
  return family() == AF_INET6 ? load<sockaddr_in6>(*this).sin6_scope_id : 0;
}

void Address::set_port(std::uint16_t port) noexcept {
  if (family() == AF_INET) {
    auto in = load<sockaddr_in>(*this);
    in.sin_port = htons(port);
    store(*this, in);
  } else if (family() == AF_INET6) {
    auto in = load<sockaddr_in6>(*this);
    in.sin6_port = htons(port);
    store(*this, in);
  }
}

bool Address::is_wildcard() const noexcept {
  if (family() == AF_INET) return load<sockaddr_in>(*this).sin_addr.s_addr == INADDR_ANY;
  const auto in = load<sockaddr_in6>(*this);
  return family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in.sin6_addr);
}
bool Address::is_loopback() const noexcept {
  if (family() == AF_INET) return ntohl(load<sockaddr_in>(*this).sin_addr.s_addr) >> 24 == 127;
  const auto in = load<sockaddr_in6>(*this);
  return family() == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in.sin6_addr);
}
bool Address::is_multicast() const noexcept {
  if (family() == AF_INET) return IN_MULTICAST(ntohl(load<sockaddr_in>(*this).sin_addr.s_addr));
  const auto in = load<sockaddr_in6>(*this);
  return family() == AF_INET6 && IN6_IS_ADDR_MULTICAST(&in.sin6_addr);
}
bool Address::is_broadcast() const noexcept {
  return family() == AF_INET && load<sockaddr_in>(*this).sin_addr.s_addr == INADDR_BROADCAST;
}

bool Address::parse(const char* host, std::uint16_t port, int family, Address& out) noexcept {
  const bool any = host[0] == '\0';
  if (family == AF_INET || family == AF_UNSPEC) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    if (any || ::inet_pton(AF_INET, host, &in.sin_addr) == 1) {
      store(out, in);
      return true;
    }
  }
  if (family != AF_INET6 && family != AF_UNSPEC) return false;
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  char plain[INET6_ADDRSTRLEN];
  const char* percent = std::strchr(host, '%');
  const std::size_t size = percent ? static_cast<std::size_t>(percent - host) : std::strlen(host);
  if (size >= sizeof plain) return false;
  std::memcpy(plain, host, size);
  plain[size] = '\0';
  if (!any && ::inet_pton(AF_INET6, plain, &in.sin6_addr) != 1) return false;
  if (percent) {
    in.sin6_scope_id = ::if_nametoindex(percent + 1);
    if (in.sin6_scope_id == 0) return false;
  }
  store(out, in);
  return true;
}

bool Address::unix_path(const char* path, std::size_t path_size, Address& out) noexcept {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  const bool abstract = path_size > 0 && path[0] == '\0';
  if (path_size == 0 || path_size + (abstract ? 0 : 1) > sizeof un.sun_path) return false;
  std::memcpy(un.sun_path, path, path_size);
  std::memcpy(out.bytes, &un, sizeof un);
  out.size =
      static_cast<unsigned>(offsetof(sockaddr_un, sun_path) + path_size + (abstract ? 0 : 1));
  return true;
}

Address Address::unix_unnamed() noexcept {
  Address out;
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memcpy(out.bytes, &un, sizeof un.sun_family);
  out.size = sizeof un.sun_family;
  return out;
}

}  // namespace hob::sys
