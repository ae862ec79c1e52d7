// SPDX-License-Identifier: MIT
// An Address as the sockaddr that it is.
#pragma once

#include "sys/socket.hpp"

#include <sys/socket.h>
#include <cstring>

namespace hob::sys {

static_assert(sizeof(Address::bytes) >= sizeof(sockaddr_storage));

inline sockaddr* pointer(Address& a) noexcept { return reinterpret_cast<sockaddr*>(a.bytes); }
inline const sockaddr* pointer(const Address& a) noexcept {
  return reinterpret_cast<const sockaddr*>(a.bytes);
}
template <class T>
T load(const Address& a) noexcept {
  T value{};
  std::memcpy(&value, a.bytes, a.size < sizeof value ? a.size : sizeof value);
  return value;
}
template <class T>
void store(Address& a, const T& value) noexcept {
  std::memcpy(a.bytes, &value, sizeof value);
  a.size = sizeof value;
}

}  // namespace hob::sys
