// SPDX-License-Identifier: MIT
// The only door to the kernel: one thin wrapper per call, each gives `result >= 0` or `-errno`.
// Nothing else in Hob includes a platform header, so this is the seam where faults are injected and
// ports are made.
#pragma once

#include <sys/epoll.h>
#include <cstddef>
#include <cstdint>

namespace hob::sys {

/// CLOCK_MONOTONIC, nanoseconds. ~22 ns through the vDSO.
std::int64_t monotonic_ns() noexcept;
/// CLOCK_MONOTONIC_COARSE: the same clock at the last timer interrupt (1 to 4 ms old), a quarter of
/// the price.
std::int64_t monotonic_coarse_ns() noexcept;

int epoll_create() noexcept;
int epoll_control(int epoll, int operation, int fd, std::uint32_t events,
                  std::uint64_t data) noexcept;
/// Waits up to `timeout_ns` (negative: without limit) with nanosecond resolution where the kernel
/// has epoll_pwait2 (5.11), else rounded up to milliseconds.
int epoll_wait(int epoll, epoll_event* events, int max, std::int64_t timeout_ns) noexcept;
int event_fd() noexcept;
/// 0, or -EBADF when it is no open descriptor.
int descriptor_error(int fd) noexcept;
/// Memory aligned to 2 MiB, preferably in huge pages; null when there is none. Never given back.
void* map_huge(unsigned long size) noexcept;
/// A hint, for memory that was not touched yet: without it there are more page faults, no more.
void prefer_huge_pages(const void* begin, std::size_t size) noexcept;
/// Adds 1 to an eventfd. Async-signal-safe; any thread.
void event_fd_signal(int fd) noexcept;

/// Lets this thread's timeouts be exact to the nanosecond instead of the default 50 us: prctl(2),
/// PR_SET_TIMERSLACK.
void set_timer_slack_ns(unsigned long ns) noexcept;
/// Whether the process has had one thread only, all its life (glibc's __libc_single_threaded).
bool single_threaded() noexcept;
/// An identifier of the calling thread.
std::uintptr_t thread_id() noexcept;

/// Whether the caller is the process's first thread.
bool is_main_thread() noexcept;

extern const int kSigInt;
/// Installs `handler` for `signal`, or the default when null. SA_RESTART, as asyncio's
/// siginterrupt(False).
int signal_action(int signal, void (*handler)(int)) noexcept;
/// Whether `signal` has its default action.
bool signal_is_default(int signal) noexcept;

/// write(2) to stderr, whole, best effort.
void write_stderr(const char* data, unsigned long size) noexcept;

}  // namespace hob::sys
