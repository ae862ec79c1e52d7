// SPDX-License-Identifier: MIT
// DnsCache: what names stood for a moment ago. Behaviour of aiohttp's TCPConnector.
#pragma once

#include <hob/http/resolver.hpp>
#include <hob/net/open_connection.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/task.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace hob::http::detail {

/// Must be used as long as its loop runs, from its thread.
class DnsCache {
 public:
  /// How the answer was found; for traces.
  enum class Found : unsigned char { hit, miss };

  /// Without `resolver`: the system's, for addresses of `family`. `ttl` of none: nothing is
  /// remembered, but who asks while an answer is on its way still shares it.
  DnsCache(hob::detail::Ref<Resolver> resolver, Duration ttl, AddressFamily family) noexcept
      : resolver_(std::move(resolver)), ttl_(ttl), family_(family) {}
  DnsCache(const DnsCache&) = delete;
  DnsCache& operator=(const DnsCache&) = delete;

  /// Whether `resolve` would know the answer.
  Found look(const std::string& host, std::uint16_t port) const noexcept;
  /// The addresses, each time beginning with another one, so that the load is spread. A failure is
  /// not remembered. A cancellation lets the others go on waiting.
  Coro<std::vector<SocketAddress>> resolve(std::string host, std::uint16_t port);
  /// After no address has answered: the host may have moved.
  void forget(const std::string& host, std::uint16_t port) noexcept;
  void clear() noexcept { entries_.clear(); }

 private:
  using Addresses = std::vector<SocketAddress>;
  struct Entry {
    Addresses addresses;
    Duration expires;
    std::size_t next = 0;  // which one is first
    std::optional<Task<Addresses>> asking;
  };

  static Coro<Addresses> ask(hob::detail::Ref<Resolver> resolver, AddressFamily family,
                             std::string host, std::uint16_t port);

  std::unordered_map<std::string, Entry> entries_;
  hob::detail::Ref<Resolver> resolver_;
  Duration ttl_;
  AddressFamily family_;
};

}  // namespace hob::http::detail
