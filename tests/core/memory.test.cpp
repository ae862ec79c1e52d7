// SPDX-License-Identifier: MIT
#include <hob/core/memory.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/testing/faults.hpp>

#include "core/block_audit.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

using hob::detail::allocate;
using hob::detail::deallocate;

namespace memory_test {
namespace {

struct Block {
  unsigned char* bytes;
  std::size_t size;
  unsigned char fill;
};

Block make_block(std::mt19937& random) {
  Block block;
  block.size = random() % 1200;  // 0 and above the pool's limit too
  block.fill = static_cast<unsigned char>(random());
  block.bytes = static_cast<unsigned char*>(allocate(block.size));
  if (block.size > 0) std::memset(block.bytes, block.fill, block.size);
  return block;
}

// Whether nobody else wrote into it; frees it.
bool check_and_free(const Block& block) {
  bool intact = true;
  for (std::size_t i = 0; i < block.size; ++i) intact = intact && block.bytes[i] == block.fill;
  deallocate(block.bytes, block.size);
  return intact;
}

}  // namespace

TEST_CASE("blocks are aligned to 16 and do not overlap") {
  std::mt19937 random(1);
  std::vector<Block> blocks;
  for (int i = 0; i < 20'000; ++i) {
    if (blocks.empty() || random() % 3 != 0) {
      blocks.push_back(make_block(random));
      REQUIRE(reinterpret_cast<std::uintptr_t>(blocks.back().bytes) % 16 == 0);
    } else {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      REQUIRE(check_and_free(blocks.back()));
      blocks.pop_back();
    }
  }
  for (const Block& block : blocks) REQUIRE(check_and_free(block));
}

TEST_CASE("a freed block is used again at once") {
  if (!hob::detail::pool_enabled) return;
  deallocate(allocate(64), 64);  // the first use of a class takes the slow path
  void* first = allocate(64);
  deallocate(first, 64);
  void* second = allocate(50);
  CHECK(first == second);
  deallocate(second, 50);
}

TEST_CASE("blocks that one thread allocates and another frees come back") {
  std::mutex mutex;
  std::vector<Block> shared;
  bool finished = false;
  bool intact = true;
  std::thread consumer([&] {
    for (bool last = false; !last;) {
      std::vector<Block> mine;
      {
        const std::lock_guard lock(mutex);
        std::swap(mine, shared);
        last = finished && mine.empty();
      }
      for (const Block& block : mine) intact = check_and_free(block) && intact;
    }
  });
  std::mt19937 random(2);
  for (int i = 0; i < 100'000; ++i) {
    const Block block = make_block(random);
    const std::lock_guard lock(mutex);
    shared.push_back(block);
  }
  {
    const std::lock_guard lock(mutex);
    finished = true;
  }
  consumer.join();
  CHECK(intact);
}

TEST_CASE("a thread that only frees gives its blocks back when it ends") {
  if (!hob::detail::pool_enabled) return;
  // Many rounds of a few blocks: were they lost, memory would grow, and addresses not repeat.
  std::vector<void*> seen;
  std::size_t repeated = 0;
  for (int round = 0; round < 50; ++round) {
    void* block = nullptr;
    std::thread maker([&] { block = allocate(1008); });
    maker.join();
    for (void* old : seen) repeated += old == block;
    seen.push_back(block);
    std::thread([&] { deallocate(block, 1008); }).join();
  }
  CHECK(repeated > 0);
}

TEST_CASE("an audit names the blocks that are alive, and nests") {
  void* before = allocate(100);
  hob::detail::BlockAudit outer;
  CHECK(outer.live().empty());
  void* first = allocate(32);
  void* large = allocate(5000);
  {
    const hob::detail::BlockAudit inner;
    void* second = allocate(48);
    REQUIRE(inner.live().size() == 1);
    CHECK(inner.live()[0].size == 48);
    deallocate(second, 48);
    deallocate(first, 32);
    CHECK(inner.live().empty());
  }
  deallocate(before, 100);
  REQUIRE(outer.live().size() == 1);
  CHECK(outer.live()[0].size == 5000);
  CHECK(outer.live()[0].sequence == 2);
  deallocate(large, 5000);
  CHECK(outer.live().empty());
}

TEST_CASE("a block that outlives its audit can be freed after it") {
  void* block;
  {
    const hob::detail::BlockAudit audit;
    block = allocate(40);
  }
  deallocate(block, 40);
  void* again = allocate(40);
  CHECK(again != nullptr);
  deallocate(again, 40);
}

TEST_CASE("where the kernel has no large pieces of memory, small ones do") {
  const hob::EventLoop loop;  // asks the kernel for them from now on
  hob::testing::Faults faults;
  faults.fail(hob::testing::Faults::Call::mmap, ENOMEM, 1, hob::testing::Faults::kAlways);
  // Until what other tests gave back is used up.
  std::vector<void*> blocks;
  while (faults.injected() == 0 && blocks.size() < 500'000) blocks.push_back(allocate(1024));
  if (hob::detail::pool_enabled) CHECK(faults.injected() > 0);
  for (void* block : blocks) {
    std::memset(block, 1, 1024);
    deallocate(block, 1024);
  }
}

}  // namespace memory_test
