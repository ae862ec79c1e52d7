// SPDX-License-Identifier: MIT
#include <hob/core/memory.hpp>

#include "core/block_audit.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOB_POOL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define HOB_POOL 0
#endif
#endif
#ifndef HOB_POOL
#define HOB_POOL 1
#endif

namespace hob::detail {

constinit thread_local FreeList free_lists[kPoolMax / kPoolStep] = {};
const bool pool_enabled = HOB_POOL;

namespace {

constexpr std::size_t kSlabBytes = 64 * 1024;
constexpr std::size_t kSmallSlabs = 32;  // from the heap: a small program stays small
constexpr std::size_t kChunkBytes =
    4 * 1024 * 1024;  // then from chunks that the kernel backs by huge pages

constexpr std::size_t class_of(std::size_t size) { return (size - 1) / kPoolStep; }
constexpr std::size_t bytes_of(std::size_t index) { return (index + 1) * kPoolStep; }

std::atomic<ChunkSource> chunk_source{nullptr};

// What threads gave back: whole chains, so that a thread takes thousands of blocks under one lock.
// Slabs are never unmapped (their blocks scatter); memory stays at its peak and is reused, as with
// most allocators.
class Depot {
 public:
  void give(std::size_t index, FreeBlock* chain) noexcept {
    if (!chain) return;
    auto* entry = reinterpret_cast<Entry*>(chain);
    FreeBlock* rest = chain->next;
    const std::lock_guard lock(mutex_);
    *entry = {chains_[index], rest};
    chains_[index] = entry;
  }

  FreeBlock* take(std::size_t index) noexcept {
    const std::lock_guard lock(mutex_);
    Entry* entry = chains_[index];
    if (!entry) return nullptr;
    chains_[index] = entry->next_chain;
    FreeBlock* rest = entry->rest;
    auto* head = reinterpret_cast<FreeBlock*>(entry);
    head->next = rest;
    return head;
  }

  std::byte* new_slab() {
    const std::lock_guard lock(mutex_);
    if (slabs_ < kSmallSlabs) {
      ++slabs_;
      return static_cast<std::byte*>(::operator new(kSlabBytes));
    }
    if (chunk_ == chunk_end_) {
      const ChunkSource source = chunk_source.load(std::memory_order_acquire);
      chunk_ = source ? static_cast<std::byte*>(source(kChunkBytes)) : nullptr;
      if (!chunk_) {
        chunk_end_ = nullptr;
        return static_cast<std::byte*>(::operator new(kSlabBytes));
      }
      chunk_end_ = chunk_ + kChunkBytes;
    }
    return std::exchange(chunk_, chunk_ + kSlabBytes);
  }

 private:
  // Laid over the first block of a chain: 16 bytes, the smallest block there is.
  struct Entry {
    Entry* next_chain;
    FreeBlock* rest;
  };
  static_assert(sizeof(Entry) <= kPoolStep);

  // Unused room for slabs. A huge page is one page fault and one TLB entry where there were 512 of
  // each.
  std::size_t slabs_ = 0;
  std::byte* chunk_ = nullptr;
  std::byte* chunk_end_ = nullptr;

  std::mutex mutex_;
  Entry* chains_[kPoolMax / kPoolStep] = {};
};

// Leaked on purpose: threads may end after static destructors ran.
Depot& depot() {
  static Depot* const instance = new Depot;
  return *instance;
}

void give_all_to_depot() noexcept {
  for (std::size_t i = 0; i < kPoolMax / kPoolStep; ++i) {
    depot().give(i, free_lists[i].head);
    free_lists[i] = {};
  }
}

thread_local bool thread_ended = false;

// Gives a thread's blocks back when it ends. Touched only on the slow path, so that the fast one
// needs no guard.
struct ThreadEnd {
  bool armed = false;
  ~ThreadEnd() {
    give_all_to_depot();
    thread_ended = true;
  }
};
thread_local ThreadEnd thread_end;

thread_local BlockAudit* audit = nullptr;

FreeBlock* carve_slab(std::size_t index) {
  const std::size_t size = bytes_of(index);
  const std::size_t count = kSlabBytes / size;
  std::byte* slab = depot().new_slab();
  for (std::size_t i = 0; i < count; ++i) {
    auto* block = reinterpret_cast<FreeBlock*>(slab + i * size);
    block->next = i + 1 < count ? reinterpret_cast<FreeBlock*>(slab + (i + 1) * size) : nullptr;
  }
  return reinterpret_cast<FreeBlock*>(slab);
}

}  // namespace

void* allocate_slow(std::size_t size) {
  if (audit) [[unlikely]]
    return audit->allocate(size);
  if (!pool_enabled || size > kPoolMax || size == 0) return ::operator new(size);
  if (!thread_ended) thread_end.armed = true;
  const std::size_t index = class_of(size);
  FreeBlock* block = depot().take(index);
  if (!block) block = carve_slab(index);
  free_lists[index] = {block->next, -kFreeListMax};
  return block;
}

void deallocate_slow(void* block, std::size_t size) noexcept {
  if (size <= kPoolMax && size != 0) --free_lists[class_of(size)].count;
  if (audit && audit->forget(block)) [[unlikely]]
    return;
  if (!pool_enabled || size > kPoolMax || size == 0) {
    ::operator delete(block);
    return;
  }
  const std::size_t index = class_of(size);
  auto* free = static_cast<FreeBlock*>(block);
  free->next = nullptr;
  if (audit || thread_ended) return depot().give(index, free);
  thread_end.armed = true;
  FreeList& list = free_lists[index];
  depot().give(index, list.head);
  list = {free, 1 - kFreeListMax};
}

BlockAudit::BlockAudit() : outer_(audit) {
  give_all_to_depot();  // empty lists send every call to the slow path, and there to this audit
  audit = this;
}

BlockAudit::~BlockAudit() { audit = outer_; }

void* BlockAudit::allocate(std::size_t size) {
  const bool pooled = pool_enabled && size <= kPoolMax && size != 0;
  void* block = ::operator new(pooled ? bytes_of(class_of(size)) : size);  // may end in the pool
  try {
    live_.emplace(block, Block{size, ++sequence_});
  } catch (...) {
    ::operator delete(block);
    throw;
  }
  return block;
}

bool BlockAudit::forget(void* block) noexcept {
  if (live_.erase(block) == 0) return outer_ && outer_->forget(block);
  ::operator delete(block);
  return true;
}

std::vector<BlockAudit::Block> BlockAudit::live() const {
  std::vector<Block> blocks;
  for (const auto& entry : live_) blocks.push_back(entry.second);
  std::sort(blocks.begin(), blocks.end(),
            [](const Block& a, const Block& b) { return a.sequence < b.sequence; });
  return blocks;
}

void set_chunk_source(ChunkSource source) noexcept {
  chunk_source.store(source, std::memory_order_release);
}

}  // namespace hob::detail
