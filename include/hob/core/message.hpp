// SPDX-License-Identifier: MIT
// Message: an immutable, shared string of one allocation (a cancel message, a task's name). Its
// count is atomic, because a CancelledError may travel to another thread inside an exception_ptr.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/core/text.hpp>

namespace hob::detail {

class Message {
 public:
  /// Copies `text`. Throws std::bad_alloc.
  static Ref<Message> make(Text text);

  const char* c_str() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  Text text() const noexcept { return {c_str(), size_}; }
  void retain() noexcept { __atomic_fetch_add(&refs_, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_fetch_sub(&refs_, 1, __ATOMIC_ACQ_REL) == 1) destroy();
  }

 private:
  explicit Message(std::size_t size) noexcept : size_(size) {}
  void destroy() noexcept;

  std::size_t size_;
  std::size_t refs_ = 1;
};

}  // namespace hob::detail
