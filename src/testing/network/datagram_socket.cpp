// SPDX-License-Identifier: MIT
#include "testing/network/datagram_socket.hpp"

#include "sys/syscall.hpp"
#include "testing/network/world.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace hob::testing {
namespace {

constexpr std::size_t kLargest = 65'507;
constexpr std::size_t kHeader = 28;

bool equal(const sys::Address& a, const sys::Address& b) noexcept {
  return a.size == b.size && std::memcmp(a.bytes, b.bytes, a.size) == 0;
}

}  // namespace

void DatagramSocket::join(DatagramSocket& a, DatagramSocket& b) noexcept {
  a.pair_ = b.number_;
  b.pair_ = a.number_;
}

int DatagramSocket::connect(const sys::Address& address) {
  if (address.family() != family_ || family_ == sys::kFamilyUnix) return -EAFNOSUPPORT;
  const int result = find_source(address);
  if (result < 0) return result;
  remote_ = address;
  return 0;
}

long DatagramSocket::receive(char* data, std::size_t size, sys::Address* from, bool peek) {
  if (error_ != 0) return -take_error();
  if (waiting_.empty()) return -EAGAIN;
  const Packet& packet = waiting_.front();
  const std::size_t count = std::min(size, packet.bytes.size());
  if (count > 0) std::memcpy(data, packet.bytes.data(), count);
  if (from) *from = packet.from;
  if (peek) return static_cast<long>(count);
  size_ -= packet.bytes.size();
  waiting_.pop_front();
  return static_cast<long>(count);
}

int DatagramSocket::check(const sys::Address& to, std::size_t size) const noexcept {
  if (to.family() != family_) return -EAFNOSUPPORT;
  if (to.port() == 0) return -EINVAL;
  if (size > kLargest) return -EMSGSIZE;
  if (to.is_broadcast() && !broadcast_) return -EACCES;
  return host_.up ? 0 : -ENETDOWN;
}

long DatagramSocket::send(std::string_view bytes, const sys::Address* to) {
  if (error_ != 0) return -take_error();
  Packet packet{local_, to ? *to : remote_, std::string(bytes)};
  const long size = static_cast<long>(bytes.size());
  if (family_ == sys::kFamilyUnix) {
    VirtualSocket* other = world_.find(pair_);
    if (!other) return to ? -ECONNREFUSED : -ENOTCONN;
    static_cast<DatagramSocket*>(other)->take(packet);
    return size;
  }
  if (packet.to.size == 0) return -EDESTADDRREQ;
  const bool to_many = packet.to.is_multicast() || packet.to.is_broadcast();
  int result = check(packet.to, bytes.size());
  if (result == 0 && !is_bound()) result = world_.bind(*this, local_, local_);
  if (result < 0) return result;
  packet.from = local_;
  if (local_.is_wildcard()) {
    packet.from = world_.topology().source(host_, packet.to);
    if (packet.from.size == 0) return -ENETUNREACH;
    packet.from.set_port(local_.port());
  }
  if (to_many) {
    for (std::uint32_t i = 0; i < world_.topology().size(); ++i)
      send_to_host(world_.topology().host(i), packet);
  } else if (Host* there = world_.topology().owner(packet.to, host_)) {
    send_to_host(*there, packet);
  } else {
    ++world_.journal().statistics.drops;
  }
  return size;
}

void DatagramSocket::send_to_host(Host& there, const Packet& packet) {
  Route& way = world_.topology().route(host_, there);
  Random& random = world_.random();
  if (way.cut || random.chance(way.options.loss)) {
    ++world_.journal().statistics.drops;
    return world_.note(Happened::dropped, *this, nullptr, packet.bytes.size());
  }
  const bool twice = random.chance(way.options.duplicates);
  if (twice) world_.note(Happened::duplicated, *this, nullptr, packet.bytes.size());
  const auto copy = std::make_shared<const Packet>(packet);
  for (int i = 0; i < (twice ? 2 : 1); ++i) {
    const Time arrival = way.arrival(world_.now(), packet.bytes.size() + kHeader, random);
    world_.at(arrival, [world = &world_, &way, &there, copy, from = number_, host = &host_] {
      if (way.cut || !there.up) {
        ++world->journal().statistics.drops;
        return;
      }
      deliver(*world, there, *copy, from, *host);
    });
  }
}

// A single host's socket gets it, of a group all that have joined.
void DatagramSocket::deliver(NetworkWorld& world, Host& there, const Packet& packet,
                             std::uint32_t from, Host& sender) {
  const bool to_many = packet.to.is_multicast() || packet.to.is_broadcast();
  DatagramSocket* best = nullptr;
  for (VirtualSocket* each : world.bound(there, sys::kTypeDatagram, packet.to.port())) {
    auto* socket = static_cast<DatagramSocket*>(each);
    if (!socket->wants(packet)) continue;
    if (to_many) {
      socket->take(packet);
    } else if (!best || (best->remote_.size == 0 && socket->remote_.size != 0) ||
               (best->local_.is_wildcard() && !socket->local_.is_wildcard())) {
      best = socket;
    }
  }
  if (best) return best->take(packet);
  if (to_many) return;
  ++world.journal().statistics.drops;
  Route& back = world.topology().route(there, sender);
  if (back.cut) return;
  world.at(back.arrival(world.now(), kHeader, world.random()), [world = &world, from] {
    VirtualSocket* socket = world->find(from);
    if (socket) static_cast<DatagramSocket*>(socket)->refused();
  });
}

/// Nobody listens at the address that it is connected to: udp(7). Others are not told.
void DatagramSocket::refused() {
  if (remote_.size == 0) return;
  error_ = ECONNREFUSED;
  tell(0);
}

bool DatagramSocket::wants(const Packet& packet) const noexcept {
  if (packet.to.family() != family_) return false;
  if (remote_.size != 0 && !equal(remote_, packet.from)) return false;
  if (packet.to.is_multicast()) return joined(packet.to);
  return packet.to.is_broadcast() ? local_.is_wildcard() : bound_to(packet.to);
}

void DatagramSocket::take(const Packet& packet) {
  if (size_ + packet.bytes.size() > receive_buffer_) {
    ++world_.journal().statistics.drops;
    return world_.note(Happened::dropped, *this, nullptr, packet.bytes.size());
  }
  waiting_.push_back(packet);
  size_ += packet.bytes.size();
  ++world_.journal().statistics.datagrams;
  world_.note(Happened::datagram, *this, nullptr, packet.bytes.size());
  tell(EPOLLIN);
}

int DatagramSocket::shutdown_write() { return remote_.size != 0 ? 0 : -ENOTCONN; }

void DatagramSocket::close() {
  unwatch();
  world_.bury(*this);
}

void DatagramSocket::crash() {
  waiting_.clear();
  size_ = 0;
  error_ = ENETDOWN;
  tell(0);
}

int DatagramSocket::peer_address(sys::Address& out) const noexcept {
  if (remote_.size == 0) return -ENOTCONN;
  out = remote_;
  return 0;
}

unsigned DatagramSocket::readiness() const noexcept {
  unsigned ready = EPOLLOUT;
  if (!waiting_.empty()) ready |= EPOLLIN;
  if (error_ != 0) ready |= EPOLLIN | EPOLLERR;
  return ready;
}

}  // namespace hob::testing
