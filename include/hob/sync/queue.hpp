// SPDX-License-Identifier: MIT
// Queue, PriorityQueue, LifoQueue: items from tasks to tasks, with a limit that slows the producers
// down.
#pragma once

#include <hob/sync/queue_base.hpp>
#include <hob/sync/ring.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace hob {

namespace detail {

template <class Q>
class QueueGet : public QueueWait<QueueSide::get> {
 public:
  explicit QueueGet(Q& queue) noexcept : QueueWait(queue) {}
  typename Q::value_type await_resume() {
    finish_wait();
    return static_cast<Q*>(queue_)->get_nowait();
  }
};

template <class Q>
class QueuePut : public QueueWait<QueueSide::put> {
  using T = typename Q::value_type;

 public:
  QueuePut(Q& queue, T&& item) : QueueWait(queue), item_(std::move(item)) {}
  void await_resume() {
    finish_wait();
    static_cast<Q*>(queue_)->put_nowait(std::move(item_));
  }

 private:
  T item_;
};

/// What the three queues have in common; `Items` keeps the items in its order.
template <class T, class Items>
class BasicQueue : public QueueBase {
  static_assert(std::is_object_v<T> && std::is_move_constructible_v<T>,
                "a queue holds movable values");

 public:
  using value_type = T;

  /// Puts `item`, which is moved or copied in. Suspends while the queue is full. A cancelled put
  /// has put nothing; its item is destroyed. Throws QueueShutDown, also when the queue is shut down
  /// meanwhile; RuntimeError from a loop other than the first that waited.
  [[nodiscard]] QueuePut<BasicQueue> put(T item) {
    return QueuePut<BasicQueue>(*this, std::move(item));
  }
  /// Takes the next item. Suspends while the queue is empty. A cancelled get has taken nothing: the
  /// item goes to the next task in line. Throws QueueShutDown when the queue is empty and shut
  /// down; RuntimeError from a loop other than the first that waited.
  [[nodiscard]] QueueGet<BasicQueue> get() noexcept { return QueueGet<BasicQueue>(*this); }

  /// Puts without waiting. Throws QueueFull, QueueShutDown, and then leaves `item` as it was.
  void put_nowait(T&& item) {
    check_can_put();
    items_.push(std::move(item));
    item_added(items_.size());
  }
  void put_nowait(const T& item)
    requires std::is_copy_constructible_v<T>
  {
    check_can_put();
    put_nowait(T(item));
  }
  /// Takes without waiting. Throws QueueEmpty, or QueueShutDown when there will never be an item
  /// again.
  T get_nowait() {
    check_can_get();
    T item = items_.pop();
    item_removed(items_.size());
    return item;
  }
  /// Ends the queue (Python 3.13): every `put`, waiting or later, throws QueueShutDown; every `get`
  /// too, once the items that are left have been taken. `immediate` drops these, each counted as
  /// done. Never suspends.
  void shutdown(bool immediate = false) noexcept {
    if (immediate) items_.clear();
    shut_down(immediate);
  }

 protected:
  template <class... Args>
  explicit BasicQueue(std::ptrdiff_t maxsize, Args&&... args)
      : QueueBase(maxsize), items_(std::forward<Args>(args)...) {}
  ~BasicQueue() = default;

 private:
  Items items_;
};

}  // namespace detail

/// A queue of `T`: first in, first out. `maxsize` 0 or less: without limit. `T` may be move-only.
/// Fair: those who wait are woken in order of arrival. Belongs to the loop's thread; bound to the
/// loop in which a task first waits for it. When it is destroyed, a task that still waits stays
/// suspended until cancelled. Semantics of asyncio.Queue, CPython 3.13.
template <class T>
class Queue : public detail::BasicQueue<T, detail::FirstInFirstOut<T>> {
 public:
  explicit Queue(std::ptrdiff_t maxsize = 0)
      : detail::BasicQueue<T, detail::FirstInFirstOut<T>>(maxsize) {}
};

/// Compares by `<`: std::less without <functional>.
struct Less {
  template <class A, class B>
  constexpr bool operator()(const A& a, const B& b) const {
    return a < b;
  }
};

/// A queue that gives the smallest item by `Compare` first; equal ones in the same order as
/// Python's heapq does, which is not that of arrival. Semantics of asyncio.PriorityQueue.
template <class T, class Compare = Less>
class PriorityQueue : public detail::BasicQueue<T, detail::SmallestFirst<T, Compare>> {
 public:
  explicit PriorityQueue(std::ptrdiff_t maxsize = 0, Compare compare = {})
      : detail::BasicQueue<T, detail::SmallestFirst<T, Compare>>(maxsize, std::move(compare)) {}
};

/// A queue that gives the latest item first. Semantics of asyncio.LifoQueue.
template <class T>
class LifoQueue : public detail::BasicQueue<T, detail::LastInFirstOut<T>> {
 public:
  explicit LifoQueue(std::ptrdiff_t maxsize = 0)
      : detail::BasicQueue<T, detail::LastInFirstOut<T>>(maxsize) {}
};

}  // namespace hob
