// SPDX-License-Identifier: MIT
#include "sys/ipc.hpp"

#include "sys/fault.hpp"
#include "sys/process.hpp"
#include "sys/syscall.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace hob::sys {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

template <class F>
auto retrying(Call call, F perform) noexcept {
  decltype(perform()) result;
  do {
    result = fails(call) ? -1 : perform();
  } while (result < 0 && errno == EINTR);
  return result < 0 ? static_cast<decltype(result)>(-errno) : result;
}
// A packet travels whole or not at all. Who is told that the connection is lost has lost it, also
// when that was injected.
template <class F>
auto packet_moved(Call call, int socket, F perform) noexcept {
  const auto result = retrying(call, perform);
  if (fault_plan && (result == -EPIPE || result == -ECONNRESET)) ::shutdown(socket, SHUT_RDWR);
  return result;
}

ssize_t write_some(int fd, const char* data, std::size_t size) noexcept {
  ssize_t result;
  do {
    std::size_t some = size;
    result = fails(Call::write, fd, some) ? -1 : ::write(fd, data, some);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result;
}

union Control {  // aligned as cmsg(3) asks
  cmsghdr header;
  char bytes[CMSG_SPACE(kMaxPassed * sizeof(int))];
};

void take_passed(msghdr& message, Fd (&passed)[kMaxPassed]) noexcept {
  int next = 0;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      Fd owned(fd);
      if (next < kMaxPassed) passed[next++] = std::move(owned);
    }
  }
}

}  // namespace

int make_packet_pair(Fd (&ends)[2]) noexcept {
  if (const int fault = injected(Call::socketpair)) return fault;
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) return -errno;
  ends[0] = Fd(fds[0]);
  ends[1] = Fd(fds[1]);
  return 0;
}

int send_packet(int socket, const Piece* pieces, int count, const int* fds, int fd_count,
                bool block) noexcept {
  iovec parts[kMaxPieces];
  for (int i = 0; i < count; ++i) parts[i] = {const_cast<void*>(pieces[i].data), pieces[i].size};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = static_cast<std::size_t>(count);
  Control control{};
  if (fd_count > 0) {
    const auto size = static_cast<std::size_t>(fd_count) * sizeof(int);
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(c), fds, size);
  }
  const int flags = MSG_NOSIGNAL | (block ? 0 : MSG_DONTWAIT);
  const auto sent =
      packet_moved(Call::send, socket, [&] { return ::sendmsg(socket, &message, flags); });
  return sent < 0 ? static_cast<int>(sent) : 0;
}

long receive_packet(int socket, void* head, std::size_t head_size, void* body,
                    std::size_t body_size, Fd (&passed)[kMaxPassed], bool block) noexcept {
  iovec parts[2] = {{head, head_size}, {body, body_size}};
  Control control{};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  const int flags = MSG_CMSG_CLOEXEC | (block ? 0 : MSG_DONTWAIT);
  const auto received =
      packet_moved(Call::recv, socket, [&] { return ::recvmsg(socket, &message, flags); });
  if (received < 0) return received;
  take_passed(message, passed);
  if (message.msg_flags & MSG_TRUNC) return -EMSGSIZE;
  return received;
}

void shut_down(int socket) noexcept {
  static_cast<void>(injected(Call::shutdown));  // fails only when there is no connection any more
  ::shutdown(socket, SHUT_RDWR);
}

int wait_readable(const int* fds, bool* ready, std::size_t count) noexcept {
  // One block of pollfd per call; a server has a few dozen workers.
  auto* polls = static_cast<pollfd*>(std::calloc(count, sizeof(pollfd)));
  if (!polls) return -ENOMEM;
  for (std::size_t i = 0; i < count; ++i) polls[i] = {fds[i], POLLIN, 0};
  const int result = retrying(Call::poll, [&] { return ::poll(polls, count, -1); });
  for (std::size_t i = 0; i < count; ++i) ready[i] = result > 0 && polls[i].revents != 0;
  std::free(polls);
  return result;
}

