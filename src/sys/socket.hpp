// SPDX-License-Identifier: MIT
// Sockets, pipes and their addresses: thin wrappers, `result >= 0` or `-errno`. Whatever they open
// is non-blocking and closes on exec; nothing written raises SIGPIPE.
#pragma once

#include "sys/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace hob::sys {

/// A sockaddr of any family.
struct Address {
  alignas(8) unsigned char bytes[128];
  unsigned size = 0;

  int family() const noexcept;
  /// As people write it: "127.0.0.1", "::1"; a Unix socket's path, "" without a name. Abstract
  /// paths begin with a NUL.
  std::string host() const;
  /// 0 for families that have none.
  std::uint16_t port() const noexcept;
  std::uint32_t flow_info() const noexcept;
  std::uint32_t scope_id() const noexcept;

  /// Of a literal ("127.0.0.1", "::1%lo"): false when `host` is not one. "" is the wildcard.
  static bool parse(const char* host, std::uint16_t port, int family, Address& out) noexcept;
  /// Of a Unix socket; false when the path is too long.
  static bool unix_path(const char* path, std::size_t size, Address& out) noexcept;
  /// Of a Unix socket without a name.
  static Address unix_unnamed() noexcept;
  void set_port(std::uint16_t port) noexcept;

  bool is_wildcard() const noexcept;
  bool is_loopback() const noexcept;
  bool is_multicast() const noexcept;
  bool is_broadcast() const noexcept;  // 255.255.255.255
};

extern const int kFamilyUnspecified;
extern const int kFamilyInet;
extern const int kFamilyInet6;
extern const int kFamilyUnix;
extern const int kTypeStream;
extern const int kTypeDatagram;

int open_socket(int family, int type, int protocol) noexcept;
int open_socket_pair(int type, int fds[2]) noexcept;
int open_pipe(int fds[2]) noexcept;
int bind(int fd, const Address& address) noexcept;
int listen(int fd, int backlog) noexcept;
/// -EINPROGRESS: wait until it can be written, then ask `socket_error`.
int connect(int fd, const Address& address) noexcept;
int accept(int fd, Address& peer) noexcept;
long recv(int fd, void* data, std::size_t size) noexcept;
long recv_from(int fd, void* data, std::size_t size, Address& from, int flags = 0) noexcept;
long send(int fd, const void* data, std::size_t size) noexcept;
long send_to(int fd, const void* data, std::size_t size, const Address& to) noexcept;
/// `slices` are pairs of pointer and size (struct iovec).
long send_slices(int fd, const void* slices, std::size_t count) noexcept;
long read(int fd, void* data, std::size_t size) noexcept;
long write_slices(int fd, const void* slices, std::size_t count) noexcept;
/// sendfile(2); advances `*offset`.
long send_file(int to, int from, std::int64_t* offset, std::size_t size) noexcept;
/// pread(2).
long read_at(int fd, void* data, std::size_t size, std::int64_t offset) noexcept;
int shutdown_write(int fd) noexcept;
int local_address(int fd, Address& out) noexcept;
int peer_address(int fd, Address& out) noexcept;
/// SO_ERROR, taken: 0 or a positive errno; -errno when it cannot be asked.
int socket_error(int fd) noexcept;
int get_option(int fd, int level, int name, void* value, unsigned& size) noexcept;
int set_option(int fd, int level, int name, const void* value, unsigned size) noexcept;
/// TCP_NODELAY, for stream sockets of the Internet; others say no, and nobody minds.
void set_no_delay(int fd) noexcept;
int set_reuse_address(int fd) noexcept;
int set_reuse_port(int fd) noexcept;
int set_ipv6_only(int fd) noexcept;
int set_broadcast(int fd) noexcept;
/// Joins or leaves a multicast group on an interface, by its address (IPv4) or name; "": any.
int change_group(int fd, const Address& group, const char* interface, bool join) noexcept;
std::string interface_name(std::uint32_t scope_id);
/// SO_LINGER of no time: close(2) sends a reset.
void set_reset_on_close(int fd) noexcept;
int set_non_blocking(int fd) noexcept;
int close(int fd) noexcept;

/// Removes a socket file, if `path` is one, and has that inode unless 0.
void remove_socket_file(const char* path, std::uint64_t inode) noexcept;
/// 0 when there is no such file.
std::uint64_t inode_of(const char* path) noexcept;

/// A descriptor of our own for standard stream `number`, non-blocking. Pipes and terminals are
/// opened anew: the flag belongs to the open file, which other processes share.
int open_standard_stream(int number, bool write) noexcept;

enum class FileKind : unsigned char { stream_socket, packet_socket, pipe, terminal, file, other };
FileKind kind_of(int fd) noexcept;

}  // namespace hob::sys
