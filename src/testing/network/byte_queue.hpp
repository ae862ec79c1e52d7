// SPDX-License-Identifier: MIT
// ByteQueue: bytes in, bytes out. An empty one holds no memory.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hob::testing {

class ByteQueue {
 public:
  bool empty() const noexcept { return begin_ == bytes_.size(); }
  std::size_t size() const noexcept { return bytes_.size() - begin_; }
  std::string_view first(std::size_t count) const noexcept {
    return {bytes_.data() + begin_, count};
  }
  void append(std::string_view more) { bytes_.append(more); }
  void drop_first(std::size_t count) noexcept {
    begin_ += count;
    if (empty()) return clear();
    if (begin_ > bytes_.size() / 2) {  // what moves is less than what went
      bytes_.erase(0, begin_);
      begin_ = 0;
    }
  }
  void keep_first(std::size_t count) noexcept {
    bytes_.resize(begin_ + count);
    if (empty()) clear();
  }
  void clear() noexcept {
    std::string().swap(bytes_);
    begin_ = 0;
  }

 private:
  std::string bytes_;
  std::size_t begin_ = 0;
};

}  // namespace hob::testing
