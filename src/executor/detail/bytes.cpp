// SPDX-License-Identifier: MIT
#include "sys/syscall.hpp"

#include <hob/core/error.hpp>
#include <hob/executor/detail/bytes.hpp>
#include <hob/executor/serialize.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace hob::detail {

void raise_unpickling(const char* what) { throw UnpicklingError(what); }

void prefer_huge_pages(const void* begin, std::size_t size) noexcept {
  sys::prefer_huge_pages(begin, size);
}

void Depth::fail() {
  --depth_;
  throw ValueError("the value is nested deeper than 5000 levels");
}

ByteSink::~ByteSink() {
  if (data_ != inline_) std::free(data_);
  std::free(blocks_);
}

void ByteSink::clear() noexcept {
  used_ = 0;
  referred_ = 0;
  block_count_ = 0;
}

void ByteSink::grow(std::size_t more) {
  if (more > SIZE_MAX / 4 - used_) throw std::bad_alloc();
  const std::size_t capacity = std::max(2 * capacity_, used_ + more);
  void* data = std::realloc(data_ == inline_ ? nullptr : data_, capacity);
  if (!data) throw std::bad_alloc();
  if (data_ == inline_) std::memcpy(data, inline_, used_);
  data_ = static_cast<unsigned char*>(data);
  capacity_ = capacity;
}

void ByteSink::write_block(const void* data, std::size_t size, std::size_t alignment) {
  static constexpr unsigned char kZeros[kMaxAlignment] = {};
  write(kZeros, (alignment - this->size() % alignment) % alignment);
  if (size < kBlockByReference || copies > 0) return write(data, size);
  add_block(data, size);
}

void ByteSink::add_block(const void* data, std::size_t size) {
  // Powers of two are the capacities.
  if ((block_count_ & (block_count_ - 1)) == 0) {
    const std::size_t capacity = block_count_ == 0 ? 1 : 2 * block_count_;
    void* blocks = std::realloc(blocks_, capacity * sizeof(Block));
    if (!blocks) throw std::bad_alloc();
    blocks_ = static_cast<Block*>(blocks);
  }
  blocks_[block_count_++] = {used_, data, size};
  referred_ += size;
}

void ByteSink::pieces(Piece* out) const noexcept {
  std::size_t done = 0;
  for (std::size_t i = 0; i < block_count_; ++i) {
    const Block& block = blocks_[i];
    *out++ = {data_ + done, block.at - done};
    *out++ = {block.data, block.size};
    done = block.at;
  }
  *out = {data_ + done, used_ - done};
}

void ByteSink::copy_to(unsigned char* out) const noexcept {
  std::size_t done = 0;
  const auto copy = [&out](const void* from, std::size_t size) {
    if (size > 0) std::memcpy(out, from, size);
    out += size;
  };
  for (std::size_t i = 0; i < block_count_; ++i) {
    copy(data_ + done, blocks_[i].at - done);
    copy(blocks_[i].data, blocks_[i].size);
    done = blocks_[i].at;
  }
  copy(data_ + done, used_ - done);
}

std::string ByteSink::text() const {
  std::string all(size(), '\0');
  copy_to(reinterpret_cast<unsigned char*>(all.data()));
  return all;
}

void ByteSink::own() {
  if (block_count_ == 0) return;
  const std::size_t total = size();
  auto* data = static_cast<unsigned char*>(std::malloc(total));
  if (!data) throw std::bad_alloc();
  copy_to(data);
  if (data_ != inline_) std::free(data_);
  data_ = data;
  used_ = capacity_ = total;
  block_count_ = referred_ = 0;
}

AlignedBytes::AlignedBytes(Text bytes)
    : data_(std::malloc(std::max<std::size_t>(bytes.size(), 1))) {
  if (!data_) throw std::bad_alloc();
  if (!bytes.empty()) std::memcpy(data_, bytes.data(), bytes.size());
}

AlignedBytes::~AlignedBytes() { std::free(data_); }

}  // namespace hob::detail
