// SPDX-License-Identifier: MIT
// Ring and the three orders in which a queue keeps its items: first in first out, last in first
// out, smallest first. A ring grows to its largest size and then allocates no more; std::deque
// allocates as it goes round.
#pragma once

#include <cassert>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace hob::detail {

/// A growing ring buffer. An operation that throws (a move, an allocation) has no effect.
template <class T>
class Ring {
 public:
  Ring() noexcept = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() {
    clear();
    free(items_);
  }

  std::size_t size() const noexcept { return size_; }
  T& operator[](std::size_t i) noexcept { return items_[(first_ + i) & (capacity_ - 1)]; }

  void push_back(T&& item) {
    if (size_ == capacity_) [[unlikely]]
      grow();
    ::new (static_cast<void*>(&(*this)[size_])) T(std::move(item));
    ++size_;
  }
  T pop_front() {
    assert(size_ > 0);
    T& first = (*this)[0];
    T item(std::move(first));
    first.~T();
    first_ = (first_ + 1) & (capacity_ - 1);
    --size_;
    return item;
  }
  T pop_back() {
    assert(size_ > 0);
    T& last = (*this)[size_ - 1];
    T item(std::move(last));
    last.~T();
    --size_;
    return item;
  }
  void clear() noexcept {
    while (size_ > 0) (*this)[--size_].~T();
  }

 private:
  static constexpr std::size_t kCapacityMin = 8;  // and always a power of two

  static T* make(std::size_t capacity) {
    return static_cast<T*>(::operator new(capacity * sizeof(T), std::align_val_t(alignof(T))));
  }
  static void free(T* items) noexcept { ::operator delete(items, std::align_val_t(alignof(T))); }

  void grow() {
    const std::size_t capacity = capacity_ ? 2 * capacity_ : kCapacityMin;
    T* const items = make(capacity);
    std::size_t moved = 0;
    try {
      for (; moved < size_; ++moved) {
        ::new (static_cast<void*>(items + moved)) T(std::move_if_noexcept((*this)[moved]));
      }
    } catch (...) {
      while (moved > 0) items[--moved].~T();
      free(items);
      throw;
    }
    for (std::size_t i = 0; i < size_; ++i) (*this)[i].~T();
    free(items_);
    items_ = items;
    capacity_ = capacity;
    first_ = 0;
  }

  T* items_ = nullptr;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

template <class T>
class FirstInFirstOut : public Ring<T> {
 public:
  void push(T&& item) { this->push_back(std::move(item)); }
  T pop() { return this->pop_front(); }
};

template <class T>
class LastInFirstOut : public Ring<T> {
 public:
  void push(T&& item) { this->push_back(std::move(item)); }
  T pop() { return this->pop_back(); }
};

/// A binary heap that gives equal items in the same order as Python's heapq. All comparisons come
/// before the first move, so a comparison that throws changes nothing.
template <class T, class Compare>
class SmallestFirst : private Ring<T> {
 public:
  explicit SmallestFirst(Compare less) : less_(std::move(less)) {}
  using Ring<T>::clear;
  using Ring<T>::size;

  void push(T&& item) {
    std::size_t place = size();
    while (place > 0 && less_(item, at(parent(place)))) place = parent(place);
    this->push_back(std::move(item));
    for (std::size_t i = size() - 1; i != place; i = parent(i)) swap(at(i), at(parent(i)));
  }

  T pop() {
    const std::size_t place = place_of_last();
    T item = this->pop_back();
    if (size() == 0) return item;
    // The last item settles at `place`; what is above moves up by one; the root comes out.
    for (std::size_t i = place;; i = parent(i)) {
      swap(item, at(i));
      if (i == 0) return item;
    }
  }

 private:
  static std::size_t parent(std::size_t i) noexcept { return (i - 1) / 2; }
  static void swap(T& a, T& b) {
    using std::swap;
    swap(a, b);
  }
  T& at(std::size_t i) noexcept { return (*this)[i]; }

  // Where the last item goes when the root is gone: along the smaller children down to a leaf, then
  // up again.
  std::size_t place_of_last() {
    const std::size_t end = size() - 1;
    std::size_t place = 0;
    for (std::size_t child = 1; child < end; child = 2 * place + 1) {
      if (child + 1 < end && !less_(at(child), at(child + 1))) ++child;
      place = child;
    }
    while (place > 0 && less_(at(end), at(place))) place = parent(place);
    return place;
  }

  [[no_unique_address]] Compare less_;
};

}  // namespace hob::detail
