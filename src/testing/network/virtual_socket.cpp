// SPDX-License-Identifier: MIT
#include "testing/network/virtual_socket.hpp"

#include "sys/syscall.hpp"
#include "testing/network/world.hpp"

#include <algorithm>
#include <cstring>

namespace hob::testing {
namespace {

constexpr int kBufferMin = 4608;  // socket(7)

bool same_host(const sys::Address& a, sys::Address b) noexcept {
  b.set_port(a.port());
  return a.size == b.size && std::memcmp(a.bytes, b.bytes, a.size) == 0;
}

}  // namespace

VirtualSocket::VirtualSocket(NetworkWorld& world, Host& host, std::uint32_t number,
                             int family) noexcept
    : world_(world),
      host_(host),
      number_(number),
      family_(family),
      send_buffer_(world.options().send_buffer),
      receive_buffer_(world.options().receive_buffer) {
  if (family == sys::kFamilyUnix) {
    local_ = sys::Address::unix_unnamed();
  } else {
    sys::Address::parse("", 0, family, local_);
  }
}

Time VirtualSocket::now() const noexcept { return world_.now(); }

// Ports, as Linux has it: with SO_REUSEPORT on both; with SO_REUSEADDR on both when neither
// listens.
bool VirtualSocket::reuses(const VirtualSocket& other) const noexcept {
  if (reuse_port_ && other.reuse_port_) return true;
  return reuse_address_ && other.reuse_address_ && !listening() && !other.listening();
}

bool VirtualSocket::bound_to(const sys::Address& address) const noexcept {
  if (address.family() != family_ || local_.port() != address.port()) return false;
  return local_.is_wildcard() || same_host(local_, address);
}

bool VirtualSocket::is_bound() const noexcept {
  if (family_ == sys::kFamilyUnix) return local_.size != sys::Address::unix_unnamed().size;
  return local_.port() != 0;
}

int VirtualSocket::bind(const sys::Address& address) {
  if (address.family() != family_) return -EAFNOSUPPORT;
  if (is_bound()) return -EINVAL;
  return world_.bind(*this, address, local_);
}

int VirtualSocket::find_source(const sys::Address& to) {
  if (family_ == sys::kFamilyUnix || !local_.is_wildcard()) return 0;
  sys::Address source = world_.topology().source(host_, to);
  if (source.size == 0) return -ENETUNREACH;
  if (!is_bound()) return world_.bind(*this, source, local_);
  source.set_port(local_.port());
  local_ = source;
  return 0;
}

int VirtualSocket::get_option(sys::Option option, int& value) noexcept {
  using enum sys::Option;
  switch (option) {
    case error:
      value = take_error();
      return 0;
    case type:
      value = this->type();
      return 0;
    case domain:
      value = family_;
      return 0;
    case accepting:
      value = listening();
      return 0;
    case send_buffer:
      value = static_cast<int>(send_buffer_);
      return 0;
    case receive_buffer:
      value = static_cast<int>(receive_buffer_);
      return 0;
    case reuse_address:
      value = reuse_address_;
      return 0;
    case reuse_port:
      value = reuse_port_;
      return 0;
    case broadcast:
      value = broadcast_;
      return 0;
    case no_delay:
      value = no_delay_;
      return 0;
    case linger:
      value = linger_;
      return 0;
    case other:
      break;
  }
  value = 0;
  return 0;
}

// Those of buffers are doubled: socket(7).
int VirtualSocket::set_option(sys::Option option, int value) noexcept {
  using enum sys::Option;
  switch (option) {
    case send_buffer:
      send_buffer_ = static_cast<std::size_t>(std::max(2 * value, kBufferMin));
      break;
    case receive_buffer:
      receive_buffer_ = static_cast<std::size_t>(std::max(2 * value, kBufferMin));
      break;
    case reuse_address:
      reuse_address_ = value != 0;
      break;
    case reuse_port:
      reuse_port_ = value != 0;
      break;
    case broadcast:
      broadcast_ = value != 0;
      break;
    case no_delay:
      if (family_ == sys::kFamilyUnix) return -EOPNOTSUPP;
      no_delay_ = value != 0;
      break;
    case linger:
      linger_ = value != 0;
      break;
    case error:
    case type:
    case domain:
    case accepting:
      return -ENOPROTOOPT;
    case other:
      break;
  }
  return 0;
}

int VirtualSocket::change_group(const sys::Address& group, bool join) {
  if (group.family() != family_ || !group.is_multicast()) return -EINVAL;
  if (join == joined(group)) return join ? -EADDRINUSE : -EADDRNOTAVAIL;
  if (join) {
    groups_.push_back(group);
  } else {
    std::erase_if(groups_, [&](const sys::Address& each) { return same_host(each, group); });
  }
  return 0;
}

bool VirtualSocket::joined(const sys::Address& group) const noexcept {
  return std::any_of(groups_.begin(), groups_.end(),
                     [&](const sys::Address& each) { return same_host(each, group); });
}

// What is ready already is an edge, too: epoll_ctl(2). It must not come during this call.
int VirtualSocket::watch(std::uint64_t tag) {
  watcher_ = detail::Ref<detail::LoopCore>(&get_running_loop().core());
  tag_ = tag;
  if (readiness() != 0) {
    world_.at(now(), [world = &world_, number = number_] {
      if (VirtualSocket* socket = world->find(number)) socket->tell(0);
    });
  }
  return 0;
}

// Whatever wakes epoll, it asks for all that the socket is ready for.
void VirtualSocket::tell(unsigned events) noexcept {
  if (!watcher_ || watcher_->closed) return;
  watcher_->loop->impl().poller.epoll()->deliver(tag_, events | readiness(), watcher_->ready);
}

}  // namespace hob::testing
