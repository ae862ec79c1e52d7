// SPDX-License-Identifier: MIT
#include "loop/timer_wheel.hpp"

#include <bit>
#include <utility>

namespace hob::detail {

void TimerWheel::insert(TimerNode& node) noexcept {
  std::uint64_t tick = tick_after(node.when_ns);
  if (tick < now_tick_) tick = now_tick_;  // due: in the current slot, found by the next advance
  std::uint64_t differs = tick ^ now_tick_;
  if (differs >= kSpan) {  // beyond the wheel: its last slot, from where it is dealt out again
    tick = now_tick_ | (kSpan - 1);
    differs = tick ^ now_tick_;
  }
  const int level = differs == 0 ? 0 : (std::bit_width(differs) - 1) / kBits;
  const int slot = static_cast<int>(tick >> (level * kBits)) & (kSlots - 1);
  slots_[level * kSlots + slot].push_back(node);
  slots_used_[level][slot / 64] |= std::uint64_t{1} << (slot % 64);
  levels_used_ |= 1u << level;
}

void TimerWheel::remove(TimerNode& node) noexcept {
  // The last node of a slot has the slot's own head on both sides; if that is one of ours, its bit
  // goes out.
  const Link* head = node.next == node.prev ? node.next : nullptr;
  node.unlink();
  const auto* slot = static_cast<const LinkList*>(static_cast<const void*>(head));
  if (head && slot >= slots_ && slot < slots_ + kLevels * kSlots && slot->empty()) {
    const auto index = static_cast<int>(slot - slots_);
    clear_bit(index / kSlots, index % kSlots);
  }
}

void TimerWheel::clear_bit(int level, int slot) noexcept {
  slots_used_[level][slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  std::uint64_t used = 0;
  for (const std::uint64_t word : slots_used_[level]) used |= word;
  if (used == 0) levels_used_ &= ~(1u << level);
}

bool TimerWheel::find_next(Next& next) const noexcept {
  if (levels_used_ == 0) return false;
  // The lowest level in use holds the earliest timers: all of its slots lie within one slot of the
  // level above.
  const int level = std::countr_zero(levels_used_);
  int word = 0;
  while (slots_used_[level][word] == 0) ++word;
  const int slot = word * 64 + std::countr_zero(slots_used_[level][word]);
  const int shift = level * kBits;
  const std::uint64_t above = now_tick_ >> (shift + kBits) << (shift + kBits);
  next = {above | (static_cast<std::uint64_t>(slot) << shift), level, slot};
  return true;
}

std::int64_t TimerWheel::next_ns() const noexcept {
  Next next;
  if (!find_next(next)) return kNever;
  const std::uint64_t ns = next.tick * kTickNs;
  if (ns > static_cast<std::uint64_t>(kNever)) return kNever - 1;
  return static_cast<std::int64_t>(ns);
}

void TimerWheel::advance(std::int64_t now_ns, LinkList& due, std::size_t enough) noexcept {
  const std::uint64_t target = tick_before(now_ns);
  Next next;
  std::size_t found = 0;
  while (find_next(next) && next.tick <= target) {
    if (found >= enough) return;
    LinkList& slot = slots_[next.level * kSlots + next.slot];
    LinkList taken;
    taken.take_all(slot);
    clear_bit(next.level, next.slot);
    if (next.tick > now_tick_) now_tick_ = next.tick;
    if (next.level == 0) {
      sort_by_when(taken);
      // Only the far-future clamp puts a timer here that is not due yet.
      bool left = false;
      while (!taken.empty()) {
        auto& node = static_cast<TimerNode&>(taken.pop_front());
        if (tick_after(node.when_ns) <= now_tick_) {
          due.push_back(node);
          ++found;
        } else {
          if (!std::exchange(left, true)) ++now_tick_;  // else insert would choose this slot again
          insert(node);
        }
      }
    } else {
      while (!taken.empty()) {
        auto& node = static_cast<TimerNode&>(taken.pop_front());
        __builtin_prefetch(taken.front()->next);
        insert(node);
      }
    }
  }
  if (target > now_tick_) now_tick_ = target;
}

// Stable merge sort of a slot by exact time: a tick is 1000 ns wide. Nearly always already in
// order.
void TimerWheel::sort_by_when(LinkList& list) noexcept {
  const auto when = [](const Link* link) { return static_cast<const TimerNode*>(link)->when_ns; };
  bool sorted = true;
  for (const Link* link = list.front(); link != list.end() && link->next != list.end();
       link = link->next) {
    sorted = sorted && when(link) <= when(link->next);
  }
  if (sorted) return;
  // Few, as almost always: each goes back over those that are later.
  constexpr int kFew = 32;
  struct Entry {
    std::int64_t when;
    Link* link;
  };
  Entry few[kFew];
  int count = 0;
  Link* link = list.front();
  for (; link != list.end() && count < kFew; link = link->next) {
    const Entry entry{when(link), link};
    int at = count++;
    for (; at > 0 && few[at - 1].when > entry.when; --at) few[at] = few[at - 1];
    few[at] = entry;
  }
  if (link == list.end()) {
    list.relink(few, count, [](const Entry& entry) { return entry.link; });
    return;
  }
  // Bottom up: runs[i] holds 2^i sorted nodes, older than those of all lower runs.
  LinkList runs[40];
  const auto merge = [&](LinkList& older, LinkList& newer) {
    LinkList merged;
    while (!older.empty() && !newer.empty()) {
      merged.push_back(when(newer.front()) < when(older.front()) ? newer.pop_front()
                                                                 : older.pop_front());
    }
    merged.take_all(older);
    merged.take_all(newer);
    older.take_all(merged);
  };
  while (!list.empty()) {
    LinkList carry;
    carry.push_back(list.pop_front());
    int i = 0;
    for (; !runs[i].empty(); ++i) {
      merge(runs[i], carry);
      carry.take_all(runs[i]);
    }
    runs[i].take_all(carry);
  }
  for (LinkList& run : runs) {
    if (run.empty()) continue;
    merge(run, list);
    list.take_all(run);
  }
}

}  // namespace hob::detail