int make_sealed_file(const Piece* pieces, std::size_t count, Fd& out) noexcept {
  if (const int fault = injected(Call::memfd_create)) return fault;
  Fd file(::memfd_create("hob", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0) return -errno;
  for (std::size_t i = 0; i < count; ++i) {
    const char* data = static_cast<const char*>(pieces[i].data);
    for (std::size_t left = pieces[i].size; left > 0;) {
      // write(2), not a mapping: when memory is short it fails, where a mapping raises SIGBUS.
      const auto n = write_some(file.get(), data, left);
      if (n < 0) return static_cast<int>(n);
      data += n;
      left -= static_cast<std::size_t>(n);
    }
  }
  if (fails(Call::fcntl) || ::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return -errno;
  out = std::move(file);
  return 0;
}

int map_sealed_file(int fd, const void** data, std::size_t* size) noexcept {
  if (const int fault = injected(Call::fcntl)) return fault;
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals) return -EINVAL;
  struct stat status;
  if (fails(Call::fstat) || ::fstat(fd, &status) != 0) return -errno;
  *data = nullptr;
  *size = static_cast<std::size_t>(status.st_size);
  if (*size == 0) return 0;
  if (const int fault = injected(Call::mmap)) return fault;
  void* mapped = ::mmap(nullptr, *size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (mapped == MAP_FAILED) return -errno;
  *data = mapped;
  return 0;
}

void unmap_file(const void* data, std::size_t size) noexcept {
  if (data) ::munmap(const_cast<void*>(data), size);
}

int fork_process(Fd& pidfd) noexcept {
  if (const int fault = injected(Call::fork)) return fault;
  const int pid = ::fork();
  if (pid <= 0) return pid < 0 ? -errno : 0;
  const int opened = pidfd_open(pid);
  pidfd = Fd(opened);
  if (opened >= 0) return pid;
  ::kill(pid, SIGKILL);  // nobody could wait for it later
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return opened;
}

int process_id() noexcept { return ::getpid(); }

namespace {

int threads_to_be_seen() noexcept {
  DIR* folder;
  do {
    folder = fails(Call::open) ? nullptr : ::opendir("/proc/self/task");
  } while (!folder && errno == EINTR);
  if (!folder) return single_threaded() ? 1 : -errno;
  int count = 0;
  while (const dirent* entry = ::readdir(folder)) count += entry->d_name[0] != '.';
  ::closedir(folder);
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  --count;
#endif
#elif defined(__SANITIZE_THREAD__)
  --count;
#endif
  return count;
}

}  // namespace

// A thread that was joined a moment ago is still to be seen for some microseconds.
int thread_count() noexcept {
  int count = threads_to_be_seen();
  for (int i = 0; i < 100 && count > 1; ++i) {
    ::usleep(100);
    count = threads_to_be_seen();
  }
  return count;
}

void flush_output() noexcept {
  std::fflush(stdout);
  std::fflush(stderr);
}

void exit_process(int code) noexcept {
  flush_output();
  ::_exit(code);
}

bool die_with_parent(int parent) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  return ::getppid() == parent;
}

void become_worker() noexcept {
  struct sigaction action{};
  ::sigemptyset(&action.sa_mask);
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction now{};
    // What a sanitizer or the program set for its crashes stays.
    if (signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
        signal == SIGABRT || signal == SIGTRAP)
      continue;
    if (::sigaction(signal, nullptr, &now) != 0) continue;
    action.sa_handler = signal == SIGINT ? SIG_IGN : SIG_DFL;
    ::sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (null.get() >= 0) ::dup2(null.get(), STDIN_FILENO);
}

void block_all_signals() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

const char* secure_environment(const char* name) noexcept { return ::secure_getenv(name); }
void remove_environment(const char* name) noexcept { ::unsetenv(name); }
char** environment() noexcept { return ::environ; }

const char* signal_name(int signal) noexcept {
  switch (signal) {
    case SIGHUP:
      return "SIGHUP";
    case SIGINT:
      return "SIGINT";
    case SIGQUIT:
      return "SIGQUIT";
    case SIGILL:
      return "SIGILL";
    case SIGTRAP:
      return "SIGTRAP";
    case SIGABRT:
      return "SIGABRT";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGKILL:
      return "SIGKILL";
    case SIGSEGV:
      return "SIGSEGV";
    case SIGPIPE:
      return "SIGPIPE";
    case SIGTERM:
      return "SIGTERM";
    case SIGXCPU:
      return "SIGXCPU";
    case SIGSYS:
      return "SIGSYS";
    default:
      return "a signal";
  }
}

const int kTryAgain = -EAGAIN;
const int kInterrupted = -EINTR;
const int kMessageTooBig = -EMSGSIZE;
const int kTooManyFiles = -EMFILE;
const int kBrokenPipe = -EPIPE;
const int kConnectionReset = -ECONNRESET;

}  // namespace hob::sys
