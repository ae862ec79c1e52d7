// SPDX-License-Identifier: MIT
// Topology: the hosts of a simulated network, their addresses and names, and the routes between
// them.
#pragma once

#include "sys/resolver.hpp"
#include "sys/socket.hpp"
#include "testing/network/agenda.hpp"
#include "testing/network/random.hpp"

#include <hob/testing/network.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hob::testing {

struct Host {
  std::string name;
  std::uint32_t index;
  std::vector<sys::Address> addresses;  // port 0
  bool up = true;
  std::uint16_t next_port = 40'000;  // of those that the system chooses
};

/// One way from one host to another.
class Route {
 public:
  explicit Route(const LinkOptions& o) noexcept : options(o) {}

  /// When a packet of `size` bytes that leaves now is there, unless it is lost.
  Time arrival(Time now, std::size_t size, Random& random) noexcept;
  /// The same for a packet that is sent again until it gets through; counts how often.
  Time sure_arrival(Time now, std::size_t size, Random& random, std::uint64_t& again) noexcept;

  LinkOptions options;
  bool cut = false;

 private:
  Time busy_until_ = 0;  // with a limited bandwidth
};

class Topology {
 public:
  explicit Topology(const NetworkOptions& options);

  Host& add_host(std::string name, std::vector<sys::Address> addresses);
  void add_name(const std::string& name, std::vector<sys::Address> addresses);
  Host* find(std::string_view name) noexcept;
  Host& host(std::uint32_t index) noexcept { return *hosts_[index]; }
  std::vector<std::string> names() const;
  std::size_t size() const noexcept { return hosts_.size(); }
  /// Whose address that is, as `from` sees it; null: nobody's.
  Host* owner(const sys::Address& address, Host& from) noexcept;
  /// The address from which `host` would speak to `to`; empty when it has none of that family.
  sys::Address source(const Host& host, const sys::Address& to) const noexcept;
  bool has(const Host& host, const sys::Address& address) const noexcept;

  Route& route(const Host& from, const Host& to);
  void set_all(const LinkOptions& options);
  void heal_all() noexcept;

  /// getaddrinfo(3) and getnameinfo(3).
  int look_up(const sys::AddressQuestion& question, std::vector<sys::FoundAddress>& found) const;
  int look_up_name(const sys::Address& address, sys::NameFlags flags, std::string& host,
                   std::string& service) const;

 private:
  std::vector<std::unique_ptr<Host>> hosts_;
  std::map<std::string, std::vector<sys::Address>, std::less<>> names_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Route> routes_;
  LinkOptions link_;
  LinkOptions loopback_;
};

}  // namespace hob::testing
