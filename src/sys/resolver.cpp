// SPDX-License-Identifier: MIT
#include "sys/resolver.hpp"

#include "sys/fault.hpp"
#include "sys/world.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <cstring>

namespace hob::sys {

int look_up(const AddressQuestion& question, std::vector<FoundAddress>& found) {
  if (const int fault = injected(Call::getaddrinfo)) return -fault;  // an EAI_*
  if (World* world = installed_world()) return world->look_up(question, found);
  addrinfo hints{};
  hints.ai_family = question.family;
  hints.ai_socktype = question.type;
  hints.ai_flags = (question.passive ? AI_PASSIVE : 0) | (question.canonname ? AI_CANONNAME : 0) |
                   (question.numeric_host ? AI_NUMERICHOST : 0);
  const char* host = question.host.empty() ? nullptr : question.host.c_str();
  // Without either there is nothing to ask; Python gives the loopback or wildcard with port 0.
  const char* service =
      question.service.empty() ? (host ? nullptr : "0") : question.service.c_str();
  addrinfo* list = nullptr;
  const int result = ::getaddrinfo(host, service, &hints, &list);
  if (result != 0) return result;
  for (const addrinfo* each = list; each; each = each->ai_next) {
    FoundAddress one;
    if (each->ai_addrlen > sizeof one.address.bytes) continue;
    std::memcpy(one.address.bytes, each->ai_addr, each->ai_addrlen);
    one.address.size = each->ai_addrlen;
    one.type = each->ai_socktype;
    if (each->ai_canonname) one.canonname = each->ai_canonname;
    found.push_back(std::move(one));
  }
  ::freeaddrinfo(list);
  return 0;
}

int look_up_name(const Address& address, NameFlags flags, std::string& host, std::string& service) {
  if (const int fault = injected(Call::getnameinfo)) return -fault;
  if (World* world = installed_world()) return world->look_up_name(address, flags, host, service);
  char host_text[NI_MAXHOST];
  char service_text[NI_MAXSERV];
  const int bits = (flags.numeric_host ? NI_NUMERICHOST : 0) |
                   (flags.numeric_service ? NI_NUMERICSERV : 0) |
                   (flags.name_required ? NI_NAMEREQD : 0) | (flags.datagram ? NI_DGRAM : 0);
  const int result =
      ::getnameinfo(reinterpret_cast<const sockaddr*>(address.bytes), address.size, host_text,
                    sizeof host_text, service_text, sizeof service_text, bits);
  if (result != 0) return result;
  host = host_text;
  service = service_text;
  return 0;
}

const int kNameAgain = EAI_AGAIN;
const int kNameFail = EAI_FAIL;
const int kNameNone = EAI_NONAME;
const int kNameMemory = EAI_MEMORY;
const int kNameService = EAI_SERVICE;

const char* resolver_error(int code) noexcept { return ::gai_strerror(code); }

}  // namespace hob::sys
