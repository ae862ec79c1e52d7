// SPDX-License-Identifier: MIT
#include "net/resolve.hpp"

#include <memory>
#include <utility>

namespace hob::detail {

Coro<std::vector<sys::Address>> resolve(std::string host, std::uint16_t port, int family,
                                        bool passive) {
  std::vector<sys::Address> addresses;
  sys::Address address;
  if (host.empty() && passive) {  // every interface, IPv4 first
    for (const int each : {sys::kFamilyInet, sys::kFamilyInet6}) {
      if (family != sys::kFamilyUnspecified && family != each) continue;
      sys::Address::parse("", port, each, address);
      addresses.push_back(address);
    }
    co_return addresses;
  }
  if (!host.empty() && sys::Address::parse(host.c_str(), port, family, address)) {
    addresses.push_back(address);
    co_return addresses;
  }
  sys::AddressQuestion question;
  question.host = std::move(host);
  question.family = family;
  question.type = sys::kTypeStream;
  question.passive = passive;
  const auto found = co_await look_up(std::move(question));
  for (const sys::FoundAddress& each : *found) {
    addresses.push_back(each.address);
    addresses.back().set_port(port);
  }
  co_return addresses;
}

}  // namespace hob::detail
