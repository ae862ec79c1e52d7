// SPDX-License-Identifier: MIT
// World: sockets that are not the kernel's (hob::testing::Network). The calls of the thread that
// has a world make and use virtual descriptors, whose numbers the kernel never gives out;
// everything above `sys` takes them for descriptors.
#pragma once

#include "sys/resolver.hpp"
#include "sys/socket.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hob::sys {

/// Numbers from here on are virtual descriptors. The kernel counts from 0 up to RLIMIT_NOFILE, and
/// a table of this many would take 8 GiB of its memory.
inline constexpr int kFirstVirtual = 1 << 30;
inline bool is_virtual(int fd) noexcept { return fd >= kFirstVirtual; }

/// The socket options that a world can tell from each other.
enum class Option : unsigned char {
  other,
  error,
  type,
  domain,
  accepting,
  send_buffer,
  receive_buffer,
  reuse_address,
  reuse_port,
  broadcast,
  linger,
  no_delay,
};

/// Each call gives what the kernel's would: a result or -errno. What a world does not override is
/// asked of a descriptor that nobody has.
class World {
 public:
  virtual int open_socket(int, int) noexcept { return -EAFNOSUPPORT; }
  virtual int open_socket_pair(int, int*) noexcept { return -EAFNOSUPPORT; }
  virtual void close(int) noexcept {}
  virtual int bind(int, const Address&) noexcept { return -EBADF; }
  virtual int listen(int, int) noexcept { return -EBADF; }
  virtual int connect(int, const Address&) noexcept { return -EBADF; }
  virtual int accept(int, Address&) noexcept { return -EBADF; }
  virtual long receive(int, void*, std::size_t, Address*, bool) noexcept { return -EBADF; }
  /// `to` is null for the peer.
  virtual long send(int, std::string_view, const Address*) noexcept { return -EBADF; }
  virtual int shutdown_write(int) noexcept { return -EBADF; }
  /// The connection is lost, as far as this end can tell.
  virtual void disconnect(int) noexcept {}
  virtual int local_address(int, Address&) noexcept { return -EBADF; }
  virtual int peer_address(int, Address&) noexcept { return -EBADF; }
  /// Values of int.
  virtual int get_option(int, Option, int&) noexcept { return -EBADF; }
  virtual int set_option(int, Option, int) noexcept { return -EBADF; }
  virtual int change_group(int, const Address&, bool) noexcept { return -EBADF; }
  virtual FileKind kind_of(int) noexcept { return FileKind::other; }
  /// epoll_ctl(2): edge-triggered, and what is ready is told later, never during this call.
  virtual int watch(int, std::uint64_t) noexcept { return -EBADF; }
  virtual void unwatch(int) noexcept {}
  /// Of the names of Unix sockets.
  virtual void remove_socket_file(std::string_view, std::uint64_t) noexcept {}
  virtual std::uint64_t inode_of(std::string_view) noexcept { return 0; }
  /// getaddrinfo(3) and getnameinfo(3).
  virtual int look_up(const AddressQuestion&, std::vector<FoundAddress>&) { return 0; }
  virtual int look_up_name(const Address&, NameFlags, std::string&, std::string&) { return 0; }
  /// How long a look-up takes.
  virtual std::int64_t look_up_ns() const noexcept { return 0; }

 protected:
  ~World() = default;
};

/// The world of this thread; null for the kernel's.
World* installed_world() noexcept;
/// Null takes it out.
void install_world(World* world) noexcept;
/// What virtual descriptors belong to; when there is no world every call says EBADF.
World& world_of_descriptors() noexcept;

}  // namespace hob::sys
