// SPDX-License-Identifier: MIT
// The system's resolver: blocks, so for threads only.
#pragma once

#include "sys/socket.hpp"

#include <string>
#include <utility>
#include <vector>

namespace hob::sys {

struct FoundAddress {
  Address address;
  int type = 0;
  std::string canonname;
};

struct AddressQuestion {
  std::string host;
  std::string service;
  int family = 0;
  int type = 0;
  bool passive = false;
  bool canonname = false;
  bool numeric_host = false;
  friend bool operator==(const AddressQuestion&, const AddressQuestion&) = default;
};

/// getaddrinfo(3): 0 or an EAI_ code; -errno is given as EAI_SYSTEM's.
int look_up(const AddressQuestion& question, std::vector<FoundAddress>& found);
struct NameFlags {
  bool numeric_host = false;
  bool numeric_service = false;
  bool name_required = false;
  bool datagram = false;
};
int look_up_name(const Address& address, NameFlags flags, std::string& host, std::string& service);
const char* resolver_error(int code) noexcept;

/// Some of the codes: EAI_AGAIN, EAI_FAIL, EAI_NONAME, EAI_MEMORY, EAI_SERVICE.
extern const int kNameAgain;
extern const int kNameFail;
extern const int kNameNone;
extern const int kNameMemory;
extern const int kNameService;

}  // namespace hob::sys
