// SPDX-License-Identifier: MIT
// RemoteLoop: a loop as other threads know it. It outlives the loop, so a result that comes too
// late finds a closed door instead of freed memory. Every loop has one; any thread may use it.
#pragma once

#include <hob/core/function.hpp>
#include <hob/core/ref.hpp>

#include <atomic>
#include <mutex>

namespace hob {

class EventLoop;

namespace detail {

class RemoteLoop {
 public:
  explicit RemoteLoop(EventLoop& loop) noexcept : loop_(&loop) {}

  void retain() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  /// call_soon_threadsafe; gives false, with `fn` untouched, when the loop is closed.
  bool post(Function<void()>&& fn);
  /// The loop's, once: when this returns nobody is in `post` any more.
  void close() noexcept;

 private:
  std::mutex mutex_;
  EventLoop* loop_;  // null once closed
  std::atomic<unsigned> refs_{1};
};

}  // namespace detail
}  // namespace hob
