// SPDX-License-Identifier: MIT
// The frame allocator: coroutine frames, tasks and handles come from thread-local free lists by
// size class (16-byte steps up to 1 KiB), because the allocation is most of what an await would
// cost otherwise (25 ns with malloc, 11 ns here). Blocks may be freed on another thread: a list
// that grows too long gives half of itself to a shared depot. Under AddressSanitizer and
// ThreadSanitizer the pool is off, so that they see each block.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hob::detail {

inline constexpr std::size_t kPoolStep = 16;
inline constexpr std::size_t kPoolMax = 1024;
inline constexpr std::int32_t kFreeListMax = 8192;

struct FreeBlock {
  FreeBlock* next;
};
/// Looks full and is empty at first: both directions then take the slow path, which looks after the
/// thread's end and after builds that do not pool.
struct FreeList {
  FreeBlock* head = nullptr;
  std::int32_t count =
      0;  // how many more were freed than taken, minus kFreeListMax: a bound, not a length
};

extern constinit thread_local FreeList free_lists[kPoolMax / kPoolStep]
    __attribute__((tls_model("initial-exec")));
/// Whether the library was built to pool. Inline code need not ask: without the pool every list
/// stays as it is.
extern const bool pool_enabled;

/// Where big chunks of slabs come from once a program needs many; gives null when it has none. The
/// layer that knows the kernel sets it; until then slabs come from operator new.
using ChunkSource = void* (*)(unsigned long bytes) noexcept;
void set_chunk_source(ChunkSource source) noexcept;

void* allocate_slow(std::size_t size);
void deallocate_slow(void* block, std::size_t size) noexcept;

/// Gives `size` bytes aligned to 16. Throws std::bad_alloc.
inline void* allocate(std::size_t size) {
  if (size <= kPoolMax && size != 0) [[likely]] {
    FreeList& list = free_lists[(size - 1) / kPoolStep];
    if (FreeBlock* block = list.head) [[likely]] {
      list.head = block->next;
      --list.count;
      return block;
    }
  }
  return allocate_slow(size);
}

/// Returns a block of `allocate(size)`, on any thread.
inline void deallocate(void* block, std::size_t size) noexcept {
  if (size <= kPoolMax && size != 0) [[likely]] {
    FreeList& list = free_lists[(size - 1) / kPoolStep];
    if (++list.count <= 0) [[likely]] {  // deallocate_slow takes it back
      auto* free = static_cast<FreeBlock*>(block);
      free->next = list.head;
      list.head = free;
      return;
    }
  }
  deallocate_slow(block, size);
}

/// Base of what is allocated this way. A derived class with a virtual destructor frees its own
/// size.
struct Pooled {
  static void* operator new(std::size_t size) { return allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { deallocate(block, size); }
};

}  // namespace hob::detail
