// SPDX-License-Identifier: MIT
#include "http/dns_cache.hpp"

#include <hob/loop/event_loop.hpp>
#include <hob/net/resolver.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/shield.hpp>

#include <algorithm>

namespace hob::http::detail {
namespace {

std::string key_of(const std::string& host, std::uint16_t port) {
  return host + ':' + std::to_string(port);
}

}  // namespace

Coro<std::vector<SocketAddress>> DnsCache::ask(hob::detail::Ref<Resolver> resolver,
                                               AddressFamily family, std::string host,
                                               std::uint16_t port) {
  Addresses addresses;
  if (resolver) {
    addresses = co_await resolver->resolve(host, port);
  } else {
    AddressQuery query;
    query.family = family;
    const std::string service = std::to_string(port);
    const auto found = co_await getaddrinfo(host, service, query);
    for (const AddressInfo& info : found) addresses.push_back(info.address);
  }
  if (addresses.empty()) throw GaiError(-2, "the resolver knows no address of " + host);
  co_return addresses;
}

DnsCache::Found DnsCache::look(const std::string& host, std::uint16_t port) const noexcept {
  const auto entry = entries_.find(key_of(host, port));
  const bool known = entry != entries_.end() && !entry->second.asking &&
                     entry->second.expires > get_running_loop().time();
  return known ? Found::hit : Found::miss;
}

Coro<std::vector<SocketAddress>> DnsCache::resolve(std::string host, std::uint16_t port) {
  const std::string key = key_of(host, port);
  if (look(host, port) == Found::hit) {
    Entry& entry = entries_.find(key)->second;
    Addresses addresses = entry.addresses;
    const std::size_t first = entry.next++ % addresses.size();
    std::rotate(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(first),
                addresses.end());
    co_return addresses;
  }
  Entry& entry = entries_[key];
  // One that is done was left by somebody who did not wait for it: who knows when that was.
  if (!entry.asking || entry.asking->done()) {
    entry.asking = create_task(ask(resolver_, family_, host, port));
    entry.asking->set_name("resolve " + host);
  }
  const Task<Addresses> task = *entry.asking;
  auto outcome = co_await as_result(shield(task));
  if (outcome.cancelled()) outcome.value();
  const auto asked = entries_.find(key);
  if (asked != entries_.end() && asked->second.asking && asked->second.asking->done()) {
    if (outcome && ttl_ > Duration()) {  // the first one that wakes up keeps it for all
      asked->second.asking.reset();
      asked->second.addresses = *outcome;
      asked->second.next = 1;
      asked->second.expires =
          ttl_.is_forever() ? Duration::forever() : get_running_loop().time() + ttl_;
    } else {
      entries_.erase(asked);
    }
  }
  co_return std::move(outcome).value();
}

void DnsCache::forget(const std::string& host, std::uint16_t port) noexcept {
  const auto entry = entries_.find(key_of(host, port));
  if (entry != entries_.end() && !entry->second.asking) entries_.erase(entry);
}

}  // namespace hob::http::detail
