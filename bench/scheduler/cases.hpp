// SPDX-License-Identifier: MIT
//
// The cases of the scheduler benchmark: how many operations each does, and the random numbers they
// share, so that every subject does the same work. What a case is, is said here and nowhere else.
// asyncio.py repeats the sizes; it must not include any subject.
#pragma once

#include <chrono>
#include <cstdint>

namespace cases {

using std::chrono::nanoseconds;

// await_ready      await a child coroutine (never inlined) that returns its argument plus one.
// spawn_join       make a task of such a child and await its result.
// yield            one task alone reschedules itself: sleep(0).
// yield_100        a hundred tasks take turns doing so; per reschedule.
// queue_ping_pong  two tasks, two queues of capacity one; one round trip of an int.
// call_soon        post a callback and run it; kBatch of them are posted per turn of the loop.
inline constexpr std::uint64_t kAwaits = 2'000'000;
inline constexpr std::uint64_t kSpawns = 1'000'000;
inline constexpr std::uint64_t kYields = 2'000'000;
inline constexpr std::uint64_t kYielders = 100;
inline constexpr std::uint64_t kRoundTrips = 500'000;
inline constexpr std::uint64_t kCalls = 2'000'000;
inline constexpr std::uint64_t kBatch = 100;

// timer_set_cancel with kOutstanding timers pending, a turn of the loop sets kBatch timers and then
//                  cancels them in the order they were set; per pair.
// timer_rearm      with the same pending, a random one is cancelled and set to a new random time.
// timer_fire       set `count` timers (callbacks) at random times, let all of them fire.
inline constexpr std::uint64_t kOutstanding = 100'000;
inline constexpr std::uint64_t kTimerPairs = 500'000;
inline constexpr std::uint64_t kFires = 1'000'000;

// gather_100k      run that many children that return at once, await all their results, in a fresh
//                  process: pages are touched for the first time, as in a program that does it
//                  once.
// gather_100k_warm the same again in the same process.
// sleepers_*       start that many tasks, all asleep at once, each until a random time, and await
//                  their end: resident bytes each when all sleep, CPU each from start to end.
inline constexpr std::uint64_t kGathered = 100'000;
inline constexpr std::uint64_t kSleepersFew = 100'000;
inline constexpr std::uint64_t kSleepersMany = 1'000'000;

/// xorshift64*: cheap enough not to be what is measured.
class Random {
 public:
  std::uint64_t operator()() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1Du;
  }
  std::uint64_t below(std::uint64_t limit) { return ((*this)() >> 32) * limit >> 32; }

  /// When an outstanding timer is due: one to two minutes away, so that none fires.
  nanoseconds far() {
    return nanoseconds(60'000'000'000 + std::int64_t((*this)() % 60'000'000'000u));
  }

  /// When a timer that shall fire is due: 100 ns of time for each of `count`, so that once the
  /// first is due a fast loop stays busy, and the kernel's wake-ups are not what is measured.
  nanoseconds soon(std::uint64_t count) {
    return nanoseconds(std::int64_t((*this)() % (count * 100)));
  }

 private:
  std::uint64_t state_ = 0x9E3779B97F4A7C15u;
};

}  // namespace cases
