// SPDX-License-Identifier: MIT
#include "sys/thread.hpp"

#include "sys/fault.hpp"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace hob::sys {

const int kTimedOut = -ETIMEDOUT;

int futex_wait(const std::uint32_t* word, std::uint32_t expected,
               std::int64_t timeout_ns) noexcept {
  if (const int fault = injected(Call::futex)) return fault;
  constexpr std::int64_t kSecond = 1'000'000'000;
  const timespec timeout{timeout_ns / kSecond, timeout_ns % kSecond};
  const long result = ::syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected,
                                timeout_ns < 0 ? nullptr : &timeout, nullptr, 0);
  return result < 0 ? -errno : 0;
}

void futex_wake(const std::uint32_t* word, int count) noexcept {
  ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

void set_thread_name(const char* name) noexcept {
  char shortened[16] = {};
  std::strncpy(shortened, name, sizeof shortened - 1);
  ::pthread_setname_np(::pthread_self(), shortened);
}

}  // namespace hob::sys
