// SPDX-License-Identifier: MIT
#include "net/resolve.hpp"

#include <hob/core/error.hpp>

namespace hob::detail {

Coro<std::vector<sys::Address>> resolve(std::string host, std::uint16_t port, int family,
                                        bool passive) {
  std::vector<sys::Address> found;
  sys::Address address;
  if (host.empty() && passive) {
    for (const int each : {sys::kFamilyInet, sys::kFamilyInet6}) {
      if (family != sys::kFamilyUnspecified && family != each) continue;
      sys::Address::parse("", port, each, address);
      found.push_back(address);
    }
    co_return found;
  }
  if (sys::Address::parse(host.empty() ? "127.0.0.1" : host.c_str(), port, family, address)) {
    found.push_back(address);
    co_return found;
  }
  throw ValueError("names cannot be resolved yet: " + host);
}

}  // namespace hob::detail
