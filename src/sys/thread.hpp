// SPDX-License-Identifier: MIT
// What threads need of the kernel beyond std::thread: sleeping on a word of memory, and names.
#pragma once

#include <cstdint>

namespace hob::sys {

/// Sleeps while `*word` is `expected`, up to `timeout_ns` (negative: without limit): futex(2).
/// Also returns for no reason. Gives 0 or -ETIMEDOUT, -EAGAIN, -EINTR. Threads of one process only.
int futex_wait(const std::uint32_t* word, std::uint32_t expected, std::int64_t timeout_ns) noexcept;
/// Wakes up to `count` that sleep on `word`, which is an address only: it may be freed memory.
void futex_wake(const std::uint32_t* word, int count) noexcept;
extern const int kTimedOut;  // -ETIMEDOUT

/// Names the calling thread for top(1) and debuggers; the kernel keeps 15 characters.
void set_thread_name(const char* name) noexcept;

/// Tells the processor that this is a loop that waits.
inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#else
  asm volatile("" ::: "memory");
#endif
}

}  // namespace hob::sys
