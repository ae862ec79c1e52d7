// SPDX-License-Identifier: MIT
// VirtualSocket: a socket of a simulated network, behind its descriptor. Calls give what the kernel
// would: a result or -errno.
#pragma once

#include "sys/socket.hpp"
#include "sys/world.hpp"
#include "testing/network/topology.hpp"

#include <hob/core/ref.hpp>

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace hob::testing {

class NetworkWorld;

class VirtualSocket {
 public:
  VirtualSocket(NetworkWorld& world, Host& host, std::uint32_t number, int family) noexcept;
  VirtualSocket(const VirtualSocket&) = delete;
  VirtualSocket& operator=(const VirtualSocket&) = delete;
  virtual ~VirtualSocket() = default;

  Host& host() const noexcept { return host_; }
  std::uint32_t number() const noexcept { return number_; }
  int family() const noexcept { return family_; }
  const sys::Address& local() const noexcept { return local_; }
  const sys::Address& remote() const noexcept { return remote_; }
  bool reuses(const VirtualSocket& other) const noexcept;
  bool is_bound() const noexcept;
  /// Whether packets for `address` are for it.
  bool bound_to(const sys::Address& address) const noexcept;

  virtual int type() const noexcept = 0;
  int bind(const sys::Address& address);
  virtual int listen(int) { return -EOPNOTSUPP; }
  virtual int connect(const sys::Address& address) = 0;
  virtual int accept(sys::Address&) { return -EOPNOTSUPP; }
  virtual long receive(char* data, std::size_t size, sys::Address* from, bool peek) = 0;
  virtual long send(std::string_view bytes, const sys::Address* to) = 0;
  virtual int shutdown_write() = 0;
  virtual bool listening() const noexcept { return false; }
  /// The descriptor is gone.
  virtual void close() = 0;
  /// The host is.
  virtual void crash() = 0;
  virtual int peer_address(sys::Address& out) const noexcept = 0;
  /// Null when it speaks to nobody in particular.
  virtual const Host* peer_host() const noexcept { return nullptr; }
  virtual std::size_t buffered() const noexcept = 0;
  int get_option(sys::Option option, int& value) noexcept;
  int set_option(sys::Option option, int value) noexcept;
  int change_group(const sys::Address& group, bool join);
  bool joined(const sys::Address& group) const noexcept;

  /// Whoever waits for it: see sys::World::watch.
  int watch(std::uint64_t tag);
  void unwatch() noexcept { watcher_ = {}; }
  /// An edge: tells of `events` (bits of epoll(7)) and all that it is ready for.
  void tell(unsigned events) noexcept;
  virtual unsigned readiness() const noexcept = 0;

 protected:
  int take_error() noexcept { return std::exchange(error_, 0); }
  /// Has a local address from now on, for speaking to `to`. 0, or -errno.
  int find_source(const sys::Address& to);
  Time now() const noexcept;

  NetworkWorld& world_;
  Host& host_;
  const std::uint32_t number_;
  const int family_;
  sys::Address local_;
  sys::Address remote_;
  int error_ = 0;  // SO_ERROR
  std::size_t send_buffer_;
  std::size_t receive_buffer_;
  bool linger_ = false;  // close resets
  bool broadcast_ = false;

 private:
  bool reuse_address_ = false;
  bool reuse_port_ = false;
  bool no_delay_ = false;
  std::vector<sys::Address> groups_;
  detail::Ref<detail::LoopCore> watcher_;
  std::uint64_t tag_ = 0;
};

}  // namespace hob::testing
