// SPDX-License-Identifier: MIT
#include "testing/network/topology.hpp"

#include <hob/core/error.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace hob::testing {
namespace {

constexpr Time kFirstRetryNs = 200'000'000;  // Linux' smallest RTO
constexpr int kRetriesMax = 15;

bool same_host(const sys::Address& a, const sys::Address& b) noexcept {
  sys::Address first = a;
  first.set_port(b.port());
  return first.size == b.size && std::memcmp(first.bytes, b.bytes, b.size) == 0;
}

sys::Address literal(const char* text, int family) noexcept {
  sys::Address address;
  sys::Address::parse(text, 0, family, address);
  return address;
}

/// A number, or one of the few names that programs use; -1 for what is neither.
int port_of(const std::string& service) noexcept {
  if (service.empty()) return 0;
  int port = 0;
  const char* end = service.data() + service.size();
  const auto [rest, error] = std::from_chars(service.data(), end, port);
  if (error == std::errc() && rest == end) return port <= 65'535 ? port : -1;
  return service == "http" ? 80 : service == "https" ? 443 : service == "domain" ? 53 : -1;
}

}  // namespace

Time Route::arrival(Time now, std::size_t size, Random& random) noexcept {
  Time leaves = now;
  if (options.bandwidth != 0) {
    busy_until_ =
        std::max(now, busy_until_) +
        static_cast<Time>(static_cast<double>(size) * 1e9 / static_cast<double>(options.bandwidth));
    leaves = busy_until_;
  }
  Time takes = options.latency.count_ns();
  if (const auto jitter = static_cast<std::uint64_t>(options.jitter.count_ns()); jitter != 0)
    takes += static_cast<Time>(random.below(jitter + 1));
  if (random.chance(options.spikes)) takes += options.spike.count_ns();
  return leaves + takes;
}

Time Route::sure_arrival(Time now, std::size_t size, Random& random,
                         std::uint64_t& again) noexcept {
  Time waits = 0;
  for (int i = 0; i < kRetriesMax && random.chance(options.loss); ++i) {
    waits += kFirstRetryNs << i;
    ++again;
  }
  return arrival(now, size, random) + waits;
}

Topology::Topology(const NetworkOptions& options)
    : link_(options.link), loopback_(options.loopback) {
  add_host("localhost",
           {literal("10.255.255.254", sys::kFamilyInet), literal("fd00::ffff", sys::kFamilyInet6)});
  names_["localhost"] = {literal("::1", sys::kFamilyInet6), literal("127.0.0.1", sys::kFamilyInet)};
}

Host& Topology::add_host(std::string name, std::vector<sys::Address> addresses) {
  const auto index = static_cast<std::uint32_t>(hosts_.size());
  if (name.empty() || names_.contains(name)) throw ValueError("a host has this name: " + name);
  for (const sys::Address& address : addresses) {
    for (const auto& host : hosts_) {
      if (has(*host, address)) throw ValueError("a host has this address: " + address.host());
    }
  }
  hosts_.push_back(std::make_unique<Host>());
  Host& host = *hosts_.back();
  host.name = name;
  host.index = index;
  host.addresses = addresses;
  names_[std::move(name)] = std::move(addresses);
  return host;
}

void Topology::add_name(const std::string& name, std::vector<sys::Address> addresses) {
  names_[name] = std::move(addresses);
}

Host* Topology::find(std::string_view name) noexcept {
  for (const auto& host : hosts_) {
    if (host->name == name) return host.get();
  }
  return nullptr;
}

std::vector<std::string> Topology::names() const {
  std::vector<std::string> all;
  for (const auto& host : hosts_) all.push_back(host->name);
  return all;
}

bool Topology::has(const Host& host, const sys::Address& address) const noexcept {
  return std::any_of(host.addresses.begin(), host.addresses.end(),
                     [&](const sys::Address& own) { return same_host(address, own); });
}

// The wildcard as a destination is the host itself: ip(7).
Host* Topology::owner(const sys::Address& address, Host& from) noexcept {
  if (address.is_loopback() || address.is_wildcard()) return &from;
  for (const auto& host : hosts_) {
    if (has(*host, address)) return host.get();
  }
  return nullptr;
}

sys::Address Topology::source(const Host& host, const sys::Address& to) const noexcept {
  if (to.is_wildcard() || to.is_loopback())
    return literal(to.family() == sys::kFamilyInet ? "127.0.0.1" : "::1", to.family());
  if (has(host, to)) {
    sys::Address own = to;
    own.set_port(0);
    return own;
  }
  for (const sys::Address& own : host.addresses) {
    if (own.family() == to.family()) return own;
  }
  return {};
}

Route& Topology::route(const Host& from, const Host& to) {
  const auto key = std::pair(from.index, to.index);
  const auto found = routes_.find(key);
  if (found != routes_.end()) return found->second;
  return routes_.emplace(key, Route(&from == &to ? loopback_ : link_)).first->second;
}

void Topology::set_all(const LinkOptions& options) {
  link_ = loopback_ = options;
  for (auto& each : routes_) each.second.options = options;
}

void Topology::heal_all() noexcept {
  for (auto& each : routes_) each.second.cut = false;
}

int Topology::look_up(const sys::AddressQuestion& question,
                      std::vector<sys::FoundAddress>& found) const {
  const int port = port_of(question.service);
  if (port < 0) return sys::kNameService;
  std::vector<sys::Address> addresses;
  sys::Address address;
  const bool known = names_.contains(question.host);
  if (question.host.empty()) {
    for (const int family : {sys::kFamilyInet, sys::kFamilyInet6}) {
      const bool first = family == sys::kFamilyInet;
      addresses.push_back(literal(question.passive ? "" : first ? "127.0.0.1" : "::1", family));
    }
  } else if (sys::Address::parse(question.host.c_str(), 0, sys::kFamilyUnspecified, address)) {
    addresses.push_back(address);
  } else if (!known || question.numeric_host) {
    return sys::kNameNone;
  } else {
    addresses = names_.find(question.host)->second;
    if (addresses.empty()) return sys::kNameAgain;
  }
  for (sys::Address each : addresses) {
    if (question.family != sys::kFamilyUnspecified && each.family() != question.family) continue;
    each.set_port(static_cast<std::uint16_t>(port));
    for (const int type : {sys::kTypeStream, sys::kTypeDatagram}) {
      if (question.type != 0 && question.type != type) continue;
      sys::FoundAddress one;
      one.address = each;
      one.type = type;
      if (question.canonname && found.empty()) one.canonname = question.host;
      found.push_back(std::move(one));
    }
  }
  return found.empty() ? sys::kNameNone : 0;
}

int Topology::look_up_name(const sys::Address& address, sys::NameFlags flags, std::string& host,
                           std::string& service) const {
  host = address.host();
  service = std::to_string(address.port());
  if (flags.numeric_host) return 0;
  if (address.is_loopback()) {
    host = "localhost";
    return 0;
  }
  for (const auto& [name, addresses] : names_) {
    for (const sys::Address& each : addresses) {
      if (!same_host(address, each)) continue;
      host = name;
      return 0;
    }
  }
  return flags.name_required ? sys::kNameNone : 0;
}

}  // namespace hob::testing
