// SPDX-License-Identifier: MIT
#include "sys/socket.hpp"

#include "sys/fault.hpp"
#include "sys/sockaddr.hpp"
#include "sys/world.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

namespace hob::sys {

const int kFamilyUnspecified = AF_UNSPEC;
const int kFamilyInet = AF_INET;
const int kFamilyInet6 = AF_INET6;
const int kFamilyUnix = AF_UNIX;
const int kTypeStream = SOCK_STREAM;
const int kTypeDatagram = SOCK_DGRAM;

namespace {

constexpr int kSlicesMax = 64;  // of IOV_MAX's 1024: one call's worth

int result_of(int value) noexcept { return value < 0 ? -errno : value; }
long result_of(long value) noexcept { return value < 0 ? -errno : value; }

std::string_view bytes_of(const void* data, std::size_t size) noexcept {
  return {static_cast<const char*>(data), size};
}

msghdr message(const void* slices, std::size_t count) noexcept {
  msghdr header{};
  header.msg_iov = static_cast<iovec*>(const_cast<void*>(slices));
  header.msg_iovlen = count < kSlicesMax ? count : kSlicesMax;
  return header;
}

// A short count that was injected: what is left of the first slice.
iovec shortened(const void* slices, std::size_t size) noexcept {
  iovec first = *static_cast<const iovec*>(slices);
  if (first.iov_len > size) first.iov_len = size;
  return first;
}

// For a virtual descriptor: one after the other, until the world takes less.
long send_virtual(int fd, const void* slices, std::size_t count, std::size_t limit) noexcept {
  const auto* each = static_cast<const iovec*>(slices);
  long sent = 0;
  for (std::size_t i = 0; i < count && limit > 0; ++i) {
    const std::size_t size = each[i].iov_len < limit ? each[i].iov_len : limit;
    const std::string_view bytes(static_cast<const char*>(each[i].iov_base), size);
    const long n = world_of_descriptors().send(fd, bytes, nullptr);
    if (n < 0) return sent > 0 ? sent : n;
    sent += n;
    limit -= size;
    if (static_cast<std::size_t>(n) < size) break;
  }
  return sent;
}

long send_file_virtual(int to, int from, std::int64_t* offset, std::size_t size) noexcept {
  char part[16 << 10];
  const long got = result_of(::pread(from, part, size < sizeof part ? size : sizeof part, *offset));
  if (got <= 0) return got;
  const std::string_view bytes(part, static_cast<std::size_t>(got));
  const long sent = world_of_descriptors().send(to, bytes, nullptr);
  if (sent > 0) *offset += sent;
  return sent;
}

Option option_of(int level, int name) noexcept {
  if (level == IPPROTO_TCP && name == TCP_NODELAY) return Option::no_delay;
  if (level != SOL_SOCKET) return Option::other;
  switch (name) {
    case SO_ERROR:
      return Option::error;
    case SO_TYPE:
      return Option::type;
    case SO_DOMAIN:
      return Option::domain;
    case SO_ACCEPTCONN:
      return Option::accepting;
    case SO_SNDBUF:
      return Option::send_buffer;
    case SO_RCVBUF:
      return Option::receive_buffer;
    case SO_REUSEADDR:
      return Option::reuse_address;
    case SO_REUSEPORT:
      return Option::reuse_port;
    case SO_BROADCAST:
      return Option::broadcast;
    default:
      return Option::other;
  }
}

// write(2) to a pipe that nobody reads raises SIGPIPE, and there is no flag against it: the signal
// is held back for this thread, and taken when it came.
class NoSigPipe {
 public:
  NoSigPipe() noexcept {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    if (!was_pending_) ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoSigPipe(const NoSigPipe&) = delete;
  NoSigPipe& operator=(const NoSigPipe&) = delete;
  ~NoSigPipe() {
    if (was_pending_) return;
    if (broken_ && ::sigismember(&before_, SIGPIPE) == 0) {
      const timespec now{};
      while (::sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  long check(long result) noexcept {
    broken_ = result == -EPIPE;
    return result;
  }

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_;
  bool broken_ = false;
};

int set_flag(int fd, int level, int name, int value) noexcept {
  return set_option(fd, level, name, &value, sizeof value);
}

}  // namespace

int open_socket(int family, int type, int protocol) noexcept {
  if (const int fault = injected(Call::socket)) return fault;
  if (World* world = installed_world()) return world->open_socket(family, type);
  return result_of(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
}
int open_socket_pair(int type, int fds[2]) noexcept {
  if (const int fault = injected(Call::socketpair)) return fault;
  if (World* world = installed_world()) return world->open_socket_pair(type, fds);
  return result_of(::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
}
int open_pipe(int fds[2]) noexcept {
  if (const int fault = injected(Call::pipe)) return fault;
  return result_of(::pipe2(fds, O_CLOEXEC | O_NONBLOCK));
}

int bind(int fd, const Address& address) noexcept {
  if (const int fault = injected(Call::bind)) return fault;
  if (is_virtual(fd)) return world_of_descriptors().bind(fd, address);
  return result_of(::bind(fd, pointer(address), address.size));
}
int listen(int fd, int backlog) noexcept {
  if (const int fault = injected(Call::listen)) return fault;
  if (is_virtual(fd)) return world_of_descriptors().listen(fd, backlog);
  return result_of(::listen(fd, backlog));
}
int connect(int fd, const Address& address) noexcept {
  const int fault = injected(Call::connect);
  if (fault != 0 && fault != -EINTR) return fault;
  const int result = is_virtual(fd) ? world_of_descriptors().connect(fd, address)
                                    : result_of(::connect(fd, pointer(address), address.size));
  return fault != 0 ? fault : result;  // interrupted it goes on by itself: connect(2)
}
int accept(int fd, Address& peer) noexcept {
  std::size_t none = 0;
  if (const int fault = injected(Call::accept, fd, none)) return fault;
  if (is_virtual(fd)) return world_of_descriptors().accept(fd, peer);
  socklen_t size = sizeof peer.bytes;
  const int accepted = result_of(::accept4(fd, pointer(peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  peer.size = accepted < 0 ? 0 : size;
  return accepted;
}

long recv(int fd, void* data, std::size_t size) noexcept {
  if (const int fault = injected(Call::recv, fd, size)) return fault;
  if (is_virtual(fd)) [[unlikely]]
    return world_of_descriptors().receive(fd, data, size, nullptr, false);
  return result_of(::recv(fd, data, size, 0));
}
long recv_from(int fd, void* data, std::size_t size, Address& from, int flags) noexcept {
  if (const int fault = injected(Call::recv, fd, size)) return fault;
  if (is_virtual(fd)) [[unlikely]]
    return world_of_descriptors().receive(fd, data, size, &from, (flags & MSG_PEEK) != 0);
  socklen_t from_size = sizeof from.bytes;
  const long n = result_of(::recvfrom(fd, data, size, flags, pointer(from), &from_size));
  from.size = n < 0 ? 0 : from_size;
  return n;
}
long send(int fd, const void* data, std::size_t size) noexcept {
  if (const int fault = injected(Call::send, fd, size)) return fault;
  if (is_virtual(fd)) [[unlikely]]
    return world_of_descriptors().send(fd, bytes_of(data, size), nullptr);
  return result_of(::send(fd, data, size, MSG_NOSIGNAL));
}
long send_to(int fd, const void* data, std::size_t size, const Address& to) noexcept {
  if (const int fault = injected(Call::send, fd, size)) return fault;
  if (is_virtual(fd)) [[unlikely]]
    return world_of_descriptors().send(fd, bytes_of(data, size), to.size != 0 ? &to : nullptr);
  const sockaddr* address = to.size != 0 ? pointer(to) : nullptr;
  return result_of(::sendto(fd, data, size, MSG_NOSIGNAL, address, to.size));
}
long send_slices(int fd, const void* slices, std::size_t count) noexcept {
  if (count == 1) {
    const auto& only = *static_cast<const iovec*>(slices);
    return send(fd, only.iov_base, only.iov_len);
  }
  std::size_t size = SIZE_MAX;
  if (const int fault = injected(Call::send, fd, size)) return fault;
  if (is_virtual(fd)) [[unlikely]]
    return send_virtual(fd, slices, count, size);
  if (size != SIZE_MAX) [[unlikely]] {
    const iovec part = shortened(slices, size);
    return result_of(::send(fd, part.iov_base, part.iov_len, MSG_NOSIGNAL));
  }
  const msghdr header = message(slices, count);
  return result_of(::sendmsg(fd, &header, MSG_NOSIGNAL));
}
long read(int fd, void* data, std::size_t size) noexcept {
  if (const int fault = injected(Call::read, fd, size)) return fault;
  if (is_virtual(fd)) [[unlikely]]
    return world_of_descriptors().receive(fd, data, size, nullptr, false);
  return result_of(::read(fd, data, size));
}
long write_slices(int fd, const void* slices, std::size_t count) noexcept {
  std::size_t size = SIZE_MAX;
  if (const int fault = injected(Call::write, fd, size)) return fault;
  if (size != SIZE_MAX) [[unlikely]] {
    const iovec part = shortened(slices, size);
    NoSigPipe guard;
    return guard.check(result_of(::write(fd, part.iov_base, part.iov_len)));
  }
  const msghdr header = message(slices, count);
  NoSigPipe guard;
  return guard.check(result_of(::writev(fd, header.msg_iov, static_cast<int>(header.msg_iovlen))));
}
long send_file(int to, int from, std::int64_t* offset, std::size_t size) noexcept {
  if (const int fault = injected(Call::sendfile, to, size)) return fault;
  if (is_virtual(to)) return send_file_virtual(to, from, offset, size);
  off_t at = *offset;
  const long n = result_of(::sendfile(to, from, &at, size));
  *offset = at;
  return n;
}
long read_at(int fd, void* data, std::size_t size, std::int64_t offset) noexcept {
  if (const int fault = injected(Call::read, fd, size)) return fault;
  return result_of(::pread(fd, data, size, offset));
}
int shutdown_write(int fd) noexcept {
  if (const int fault = injected(Call::shutdown)) {
    ::shutdown(fd, SHUT_RDWR);  // fails only when there is no connection any more
    if (is_virtual(fd)) world_of_descriptors().disconnect(fd);
    return fault;
  }
  if (is_virtual(fd)) return world_of_descriptors().shutdown_write(fd);
  return result_of(::shutdown(fd, SHUT_WR));
}

int local_address(int fd, Address& out) noexcept {
  if (const int fault = injected(Call::getsockname)) return fault;
  if (is_virtual(fd)) return world_of_descriptors().local_address(fd, out);
  socklen_t size = sizeof out.bytes;
  const int result = result_of(::getsockname(fd, pointer(out), &size));
  out.size = result < 0 ? 0 : size;
  return result;
}
int peer_address(int fd, Address& out) noexcept {
  if (const int fault = injected(Call::getpeername)) return fault;
  if (is_virtual(fd)) return world_of_descriptors().peer_address(fd, out);
  socklen_t size = sizeof out.bytes;
  const int result = result_of(::getpeername(fd, pointer(out), &size));
  out.size = result < 0 ? 0 : size;
  return result;
}

int get_option(int fd, int level, int name, void* value, unsigned& size) noexcept {
  if (const int fault = injected(Call::getsockopt)) return fault;
  if (is_virtual(fd)) {
    int number = 0;
    if (size < sizeof number) return -EINVAL;
    const int result = world_of_descriptors().get_option(fd, option_of(level, name), number);
    std::memcpy(value, &number, sizeof number);
    size = sizeof number;
    return result;
  }
  socklen_t length = size;
  const int result = result_of(::getsockopt(fd, level, name, value, &length));
  size = length;
  return result;
}
int set_option(int fd, int level, int name, const void* value, unsigned size) noexcept {
  if (const int fault = injected(Call::setsockopt)) return fault;
  if (is_virtual(fd)) {
    int number = 0;
    if (size < sizeof number) return -EINVAL;
    std::memcpy(&number, value, sizeof number);
    return world_of_descriptors().set_option(fd, option_of(level, name), number);
  }
  return result_of(::setsockopt(fd, level, name, value, size));
}
int socket_error(int fd) noexcept {
  int error = 0;
  unsigned size = sizeof error;
  const int result = get_option(fd, SOL_SOCKET, SO_ERROR, &error, size);
  return result < 0 ? result : error;
}
void set_no_delay(int fd) noexcept { set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1); }
int set_reuse_address(int fd) noexcept { return set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1); }
int set_reuse_port(int fd) noexcept { return set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1); }
int set_ipv6_only(int fd) noexcept { return set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1); }
int set_broadcast(int fd) noexcept { return set_flag(fd, SOL_SOCKET, SO_BROADCAST, 1); }
int change_group(int fd, const Address& group, const char* interface, bool join) noexcept {
  if (is_virtual(fd)) return world_of_descriptors().change_group(fd, group, join);
  if (group.family() == AF_INET) {
    ip_mreqn request{};
    request.imr_multiaddr = load<sockaddr_in>(group).sin_addr;
    if (interface[0] != '\0' && ::inet_pton(AF_INET, interface, &request.imr_address) != 1) {
      request.imr_ifindex = static_cast<int>(::if_nametoindex(interface));
      if (request.imr_ifindex == 0) return -ENODEV;
    }
    return set_option(fd, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request,
                      sizeof request);
  }
  ipv6_mreq request{};
  request.ipv6mr_multiaddr = load<sockaddr_in6>(group).sin6_addr;
  if (interface[0] != '\0') {
    request.ipv6mr_interface = ::if_nametoindex(interface);
    if (request.ipv6mr_interface == 0) return -ENODEV;
  }
  return set_option(fd, IPPROTO_IPV6, join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &request,
                    sizeof request);
}
std::string interface_name(std::uint32_t scope_id) {
  char name[IF_NAMESIZE] = "";
  return ::if_indextoname(scope_id, name) ? name : "";
}
void set_reset_on_close(int fd) noexcept {
  if (is_virtual(fd)) {
    world_of_descriptors().set_option(fd, Option::linger, 1);
    return;
  }
  const linger none{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}
int set_non_blocking(int fd) noexcept {
  if (const int fault = injected(Call::fcntl)) return fault;
  if (is_virtual(fd)) return 0;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return -errno;
  return (flags & O_NONBLOCK) ? 0 : result_of(::fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}
int close_anyway(int fd) noexcept {
  if (!is_virtual(fd)) return result_of(::close(fd));
  world_of_descriptors().close(fd);
  return 0;
}
int close(int fd) noexcept {
  const int fault = injected(Call::close);
  const int result = close_anyway(fd);  // also when it fails, as the kernel has it
  return fault != 0 ? fault : result;
}

void remove_socket_file(const char* path, std::uint64_t inode) noexcept {
  if (World* world = installed_world()) return world->remove_socket_file(path, inode);
  struct stat status{};
  if (::lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) &&
      (inode == 0 || status.st_ino == inode)) {
    ::unlink(path);
  }
}
std::uint64_t inode_of(const char* path) noexcept {
  if (World* world = installed_world()) return world->inode_of(path);
  struct stat status{};
  return ::lstat(path, &status) == 0 ? status.st_ino : 0;
}

FileKind kind_of(int fd) noexcept {
  if (is_virtual(fd)) return world_of_descriptors().kind_of(fd);
  struct stat status{};
  if (::fstat(fd, &status) != 0) return FileKind::other;
  if (S_ISFIFO(status.st_mode)) return FileKind::pipe;
  if (S_ISREG(status.st_mode)) return FileKind::file;
  if (S_ISCHR(status.st_mode)) return ::isatty(fd) ? FileKind::terminal : FileKind::other;
  if (!S_ISSOCK(status.st_mode)) return FileKind::other;
  int type = 0;
  socklen_t size = sizeof type;
  ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
  return type == SOCK_STREAM ? FileKind::stream_socket : FileKind::packet_socket;
}

int open_standard_stream(int number, bool write) noexcept {
  const FileKind kind = kind_of(number);
  if (kind == FileKind::pipe || kind == FileKind::terminal) {
    const char* const paths[] = {"/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"};
    const int flags = (write ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    const int fd = fails(Call::open) ? -1 : ::open(paths[number], flags);
    if (fd >= 0) return fd;
  }
  if (const int fault = injected(Call::fcntl)) return fault;
  const int fd = result_of(::fcntl(number, F_DUPFD_CLOEXEC, 3));
  if (fd >= 0 && kind != FileKind::file) set_non_blocking(fd);
  return fd;
}

}  // namespace hob::sys
