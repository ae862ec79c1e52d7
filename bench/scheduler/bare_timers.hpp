// SPDX-License-Identifier: MIT
//
// The two timer stores of the hand-written baseline, with one interface:
//   insert(node, when)   when in nanoseconds on the loop's clock
//   erase(node)          node is pending
//   fire(now, f)         calls f(node) for each node due at `now`, each taken out first; f may
//   insert
//                        but not erase
//   next()               when to call fire again at the latest; kNever when empty
// They know no coroutine and no clock.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bare {

inline constexpr std::uint64_t kNever = ~std::uint64_t{0};

/// A 4-ary heap of 16-byte keys: four children share one cache line, and comparing them touches no
/// node. Exact order by time.
class TimerHeap {
 public:
  struct Node {
    std::uint32_t index;
  };

  bool empty() const { return keys_.empty(); }
  std::uint64_t next() const { return keys_.empty() ? kNever : keys_.front().when; }

  void insert(Node* node, std::uint64_t when) {
    keys_.push_back({when, node});
    up(keys_.size() - 1, {when, node});
  }

  void erase(Node* node) {
    std::size_t hole = node->index;
    Key last = keys_.back();
    keys_.pop_back();
    if (hole == keys_.size()) return;
    if (hole > 0 && last.when < keys_[(hole - 1) / 4].when)
      up(hole, last);
    else
      down(hole, last);
  }

  template <class F>
  void fire(std::uint64_t now, F&& f) {
    while (!keys_.empty() && keys_.front().when <= now) {
      Node* node = keys_.front().node;
      Key last = keys_.back();
      keys_.pop_back();
      if (!keys_.empty()) down(0, last);
      f(node);
    }
  }

 private:
  struct Key {
    std::uint64_t when;
    Node* node;
  };
  static_assert(sizeof(Key) == 16);

  void put(std::size_t at, Key key) {
    keys_[at] = key;
    key.node->index = std::uint32_t(at);
  }

  void up(std::size_t hole, Key key) {
    while (hole > 0) {
      std::size_t parent = (hole - 1) / 4;
      if (keys_[parent].when <= key.when) break;
      put(hole, keys_[parent]);
      hole = parent;
    }
    put(hole, key);
  }

  void down(std::size_t hole, Key key) {
    std::size_t size = keys_.size();
    for (;;) {
      std::size_t first = hole * 4 + 1;
      if (first >= size) break;
      std::size_t end = first + 4 < size ? first + 4 : size;
      std::size_t least = first;
      for (std::size_t i = first + 1; i < end; ++i)
        if (keys_[i].when < keys_[least].when) least = i;
      if (key.when <= keys_[least].when) break;
      put(hole, keys_[least]);
      hole = least;
    }
    put(hole, key);
  }

  std::vector<Key> keys_;
};

/// An intrusive hierarchical wheel: ticks of 1.024 us, 8 levels of 64 slots. Insert and erase touch
/// the node and its neighbours only. A timer fires at the end of its tick; order within one tick is
/// the reverse of insertion, which a library may not do.
class TimerWheel {
 public:
  struct Node {
    Node* next;
    Node** link;  // what points at this node
    std::uint64_t tick;
  };

  bool empty() const { return size_ == 0; }
  std::uint64_t next() const { return size_ == 0 ? kNever : next_slot().tick << kTickShift; }

  void insert(Node* node, std::uint64_t when) {
    std::uint64_t tick = (when >> kTickShift) + 1;
    node->tick = tick > now_ ? tick : now_ + 1;
    ++size_;
    place(node);
  }

  void erase(Node* node) {
    --size_;
    *node->link = node->next;
    if (node->next) {
      node->next->link = node->link;
      return;
    }
    // Perhaps the last of its slot: whether `link` lies in the slot array says which one.
    auto offset = std::size_t(node->link - &slots_[0][0]);
    if (offset < kLevels * 64) occupied_[offset / 64] &= ~(std::uint64_t{1} << offset % 64);
  }

  template <class F>
  void fire(std::uint64_t now, F&& f) {
    std::uint64_t tick = now >> kTickShift;
    while (size_ > 0) {
      Slot slot = next_slot();
      if (slot.tick > tick) break;
      now_ = slot.tick;
      Node* node = slots_[slot.level][slot.index];
      slots_[slot.level][slot.index] = nullptr;
      occupied_[slot.level] &= ~(std::uint64_t{1} << slot.index);
      while (node) {
        Node* rest = node->next;
        if (node->tick <= now_) {
          --size_;
          f(node);
        } else {
          place(node);
        }
        node = rest;
      }
    }
    if (tick > now_) now_ = tick;
  }

 private:
  static constexpr int kTickShift = 10;
  static constexpr unsigned kLevels = 8;

  struct Slot {
    unsigned level;
    unsigned index;
    std::uint64_t tick;
  };

  /// Puts a node where its tick first differs from now.
  void place(Node* node) {
    unsigned level = unsigned(63 - std::countl_zero((now_ ^ node->tick) | 63)) / 6;
    unsigned index = unsigned(node->tick >> 6 * level) & 63;
    Node** head = &slots_[level][index];
    node->next = *head;
    node->link = head;
    if (*head) (*head)->link = &node->next;
    *head = node;
    occupied_[level] |= std::uint64_t{1} << index;
  }

  /// The slot that is due first: nodes of a lower level are due before all of a higher one.
  Slot next_slot() const {
    for (unsigned level = 0; level < kLevels; ++level) {
      if (occupied_[level] == 0) continue;
      unsigned index = unsigned(std::countr_zero(occupied_[level]));
      std::uint64_t above = ~std::uint64_t{0} << 6 * (level + 1);
      return {level, index, (now_ & above) | std::uint64_t{index} << 6 * level};
    }
    return {0, 0, kNever};
  }

  std::uint64_t now_ = 0;
  std::size_t size_ = 0;
  std::uint64_t occupied_[kLevels] = {};
  Node* slots_[kLevels][64] = {};
};

}  // namespace bare
