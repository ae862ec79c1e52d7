// SPDX-License-Identifier: MIT
// BlockAudit: which blocks of the frame allocator are alive, for tests. It costs the allocator's
// fast path nothing: while an audit runs the thread's free lists stay empty, so every call is a
// slow one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace hob::detail {

/// Watches this thread's blocks (coroutine frames, futures, tasks, handles, messages) from its
/// construction to its destruction. Audits nest. What another thread frees still counts as alive.
class BlockAudit {
 public:
  struct Block {
    std::size_t size;
    std::uint64_t sequence;  // the how many-th allocation of this audit it was
  };

  BlockAudit();
  BlockAudit(const BlockAudit&) = delete;
  BlockAudit& operator=(const BlockAudit&) = delete;
  ~BlockAudit();

  /// What was allocated since and is not freed, oldest first.
  std::vector<Block> live() const;

  // For the allocator.
  void* allocate(std::size_t size);
  /// Frees a block of this audit; false when it is not one.
  bool forget(void* block) noexcept;

 private:
  BlockAudit* outer_;
  std::unordered_map<void*, Block> live_;
  std::uint64_t sequence_ = 0;
};

}  // namespace hob::detail
