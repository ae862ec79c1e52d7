// SPDX-License-Identifier: MIT
#include "sys/process.hpp"

#include "sys/fault.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#ifdef __GLIBC__
// The same function; ThreadSanitizer intercepts the other name and takes a shared address space for
// a copied one.
extern "C" int __clone(int (*fn)(void*), void* stack, int flags, void* arg, ...) noexcept;
#define HOB_CLONE __clone
#else
#define HOB_CLONE ::clone
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

namespace hob::sys {
namespace {

constexpr unsigned kCloseRangeCloexec = 4;           // linux/close_range.h
constexpr auto kIdPidfd = static_cast<idtype_t>(3);  // P_PIDFD of newer headers
constexpr int kSignals = 64;
constexpr int kDescriptorsMax = 65'536;  // looked at one by one before Linux 5.11

struct KernelSigaction {  // as rt_sigaction has it
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  unsigned long mask;
};

struct Child {
  const SpawnRequest& request;
  unsigned long signal_mask;  // the parent's
  int error = 0;
  const char* failed = "";
  int chdir_fault = 0;  // injected: -errno
  int exec_fault = 0;
};

int fail(Child& child, const char* what, int error) {
  child.failed = what;
  child.error = error;
  return 127;
}

// The child shares the parent's memory until it runs the new program, and the parent's thread
// stands still meanwhile. So: system calls only, and those by number, because sanitizers keep books
// about some of the library's functions.

__attribute__((no_sanitize("thread", "address", "undefined"))) void reset_signals(
    const SpawnRequest& request) {
  for (int signal = 1; signal <= kSignals; ++signal) {
    KernelSigaction action{};
    if (::syscall(SYS_rt_sigaction, signal, nullptr, &action, sizeof action.mask) != 0) continue;
    const bool ignored = action.handler == SIG_IGN;
    const bool undo = request.default_sigpipe && (signal == SIGPIPE || signal == SIGXFSZ);
    if (action.handler == SIG_DFL || (ignored && !undo)) continue;
    action = {};
    ::syscall(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
  }
}

__attribute__((no_sanitize("thread", "address", "undefined"))) int set_up_descriptors(
    Child& child) {
  const SpawnRequest& request = child.request;
  int from[3];
  for (int i = 0; i < 3; ++i) {  // out of the way first: stdout may become 2, and stderr 1
    from[i] = request.stdio[i];
    if (from[i] < 0 || from[i] > 2) continue;
    from[i] = static_cast<int>(::syscall(SYS_fcntl, from[i], F_DUPFD_CLOEXEC, 3));
    if (from[i] < 0) return fail(child, "fcntl", errno);
  }
  for (int i = 0; i < 3; ++i) {
    if (from[i] >= 0 && ::syscall(SYS_dup3, from[i], i, 0) < 0) return fail(child, "dup3", errno);
  }
  if (request.close_fds && ::syscall(SYS_close_range, 3u, ~0u, kCloseRangeCloexec) != 0) {
    for (int fd = 3; fd < kDescriptorsMax; ++fd) ::syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
  }
  for (std::size_t i = 0; i < request.pass_count; ++i) {
    if (::syscall(SYS_fcntl, request.pass_fds[i], F_SETFD, 0) < 0)
      return fail(child, "pass_fds", errno);
  }
  return 0;
}

__attribute__((no_sanitize("thread", "address", "undefined"))) int run_child(void* argument) {
  auto& child = *static_cast<Child*>(argument);
  const SpawnRequest& request = child.request;
  if (const int code = set_up_descriptors(child); code != 0) return code;
  if (child.chdir_fault != 0) return fail(child, "chdir", -child.chdir_fault);
  if (request.cwd && ::syscall(SYS_chdir, request.cwd) != 0) return fail(child, "chdir", errno);
  if (request.new_session && ::syscall(SYS_setsid) < 0) return fail(child, "setsid", errno);
  if (request.process_group >= 0 && ::syscall(SYS_setpgid, 0, request.process_group) != 0)
    return fail(child, "setpgid", errno);
  reset_signals(request);
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &child.signal_mask, nullptr, sizeof child.signal_mask);
  if (child.exec_fault != 0) return fail(child, "execve", -child.exec_fault);
  int error = 0;
  for (const char* const* path = request.paths; *path; ++path) {
    ::syscall(SYS_execve, *path, request.argv, request.envp);
    if (error == 0 && errno != ENOENT && errno != ENOTDIR) error = errno;
  }
  return fail(child, "execve", error != 0 ? error : errno);
}

int result_of(long value) noexcept { return value < 0 ? -errno : static_cast<int>(value); }

}  // namespace

int spawn(const SpawnRequest& request, Spawned& out) noexcept {
  if (const int fault = injected(Call::clone)) {
    out.failed = "clone";
    return fault;
  }
  alignas(
      64) char stack[32'768];  // the parent's thread waits, so its stack has room for the child's
  Child child{request, 0};
  if (request.cwd) child.chdir_fault = injected(Call::chdir);
  if (child.chdir_fault == 0) child.exec_fault = injected(Call::execve);
  // A handler that ran in the child would change the parent's memory.
  const unsigned long all = ~0ul;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &child.signal_mask, sizeof all);
  int pidfd = -1;
  const int pid = HOB_CLONE(&run_child, stack + sizeof stack,
                            CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child, &pidfd);
  const int error = errno;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &child.signal_mask, nullptr, sizeof all);
  if (pid < 0) {
    out.failed = "clone";
    return -error;
  }
  out.pidfd = Fd(pidfd);
  if (child.error != 0) {
    ExitStatus status;
    wait_child(pidfd, true, status);
    out.pidfd = {};
    out.failed = child.failed;
    return -child.error;
  }
  out.pid = pid;
  return 0;
}

int pidfd_open(int pid) noexcept {
  if (const int fault = injected(Call::pidfd_open)) return fault;
  return result_of(::syscall(SYS_pidfd_open, pid, 0));
}

int pidfd_send_signal(int pidfd, int signal) noexcept {
  if (const int fault = injected(Call::pidfd_send_signal)) return fault;
  return result_of(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

int wait_child(int pidfd, bool block, ExitStatus& status) noexcept {
  siginfo_t info{};
  const int options = WEXITED | (block ? 0 : WNOHANG);
  int fault;
  do {
    fault = injected(Call::waitid);
  } while (fault == -EINTR);
  int result;
  do {
    result = ::waitid(kIdPidfd, static_cast<id_t>(pidfd), &info, options);
  } while (result < 0 && errno == EINTR);
  if (result < 0) return -errno;
  if (info.si_pid == 0) return 0;
  if (fault != 0) return fault;  // "somebody else has reaped it" is made true
  status.returncode = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
  return 1;
}

int make_pipe(Fd (&ends)[2]) noexcept {
  if (const int fault = injected(Call::pipe)) return fault;
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return -errno;
  ends[0] = Fd(fds[0]);
  ends[1] = Fd(fds[1]);
  return 0;
}

int open_dev_null() noexcept {
  int fd;
  do {
    fd = fails(Call::open) ? -1 : ::open("/dev/null", O_RDWR | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  return result_of(fd);
}
int duplicate(int fd) noexcept {
  if (const int fault = injected(Call::fcntl)) return fault;
  return result_of(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
}
const char* environment_variable(const char* name) noexcept { return std::getenv(name); }

void at_fork(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept {
  ::pthread_atfork(before, in_parent, in_child);
}

const int kSigTerm = SIGTERM;
const int kSigKill = SIGKILL;

}  // namespace hob::sys
