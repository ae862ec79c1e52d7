// SPDX-License-Identifier: MIT
#include <hob/net/socket.hpp>

#include "net/socket_state.hpp"
#include "stream/address.hpp"

#include <hob/core/error.hpp>

#include <cerrno>
#include <string>

namespace hob {
namespace detail {
namespace {

int checked(int result, const char* operation) {
  if (result < 0) throw OSError(-result, operation);
  return result;
}

int family_number(SocketAddress::Family family) {
  switch (family) {
    case SocketAddress::Family::ipv4:
      return sys::kFamilyInet;
    case SocketAddress::Family::ipv6:
      return sys::kFamilyInet6;
    case SocketAddress::Family::local:
      return sys::kFamilyUnix;
    case SocketAddress::Family::none:
      break;
  }
  raise_value_error("a socket needs a family");
}

int type_number(SocketType type) noexcept {
  return type == SocketType::stream ? sys::kTypeStream : sys::kTypeDatagram;
}

}  // namespace

Descriptor* SocketState::descriptor_in(EventLoop& loop) noexcept {
  if (!descriptor_) {
    const bool stream = sys::kind_of(fd_.get()) == sys::FileKind::stream_socket;
    descriptor_.emplace(loop, std::move(fd_),
                        stream ? Descriptor::Kind::stream : Descriptor::Kind::packets);
  }
  return &descriptor_->core() == &loop.core() ? &*descriptor_ : nullptr;
}
Descriptor& SocketState::descriptor(EventLoop& loop) {
  Descriptor* descriptor = descriptor_in(loop);
  if (!descriptor) raise_runtime_error("the socket belongs to another event loop");
  return *descriptor;
}

sys::Address to_address(const SocketAddress& address) {
  sys::Address out;
  bool good = false;
  if (address.family == SocketAddress::Family::local) {
    good = sys::Address::unix_path(address.host.data(), address.host.size(), out);
  } else {
    std::string host = address.host;
    if (address.scope_id != 0 && host.find('%') == host.npos)
      host += '%' + sys::interface_name(address.scope_id);
    good = sys::Address::parse(host.c_str(), address.port, family_number(address.family), out);
  }
  if (!good) throw ValueError("not an address: " + address.to_string());
  return out;
}

}  // namespace detail

using detail::checked;

Socket::Socket(Family family, SocketType type) {
  sys::Fd fd(checked(sys::open_socket(detail::family_number(family), detail::type_number(type), 0),
                     "socket"));
  state_ = new detail::SocketState(std::move(fd));
}

Socket Socket::adopt(int fd) {
  sys::Fd owned(fd);
  checked(sys::set_non_blocking(fd), "fcntl");
  return Socket(new detail::SocketState(std::move(owned)));
}

std::pair<Socket, Socket> Socket::pair(SocketType type) {
  int fds[2] = {-1, -1};
  checked(sys::open_socket_pair(detail::type_number(type), fds), "socketpair");
  sys::Fd second(fds[1]);
  Socket first(new detail::SocketState(sys::Fd(fds[0])));
  return {std::move(first), Socket(new detail::SocketState(std::move(second)))};
}

Socket::~Socket() { close(); }

void Socket::bind(const SocketAddress& address) const {
  const int result = sys::bind(fileno(), detail::to_address(address));
  if (result < 0) throw OSError(-result, "bind to " + address.to_string());
}
void Socket::listen(int backlog) const { checked(sys::listen(fileno(), backlog), "listen"); }

SocketAddress Socket::getsockname() const {
  sys::Address address;
  checked(sys::local_address(fileno(), address), "getsockname");
  return detail::to_socket_address(address);
}
SocketAddress Socket::getpeername() const {
  sys::Address address;
  checked(sys::peer_address(fileno(), address), "getpeername");
  return detail::to_socket_address(address);
}
void Socket::setsockopt(int level, int name, int value) const {
  checked(sys::set_option(fileno(), level, name, &value, sizeof value), "setsockopt");
}
int Socket::getsockopt(int level, int name) const {
  int value = 0;
  unsigned size = sizeof value;
  checked(sys::get_option(fileno(), level, name, &value, size), "getsockopt");
  return value;
}
void Socket::set_reuse_address() const { checked(sys::set_reuse_address(fileno()), "setsockopt"); }
void Socket::set_reuse_port() const { checked(sys::set_reuse_port(fileno()), "setsockopt"); }
void Socket::set_broadcast() const { checked(sys::set_broadcast(fileno()), "setsockopt"); }

namespace {

void change_group(int fd, Text group, Text interface, bool join) {
  const std::string name(group.data(), group.size());
  const std::string on(interface.data(), interface.size());
  sys::Address address;
  if (!sys::Address::parse(name.c_str(), 0, sys::kFamilyUnspecified, address))
    throw ValueError("not an address: " + name);
  checked(sys::change_group(fd, address, on.c_str(), join), join ? "join group" : "leave group");
}

}  // namespace

void Socket::join_group(Text group, Text interface) const {
  change_group(fileno(), group, interface, true);
}
void Socket::leave_group(Text group, Text interface) const {
  change_group(fileno(), group, interface, false);
}

void Socket::shutdown_write() const { checked(sys::shutdown_write(fileno()), "shutdown"); }
void Socket::close() noexcept {
  if (!state_) return;
  state_->close();
  std::exchange(state_, nullptr)->release();
}
int Socket::detach() noexcept {
  const int fd = state_ ? state_->detach() : -1;
  close();
  return fd;
}
int Socket::fileno() const noexcept { return state_ ? state_->fd() : -1; }

Socket::Family Socket::family() const noexcept {
  sys::Address address;
  if (sys::local_address(fileno(), address) < 0) return Family::none;
  return detail::to_socket_address(address).family;
}

detail::SocketState& Socket::state() const {
  if (!state_) throw OSError(EBADF, "a closed socket");
  return *state_;
}

}  // namespace hob
