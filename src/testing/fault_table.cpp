// SPDX-License-Identifier: MIT
#include "testing/fault_table.hpp"

#include "sys/resolver.hpp"

#include <cerrno>

namespace hob::testing {

const std::vector<FaultRow>& fault_table() {
  using C = Faults::Call;
  static const std::vector<FaultRow> rows = {
      {C::accept,
       "accept",
       false,
       {EINTR, EAGAIN, ECONNABORTED, EPROTO, EMFILE, ENFILE, ENOBUFS, ENOMEM}},
      {C::bind, "bind", false, {EADDRINUSE, EACCES, EADDRNOTAVAIL}},
      {C::chdir, "chdir", false, {EACCES, EIO, ENOENT}},
      {C::clone, "clone", false, {EAGAIN, ENOMEM, EMFILE}},
      {C::close, "close", false, {EINTR, EIO, ENOSPC, EDQUOT}},
      {C::connect, "connect", false, {EINTR, ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EADDRNOTAVAIL}},
      {C::epoll_create, "epoll_create", false, {EMFILE, ENFILE, ENOMEM}},
      {C::epoll_ctl, "epoll_ctl", false, {ENOMEM, ENOSPC}},
      {C::epoll_wait, "epoll_wait", false, {EINTR}},
      {C::eventfd, "eventfd", false, {EMFILE, ENFILE, ENOMEM}},
      {C::execve, "execve", false, {ENOENT, EACCES, ENOMEM, E2BIG, ETXTBSY}},
      {C::fcntl, "fcntl", false, {EMFILE, ENOLCK}},
      {C::fork, "fork", false, {EAGAIN, ENOMEM}},
      {C::fstat, "fstat", false, {ENOMEM, EIO}},
      {C::fsync, "fsync", false, {EINTR, EIO, ENOSPC}},
      {C::ftruncate, "ftruncate", false, {EINTR, EFBIG, EIO}},
      {C::futex, "futex", false, {EINTR, EAGAIN}},
      {C::getaddrinfo,
       "getaddrinfo",
       false,
       {sys::kNameAgain, sys::kNameFail, sys::kNameNone, sys::kNameMemory}},
      {C::getdents, "getdents", false, {EIO, ENOENT}},
      {C::getnameinfo, "getnameinfo", false, {sys::kNameAgain, sys::kNameFail, sys::kNameMemory}},
      {C::getpeername, "getpeername", false, {ENOBUFS, ENOTCONN}},
      {C::getrandom, "getrandom", false, {EINTR}},
      {C::getsockname, "getsockname", false, {ENOBUFS}},
      {C::getsockopt, "getsockopt", false, {ENOBUFS}},
      {C::io_uring_register, "io_uring_register", false, {ENOMEM}},
      {C::io_uring_setup, "io_uring_setup", false, {EMFILE, ENFILE, ENOMEM, EPERM}},
      {C::listen, "listen", false, {EADDRINUSE}},
      {C::lseek, "lseek", false, {EOVERFLOW}},
      {C::memfd_create, "memfd_create", false, {EMFILE, ENFILE, ENOMEM}},
      {C::mkdir, "mkdir", false, {EACCES, ENOSPC, EMLINK}},
      {C::mmap, "mmap", false, {ENOMEM}},
      {C::open, "open", false, {EINTR, EMFILE, ENFILE, ENOMEM, EACCES, ENOSPC}},
      {C::pidfd_open, "pidfd_open", false, {EMFILE, ENFILE, ENOMEM}},
      {C::pidfd_send_signal, "pidfd_send_signal", false, {EPERM, ESRCH}},
      {C::pipe, "pipe", false, {EMFILE, ENFILE}},
      {C::poll, "poll", false, {EINTR, ENOMEM}},
      {C::read, "read", true, {EINTR, EAGAIN, EIO, ENOMEM}},
      {C::readlink, "readlink", false, {EIO, ENOMEM}},
      {C::recv, "recv", true, {EINTR, EAGAIN, ECONNRESET, ETIMEDOUT, ENOMEM}},
      {C::rename, "rename", false, {ENOSPC, EXDEV, EACCES}},
      {C::rmdir, "rmdir", false, {EBUSY, EACCES}},
      {C::send, "send", true, {EINTR, EAGAIN, EPIPE, ECONNRESET, ENOBUFS, ENOMEM}},
      {C::sendfile, "sendfile", true, {EINTR, EAGAIN, EPIPE, EIO, ENOMEM}},
      {C::setsockopt, "setsockopt", false, {ENOPROTOOPT, ENOMEM}},
      {C::shutdown, "shutdown", false, {ENOTCONN}},
      {C::sigaction, "sigaction", false, {EINVAL}},
      {C::socket, "socket", false, {EMFILE, ENFILE, ENOBUFS, ENOMEM}},
      {C::socketpair, "socketpair", false, {EMFILE, ENFILE}},
      {C::stat, "stat", false, {ENOMEM, EACCES}},
      {C::symlink, "symlink", false, {ENOSPC, EACCES}},
      {C::unlink, "unlink", false, {EBUSY, EACCES}},
      {C::waitid, "waitid", false, {EINTR, ECHILD}},
      {C::write, "write", true, {EINTR, EAGAIN, EPIPE, ENOSPC, EDQUOT, EIO}},
  };
  return rows;
}

bool is_passing(Faults::Call call, int error) noexcept {
  return error == EINTR || error == EAGAIN || call == Faults::Call::accept;
}

}  // namespace hob::testing
