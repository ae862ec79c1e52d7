// SPDX-License-Identifier: MIT
// Function: a move-only callable with three words of storage inside and the frame allocator behind
// it. std::function copies, allocates with malloc, and drags <functional> into every header.
#pragma once

#include <hob/core/memory.hpp>

#include <new>
#include <type_traits>
#include <utility>

namespace hob {

template <class Signature>
class Function;

/// A move-only callable. Empty by default; calling an empty one is undefined.
template <class R, class... Args>
class Function<R(Args...)> {
 public:
  constexpr Function() noexcept = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Function> &&
             std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  Function(F&& fn) {  // NOLINT(google-explicit-constructor): any callable is a Function
    using Fn = std::decay_t<F>;
    void* place = storage_;
    if constexpr (!fits<Fn>)
      place = *reinterpret_cast<void**>(storage_) = detail::allocate(sizeof(Fn));
    try {
      ::new (place) Fn(std::forward<F>(fn));
    } catch (...) {
      if constexpr (!fits<Fn>) detail::deallocate(place, sizeof(Fn));
      throw;
    }
    table_ = &kTable<Fn>;
  }
  Function(Function&& other) noexcept { take(other); }
  Function& operator=(Function&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~Function() { reset(); }

  explicit operator bool() const noexcept { return table_ != nullptr; }
  R operator()(Args... args) { return table_->call(storage_, std::forward<Args>(args)...); }

 private:
  struct Table {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to) noexcept;
    void (*destroy)(void*) noexcept;
  };
  static constexpr std::size_t kInline = 3 * sizeof(void*);
  template <class Fn>
  static constexpr bool fits = sizeof(Fn) <= kInline && alignof(Fn) <= alignof(void*) &&
                               std::is_nothrow_move_constructible_v<Fn>;

  template <class Fn>
  static Fn& target(void* storage) noexcept {
    if constexpr (fits<Fn>) {
      return *std::launder(static_cast<Fn*>(storage));
    } else {
      return **static_cast<Fn**>(storage);
    }
  }
  template <class Fn>
  static constexpr Table kTable{[](void* s, Args&&... args) -> R {
                                  return static_cast<R>(target<Fn>(s)(std::forward<Args>(args)...));
                                },
                                [](void* from, void* to) noexcept {
                                  if constexpr (fits<Fn>) {
                                    ::new (to) Fn(std::move(target<Fn>(from)));
                                    target<Fn>(from).~Fn();
                                  } else {
                                    *static_cast<void**>(to) = *static_cast<void**>(from);
                                  }
                                },
                                [](void* s) noexcept {
                                  Fn& fn = target<Fn>(s);
                                  fn.~Fn();
                                  if constexpr (!fits<Fn>) detail::deallocate(&fn, sizeof(Fn));
                                }};

  void take(Function& other) noexcept {
    if (other.table_) other.table_->move(other.storage_, storage_);
    table_ = std::exchange(other.table_, nullptr);
  }
  void reset() noexcept {
    if (table_) std::exchange(table_, nullptr)->destroy(storage_);
  }

  const Table* table_ = nullptr;
  alignas(void*) unsigned char storage_[kInline];
};

}  // namespace hob
