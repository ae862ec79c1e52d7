// SPDX-License-Identifier: MIT
// TimerWheel: 6 levels of 256 slots, one tick is 1 us, so it spans 2^48 us (8.9 years; later timers
// wait in the last level and are looked at again). Insert and remove are O(1) and leave nothing
// behind; due timers come out in order of (when, insertion). It knows nothing of clocks or loops.
//
// A timer sits at the level of the highest bit in which its tick differs from the wheel's. When the
// wheel reaches a slot of level n > 0, the slot is dealt out to the levels below. Timers of equal
// ticks never overtake each other: both are always in the same slot, in order.
#pragma once

#include <hob/core/node.hpp>
#include <hob/loop/handle.hpp>

#include <cstddef>
#include <cstdint>

namespace hob::detail {

class TimerWheel {
 public:
  static constexpr std::int64_t kTickNs = 1000;
  static constexpr std::int64_t kNever = INT64_MAX;

  explicit TimerWheel(std::int64_t now_ns) noexcept : now_tick_(tick_before(now_ns)) {}

  bool empty() const noexcept { return levels_used_ == 0; }
  void insert(TimerNode& node) noexcept;
  /// Takes `node` out of whatever list it is in (a slot of this wheel, or a list of due timers).
  void remove(TimerNode& node) noexcept;
  /// A time at or before which `advance` has something to do; kNever when empty. Exact for the next
  /// 256 ticks, else the start of the slot that holds the next timer.
  std::int64_t next_ns() const noexcept;
  /// Moves the wheel to `now_ns` and appends all timers that are due to `due`, in order: those
  /// whose `when_ns`, rounded up to a tick, has passed. Never early, at most a tick late. Stops
  /// after the tick in which `enough` were found; the next call goes on from there.
  void advance(std::int64_t now_ns, LinkList& due, std::size_t enough = SIZE_MAX) noexcept;

 private:
  static constexpr int kLevels = 6;
  static constexpr int kBits = 8;  // each level less is one move less for timers that fire
  static constexpr int kSlots = 1 << kBits;
  static constexpr std::uint64_t kSpan = std::uint64_t{1} << (kLevels * kBits);

  static std::uint64_t tick_before(std::int64_t ns) noexcept {
    return ns <= 0 ? 0 : static_cast<std::uint64_t>(ns / kTickNs);
  }
  static std::uint64_t tick_after(std::int64_t ns) noexcept {
    return ns <= 0 ? 0 : (static_cast<std::uint64_t>(ns) + kTickNs - 1) / kTickNs;
  }
  struct Next {
    std::uint64_t tick;  // when the slot begins
    int level;
    int slot;
  };
  bool find_next(Next& next) const noexcept;
  void clear_bit(int level, int slot) noexcept;
  static void sort_by_when(LinkList& slot) noexcept;

  std::uint64_t now_tick_;
  std::uint32_t levels_used_ = 0;
  static constexpr int kWords = kSlots / 64;
  std::uint64_t slots_used_[kLevels][kWords] = {};
  LinkList slots_[kLevels * kSlots];
};

}  // namespace hob::detail
