// SPDX-License-Identifier: MIT
// ReceiveBuffer: the memory into which all streams of a loop receive, one after the other. It stays
// in the cache, and a connection that is idle needs none of its own.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <utility>

namespace hob::detail {

class ReceiveBuffer {
 public:
  /// Who has unread bytes in the buffer.
  class User {
   public:
    /// Copies them to memory of its own: the buffer goes to another. Gives false when there is no
    /// memory.
    virtual bool move_out() noexcept = 0;

   protected:
    ~User() = default;
  };

  ReceiveBuffer() noexcept = default;
  ReceiveBuffer(const ReceiveBuffer&) = delete;
  ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;
  ~ReceiveBuffer() {
    if (user_) user_->move_out();
    std::free(data_);
  }

  /// The buffer, for `user`, whose bytes are all read. Null when there is no memory.
  char* borrow(User& user) noexcept {
    if (user_ && user_ != &user && !user_->move_out()) return nullptr;
    if (wanted_ != capacity_) resize();
    user_ = data_ ? &user : nullptr;
    return data_;
  }
  bool used_by(const User& user) const noexcept { return user_ == &user; }
  void give_back(const User& user) noexcept {
    if (user_ == &user) user_ = nullptr;
  }
  const char* end() const noexcept { return data_ + capacity_; }
  char* begin() const noexcept { return data_; }
  std::size_t capacity() const noexcept { return capacity_; }
  /// A read filled the buffer to its end: there was more. The next borrower gets a larger one.
  void was_too_small() noexcept {
    if (wanted_ < kMax) wanted_ *= 2;
  }

 private:
  // One large message is one read only if the buffer holds it: 256 KiB cost 0.73 of 64 KiB there.
  static constexpr std::size_t kMin = 64 << 10;
  static constexpr std::size_t kMax = 256 << 10;

  void resize() noexcept {
    char* larger = static_cast<char*>(std::malloc(wanted_));
    if (!larger) {
      wanted_ = data_ ? capacity_ : kMin;
      return;
    }
    std::free(std::exchange(data_, larger));
    capacity_ = wanted_;
  }

  char* data_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t wanted_ = kMin;
  User* user_ = nullptr;
};

}  // namespace hob::detail
