// SPDX-License-Identifier: MIT
// Where an archive's bytes go to and come from: ByteSink grows, ByteSource checks every length.
// Both align what is copied as a block, so that it can be used in place.
#pragma once

#include <hob/core/text.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace hob::detail {

[[noreturn]] void raise_unpickling(const char* what);

/// From this size on, memory is not copied into the sink but referred to until the sink is used.
inline constexpr std::size_t kBlockByReference = 64 * 1024;
inline constexpr std::size_t kMaxAlignment = 16;
/// From this size on, memory that is about to be filled is asked for in huge pages.
inline constexpr std::size_t kHugePages = 4 * 1024 * 1024;
void prefer_huge_pages(const void* begin, std::size_t size) noexcept;
/// How deep values may be nested: reading recurses.
inline constexpr unsigned kMaxDepth = 5000;

/// Counts the levels of a nested value. Throws when there are too many.
class Depth {
 public:
  explicit Depth(unsigned& depth) : depth_(depth) {
    if (++depth_ > kMaxDepth) fail();
  }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
  ~Depth() { --depth_; }

 private:
  [[noreturn]] void fail();
  unsigned& depth_;
};

class ByteSink {
 public:
  /// A run of bytes; a sink is a list of them.
  struct Piece {
    const void* data;
    std::size_t size;
  };

  ByteSink() noexcept = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  ~ByteSink();

  void write(const void* data, std::size_t size) {
    if (size > capacity_ - used_) grow(size);
    if (size > 0) __builtin_memcpy(data_ + used_, data, size);
    used_ += size;
  }
  void write_byte(std::uint8_t byte) { write(&byte, 1); }
  void write_size(std::size_t size) {
    const std::uint64_t wide = size;
    write(&wide, sizeof wide);
  }
  /// A block that a reader may use in place. A large one is referred to and must stay as it is
  /// until the sink has been emptied, unless `copies` is held.
  void write_block(const void* data, std::size_t size, std::size_t alignment);

  /// All bytes, those that are referred to included.
  std::size_t size() const noexcept { return used_ + referred_; }
  std::size_t piece_count() const noexcept { return 2 * block_count_ + 1; }
  /// `piece_count()` pieces, in order; some may be empty.
  void pieces(Piece* out) const noexcept;
  /// A copy of all bytes at `out`.
  void copy_to(unsigned char* out) const noexcept;
  std::string text() const;
  /// Copies what is referred to, so that it may go.
  void own();
  void clear() noexcept;

  unsigned depth = 0;
  unsigned copies = 0;  // > 0: what is written may be a temporary of a user's `serialize`

 private:
  struct Block {
    std::size_t at;  // behind this many own bytes
    const void* data;
    std::size_t size;
  };
  void grow(std::size_t more);
  void add_block(const void* data, std::size_t size);

  static constexpr std::size_t kInline = 256;
  unsigned char* data_ = inline_;
  std::size_t used_ = 0;
  std::size_t capacity_ = kInline;
  std::size_t referred_ = 0;
  Block* blocks_ = nullptr;
  std::size_t block_count_ = 0;
  alignas(kMaxAlignment) unsigned char inline_[kInline];
};

class ByteSource {
 public:
  ByteSource(const void* data, std::size_t size) noexcept
      : begin_(static_cast<const unsigned char*>(data)), at_(begin_), end_(begin_ + size) {}

  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  void read(void* out, std::size_t size) {
    if (size > left()) raise_unpickling("the bytes end too early");
    if (size > 0) __builtin_memcpy(out, at_, size);
    at_ += size;
  }
  std::uint8_t read_byte() {
    std::uint8_t byte;
    read(&byte, 1);
    return byte;
  }
  /// A number of things of which each takes at least `each` bytes.
  std::size_t read_count(std::size_t each) {
    std::uint64_t count;
    read(&count, sizeof count);
    if (count > left() / each) raise_unpickling("a length exceeds the bytes that are there");
    return static_cast<std::size_t>(count);
  }
  /// The block in place, aligned.
  const void* read_block(std::size_t size, std::size_t alignment) {
    const std::size_t offset = static_cast<std::size_t>(at_ - begin_);
    const std::size_t padding = (alignment - offset % alignment) % alignment;
    if (padding > left() || size > left() - padding) raise_unpickling("the bytes end too early");
    const void* block = at_ + padding;
    at_ += padding + size;
    return block;
  }
  /// Throws when something is left.
  void expect_end() const {
    if (at_ != end_) raise_unpickling("there are bytes behind the value");
  }

  unsigned depth = 0;

 private:
  const unsigned char* begin_;
  const unsigned char* at_;
  const unsigned char* end_;
};

/// A copy of bytes where they are aligned.
class AlignedBytes {
 public:
  explicit AlignedBytes(Text bytes);
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;
  ~AlignedBytes();
  const void* data() const noexcept { return data_; }

 private:
  void* data_;
};

}  // namespace hob::detail
