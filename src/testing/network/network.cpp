// SPDX-License-Identifier: MIT
// Network: the public face of a simulated network.
#include <hob/testing/network.hpp>

#include "testing/network/world.hpp"

#include <hob/core/context.hpp>
#include <hob/core/error.hpp>

#include <optional>
#include <string>

namespace hob::testing {
namespace {

std::string to_string(Text text) { return {text.data(), text.size()}; }

/// By its index: hosts are never taken out.
ContextVar<std::uint32_t> host_variable("hob::testing::Network host", 0);

std::vector<sys::Address> to_addresses(std::initializer_list<Text> texts) {
  std::vector<sys::Address> addresses;
  for (const Text text : texts) {
    sys::Address address;
    const std::string literal = to_string(text);
    if (literal.empty() ||
        !sys::Address::parse(literal.c_str(), 0, sys::kFamilyUnspecified, address))
      throw ValueError("not an address: " + literal);
    addresses.push_back(address);
  }
  return addresses;
}

std::vector<sys::Address> next_addresses(std::size_t number) {
  const std::string low = std::to_string(number % 256);
  std::vector<sys::Address> addresses(2);
  const std::string v4 = "10.0." + std::to_string(number / 256) + '.' + low;
  char v6[32];
  std::snprintf(v6, sizeof v6, "fd00::%zx", number);
  sys::Address::parse(v4.c_str(), 0, sys::kFamilyInet, addresses[0]);
  sys::Address::parse(v6, 0, sys::kFamilyInet6, addresses[1]);
  return addresses;
}

}  // namespace

std::uint32_t NetworkWorld::current_host() const {
  const std::uint32_t index = host_variable.get();
  return index < topology_.size() ? index : 0;  // left over from another network
}

class Network::Implementation final : public NetworkWorld {
 public:
  using NetworkWorld::NetworkWorld;
  Host& host_named(Text name) {
    Host* found = topology().find({name.data(), name.size()});
    if (!found) throw LookupError("no such host: " + to_string(name));
    return *found;
  }
  void set_cut(Host& from, Host& to, bool cut) {
    Route& route = topology().route(from, to);
    if (route.cut == cut) return;
    route.cut = cut;
    note(cut ? Happened::cut : Happened::healed, from, to);
  }
};

struct Network::Scope::Token {
  ContextVar<std::uint32_t>::Token token;
};

Network::Scope::~Scope() {
  if (!token_) return;
  try {
    host_variable.reset(token_->token);
  } catch (const std::exception&) {  // its task was destroyed from outside, and its context with it
  }
  delete token_;
}

Network::Network(std::uint64_t seed, const NetworkOptions& options) {
  if (sys::installed_world()) throw RuntimeError("there is a Network in this thread already");
  implementation_ = new Implementation(seed, options);
}
Network::~Network() { delete implementation_; }

void Network::add_host(Text name, std::initializer_list<Text> addresses) {
  Topology& topology = implementation_->topology();
  auto chosen = addresses.size() != 0 ? to_addresses(addresses) : next_addresses(topology.size());
  topology.add_host(to_string(name), std::move(chosen));
}

void Network::add_name(Text name, std::initializer_list<Text> addresses) {
  implementation_->topology().add_name(to_string(name), to_addresses(addresses));
}

std::string Network::address(Text host) const {
  return implementation_->host_named(host).addresses.front().host();
}

Network::Scope Network::on(Text host) {
  const std::uint32_t index = implementation_->host_named(host).index;
  return Scope(new Scope::Token{host_variable.set(index)});
}

void Network::set_link(Text a, Text b, const LinkOptions& options) {
  set_route(a, b, options);
  set_route(b, a, options);
}

void Network::set_route(Text from, Text to, const LinkOptions& options) {
  Host& source = implementation_->host_named(from);
  implementation_->topology().route(source, implementation_->host_named(to)).options = options;
}

void Network::set_links(const LinkOptions& options) {
  implementation_->topology().set_all(options);
}

void Network::partition(Text a, Text b) {
  cut(a, b);
  cut(b, a);
}

void Network::cut(Text from, Text to) {
  implementation_->set_cut(implementation_->host_named(from), implementation_->host_named(to),
                           true);
}

void Network::heal(Text a, Text b) {
  Host& first = implementation_->host_named(a);
  Host& second = implementation_->host_named(b);
  implementation_->set_cut(first, second, false);
  implementation_->set_cut(second, first, false);
}

void Network::heal() { implementation_->topology().heal_all(); }

std::size_t Network::reset(Text a, Text b) {
  return implementation_->reset(implementation_->host_named(a), implementation_->host_named(b));
}

void Network::crash(Text host) { implementation_->crash(implementation_->host_named(host)); }

void Network::restart(Text host) {
  Host& restarted = implementation_->host_named(host);
  restarted.up = true;
  implementation_->note(Happened::restarted, restarted, restarted);
}

const NetworkStatistics& Network::statistics() const noexcept {
  return implementation_->journal().statistics;
}
std::string Network::log() const {
  return implementation_->journal().text(implementation_->topology().names());
}
std::uint64_t Network::fingerprint() const noexcept {
  return implementation_->journal().fingerprint();
}
std::size_t Network::sockets() const noexcept { return implementation_->open_sockets(); }
std::size_t Network::buffered() const noexcept { return implementation_->buffered(); }

LinkOptions random_link(std::uint64_t seed) noexcept {
  Random random(seed);
  const auto some = [&random] { return random.below(2) == 0; };
  const auto up_to = [&random](std::uint64_t ns) {
    return Duration::nanoseconds(static_cast<std::int64_t>(random.below(ns)));
  };
  LinkOptions link(up_to(100'000'000));
  if (some()) link.jitter = up_to(100'000'000);
  if (some()) link.spikes = random.fraction() / 20;
  if (some()) link.bandwidth = 1000 + random.below(1'000'000);
  if (some()) link.loss = random.fraction() / 10;
  if (some()) link.duplicates = random.fraction() / 4;
  if (some()) link.resets = random.fraction() / 200;
  if (some()) link.segment = 1 + random.below(1460);
  link.ragged = some();
  if (some()) link.short_reads = random.fraction();
  if (some()) link.short_writes = random.fraction();
  return link;
}

}  // namespace hob::testing
