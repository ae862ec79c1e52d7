// SPDX-License-Identifier: MIT
// Text: a borrowed string in an argument. Takes literals, std::string and std::string_view without
// including either; it does not own the characters, so it is for parameters and option fields only.
#pragma once

#include <cstddef>

namespace hob {

/// A borrowed run of characters, not necessarily NUL-terminated. Valid as long as what it was made
/// from.
class Text {
 public:
  constexpr Text() noexcept = default;
  constexpr Text(const char* s) noexcept
      : data_(s), size_(s ? __builtin_strlen(s) : 0) {}  // NOLINT
  constexpr Text(const char* s, std::size_t n) noexcept : data_(s), size_(n) {}
  template <class S>
    requires requires(const S& s) {
      s.data();
      s.size();
      s.substr(0, 0);
    }
  constexpr Text(const S& s) noexcept : data_(s.data()), size_(s.size()) {}  // NOLINT

  constexpr const char* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }

  friend constexpr bool operator==(Text a, Text b) noexcept {
    return a.size_ == b.size_ && (a.size_ == 0 || __builtin_memcmp(a.data_, b.data_, a.size_) == 0);
  }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace hob
