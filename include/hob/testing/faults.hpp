// SPDX-License-Identifier: MIT
// Faults: makes system calls of this thread fail, to test what a program does then.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hob::testing {

/// While it lives, the library's calls of the kernel for this thread can be told to fail: the n-th
/// of a kind with an error, or with less than was asked for. Those that its helper threads make for
/// this thread's loops (files, names) and process pools are meant, too; so are those of a process
/// that the library forks from this one (StartMethod::fork), with a count of its own from there on.
/// One at a time in each thread.
///
///   Faults faults;
///   faults.fail(Faults::Call::accept, EMFILE);
class Faults {
 public:
  /// Calls by their manual pages; `read`, `recv`, `send`, `stat` and `write` are all of their
  /// families, `fsync` also fdatasync, `unlink` and `rmdir` also unlinkat. `clone`, `chdir` and
  /// `execve` are those that start a program, `mmap` those of large memory, of files and rings.
  /// `getaddrinfo` and `getnameinfo` fail with an EAI_* instead of an errno. A `close` that fails
  /// has closed, as on Linux, and a child whose `waitid` says ECHILD was reaped; sockets are closed
  /// without asking. Calls that only a wrong program sees fail are not here.
  enum class Call : std::uint8_t {
    accept,
    bind,
    chdir,
    clone,
    close,
    connect,
    epoll_create,
    epoll_ctl,
    epoll_wait,
    eventfd,
    execve,
    fcntl,
    fork,
    fstat,
    fsync,
    ftruncate,
    futex,
    getaddrinfo,
    getdents,
    getnameinfo,
    getpeername,
    getrandom,
    getsockname,
    getsockopt,
    io_uring_enter,
    io_uring_register,
    io_uring_setup,
    listen,
    lseek,
    memfd_create,
    mkdir,
    mmap,
    open,
    pidfd_open,
    pidfd_send_signal,
    pipe,
    poll,
    read,
    readlink,
    recv,
    rename,
    rmdir,
    send,
    sendfile,
    setsockopt,
    shutdown,
    sigaction,
    socket,
    socketpair,
    stat,
    symlink,
    unlink,
    waitid,
    write,
  };
  static constexpr std::size_t kCalls = 54;
  static constexpr std::size_t kAlways = static_cast<std::size_t>(-1);

  Faults();
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;
  ~Faults();

  /// The n-th call from now on (1 is the next) and those after it, `times` in all, fail with
  /// `error`, an errno. The kernel is not asked. After EAGAIN, and after a short count, a
  /// descriptor that has more becomes ready again, as the kernel would have it.
  void fail(Call call, int error, std::size_t nth = 1, std::size_t times = 1) noexcept;
  /// They move at most `size` bytes.
  void shorten(Call call, std::size_t size, std::size_t nth = 1,
               std::size_t times = kAlways) noexcept;
  /// How many of these calls were made, failed ones included.
  std::size_t calls(Call call) const noexcept;
  /// How many faults were injected.
  std::size_t injected() const noexcept;

 private:
  class Plan;
  Plan* plan_;
};

}  // namespace hob::testing
