// SPDX-License-Identifier: MIT
#include "sys/syscall.hpp"

#include "sys/fault.hpp"
#include "sys/world.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/single_threaded.h>
#include <unistd.h>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>

namespace hob::sys {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t read_clock(clockid_t clock) noexcept {
  timespec ts;
  ::clock_gettime(clock, &ts);
  return ts.tv_sec * kSecond + ts.tv_nsec;
}

int result_of(int value) noexcept { return value < 0 ? -errno : value; }

}  // namespace

std::int64_t monotonic_ns() noexcept { return read_clock(CLOCK_MONOTONIC); }
std::int64_t monotonic_coarse_ns() noexcept { return read_clock(CLOCK_MONOTONIC_COARSE); }

void* map_huge(unsigned long size) noexcept {
  if (injected(Call::mmap) != 0) return nullptr;
  constexpr unsigned long kHuge = 2ul << 20;
  void* mapped =
      ::mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* begin = static_cast<char*>(mapped);
  char* aligned = begin + (kHuge - reinterpret_cast<std::uintptr_t>(begin) % kHuge) % kHuge;
  if (aligned > begin) ::munmap(begin, static_cast<unsigned long>(aligned - begin));
  if (aligned < begin + kHuge)
    ::munmap(aligned + size, static_cast<unsigned long>(begin + kHuge - aligned));
  prefer_huge_pages(aligned, size);
  return aligned;
}

void prefer_huge_pages(const void* begin, std::size_t size) noexcept {
  constexpr std::uintptr_t kPage = 4096;
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t first = (address + kPage - 1) / kPage * kPage;
  const std::uintptr_t last = (address + size) / kPage * kPage;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
}

int epoll_create() noexcept {
  if (const int fault = injected(Call::epoll_create)) return fault;
  return result_of(::epoll_create1(EPOLL_CLOEXEC));
}

int epoll_control(int epoll, int operation, int fd, std::uint32_t events,
                  std::uint64_t data) noexcept {
  if (fault_plan) [[unlikely]] {
    // Taking out cannot fail for want of anything.
    const int fault = operation == EPOLL_CTL_DEL ? 0 : injected(Call::epoll_ctl);
    if (fault != 0) return fault;
    if (operation == EPOLL_CTL_ADD) fault_plan->added(epoll, fd, events, data);
  }
  if (is_virtual(fd)) [[unlikely]] {
    World& world = world_of_descriptors();
    if (operation != EPOLL_CTL_DEL) return world.watch(fd, data);
    world.unwatch(fd);
    return 0;
  }
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  return result_of(::epoll_ctl(epoll, operation, fd, &event));
}

namespace {

int epoll_wait_once(int epoll, epoll_event* events, int max, std::int64_t timeout_ns) noexcept {
  if (const int fault = injected(Call::epoll_wait)) return fault;
  static bool has_pwait2 = true;  // a race writes false twice
  if (has_pwait2) {
    timespec ts{timeout_ns / kSecond, timeout_ns % kSecond};
    const int n =
        result_of(::epoll_pwait2(epoll, events, max, timeout_ns < 0 ? nullptr : &ts, nullptr));
    if (n != -ENOSYS) return n;
    has_pwait2 = false;
  }
  int timeout_ms = -1;
  if (timeout_ns >= 0) {
    const std::int64_t ms = (timeout_ns + 999'999) / 1'000'000;
    timeout_ms = ms > INT_MAX ? INT_MAX : static_cast<int>(ms);
  }
  return result_of(::epoll_wait(epoll, events, max, timeout_ms));
}

}  // namespace

// Who asks without waiting wants to know what there is: to virtual time an interruption would look
// like nothing.
int epoll_wait(int epoll, epoll_event* events, int max, std::int64_t timeout_ns) noexcept {
  int n = epoll_wait_once(epoll, events, max, timeout_ns);
  while (n == -EINTR && timeout_ns == 0) n = epoll_wait_once(epoll, events, max, timeout_ns);
  return n;
}

int descriptor_error(int fd) noexcept { return ::fcntl(fd, F_GETFD) < 0 ? -errno : 0; }

int event_fd() noexcept {
  if (const int fault = injected(Call::eventfd)) return fault;
  return result_of(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

void event_fd_signal(int fd) noexcept {
  const int saved = errno;  // may run inside a signal handler
  const std::uint64_t one = 1;
  // EAGAIN means that the counter is full: the reader is told all the same.
  [[maybe_unused]] const auto n = ::write(fd, &one, sizeof one);
  errno = saved;
}

void set_timer_slack_ns(unsigned long ns) noexcept { ::prctl(PR_SET_TIMERSLACK, ns, 0, 0, 0); }

bool single_threaded() noexcept { return __libc_single_threaded; }

std::uintptr_t thread_id() noexcept { return static_cast<std::uintptr_t>(::pthread_self()); }

bool is_main_thread() noexcept { return ::gettid() == ::getpid(); }

const int kSigInt = SIGINT;

int signal_action(int signal, void (*handler)(int)) noexcept {
  if (const int fault = handler ? injected(Call::sigaction) : 0) return fault;
  struct sigaction action{};
  action.sa_handler = handler ? handler : SIG_DFL;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  return result_of(::sigaction(signal, &action, nullptr));
}

bool signal_is_default(int signal) noexcept {
  struct sigaction action{};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_DFL;
}

void write_stderr(const char* data, unsigned long size) noexcept {
  while (size > 0) {
    const auto n = ::write(STDERR_FILENO, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    data += n;
    size -= static_cast<unsigned long>(n);
  }
}

}  // namespace hob::sys
