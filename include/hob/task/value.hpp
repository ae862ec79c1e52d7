// SPDX-License-Identifier: MIT
// ValueSlot: room for a result that comes later. What a future and a coroutine's promise share.
#pragma once

#include <hob/core/result.hpp>

#include <new>
#include <type_traits>
#include <utility>

namespace hob::detail {

template <class T>
inline constexpr bool kIsResult =
    std::is_void_v<T> || (std::is_object_v<T> && std::is_move_constructible_v<T>);

/// Uninitialised storage for a T (None for void); knows whether it holds one.
template <class T>
class ValueSlot {
 public:
  static_assert(kIsResult<T>,
                "a coroutine or future gives a movable value: not a reference (return a pointer)");
  static_assert(alignof(NoneIfVoid<T>) <= 16,
                "over-aligned results do not fit a frame: return a unique_ptr");
  using Value = NoneIfVoid<T>;

  ValueSlot() noexcept {}
  ValueSlot(const ValueSlot&) = delete;
  ValueSlot& operator=(const ValueSlot&) = delete;
  ~ValueSlot() {
    if (has_) value_.~Value();
  }
  template <class... Args>
  void emplace(Args&&... args) {
    ::new (static_cast<void*>(&value_)) Value(std::forward<Args>(args)...);
    has_ = true;
  }
  Value& get() noexcept { return value_; }

 private:
  union {
    Value value_;
  };
  bool has_ = false;
};

/// Nothing to destroy: no need to know.
template <class T>
  requires(std::is_object_v<T> && std::is_trivially_destructible_v<T>)
class ValueSlot<T> {
 public:
  static_assert(kIsResult<T>,
                "a coroutine or future gives a movable value: not a reference (return a pointer)");
  static_assert(alignof(T) <= 16, "over-aligned results do not fit a frame: return a unique_ptr");
  using Value = T;

  ValueSlot() noexcept {}
  ValueSlot(const ValueSlot&) = delete;
  ValueSlot& operator=(const ValueSlot&) = delete;
  template <class... Args>
  void emplace(Args&&... args) {
    ::new (static_cast<void*>(&value_)) Value(std::forward<Args>(args)...);
  }
  Value& get() noexcept { return value_; }

 private:
  union {
    Value value_;
  };
};

/// void needs no room.
template <>
class ValueSlot<void> {
 public:
  void emplace(None = {}) noexcept {}
  None get() noexcept { return {}; }
};

}  // namespace hob::detail
