// SPDX-License-Identifier: MIT
// JobQueue: the jobs of a thread pool, first in, first out, between any number of threads. Adding
// one is one compare-and-swap on a stack; whoever finds the ring of due jobs empty deals the whole
// stack into it under a mutex, and taking one from the ring is again one compare-and-swap. So the
// mutex is taken once for many jobs, and yet no job waits behind another in somebody's pocket.
#pragma once

#include <hob/executor/job.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

namespace hob::detail {

class JobQueue {
 public:
  /// Any thread. Gives false when closed.
  bool push(Job& job) noexcept {
    Job* newest = inbox_.load(std::memory_order_relaxed);
    do {
      if (newest == closed_mark()) [[unlikely]]
        return false;
      job.next = newest;
    } while (!inbox_.compare_exchange_weak(newest, &job, std::memory_order_seq_cst,
                                           std::memory_order_relaxed));
    return true;
  }
  /// Any thread. The oldest; null when there is none, and then no dealing was in progress either.
  Job* pop() noexcept {
    for (;;) {
      std::uint64_t at = head_.load(std::memory_order_acquire);
      if (at == tail_.load(std::memory_order_acquire)) {
        if (!deal()) return nullptr;
        continue;
      }
      // Another thread may take it, and a third overwrite the slot, but then `head_` has moved on.
      Job* job = ring_[at % kRing].load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(at, at + 1, std::memory_order_acq_rel,
                                      std::memory_order_relaxed))
        return job;
    }
  }
  /// A glance: whether there is nothing to take, as far as one sees without the mutex.
  bool seems_empty() const noexcept {
    const Job* newest = inbox_.load(std::memory_order_seq_cst);
    return (newest == nullptr || newest == closed_mark()) &&
           head_.load(std::memory_order_relaxed) == tail_.load(std::memory_order_relaxed);
  }
  /// Whether there is nothing to take, once whoever deals has ended.
  bool empty() noexcept {
    const std::lock_guard lock(dealing_);
    return seems_empty() && !oldest_;
  }
  /// Refuses what comes later; what is there can still be taken.
  void close() noexcept {
    const std::lock_guard lock(dealing_);
    append(inbox_.exchange(closed_mark(), std::memory_order_seq_cst));
  }
  bool closed() const noexcept { return inbox_.load(std::memory_order_seq_cst) == closed_mark(); }

 private:
  static constexpr std::uint64_t kRing = 256;
  static constexpr std::uint64_t kBatch = 16;  // dealt before others see them

  static Job* closed_mark() noexcept { return reinterpret_cast<Job*>(alignof(Job)); }

  /// Fills the ring; gives false when nothing was left to deal and the ring is empty.
  bool deal() noexcept {
    const std::lock_guard lock(dealing_);
    const std::uint64_t head = head_.load(std::memory_order_acquire);
    std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (head != tail) return true;  // somebody was faster
    if (!oldest_ && inbox_.load(std::memory_order_seq_cst) != closed_mark())
      append(inbox_.exchange(nullptr, std::memory_order_seq_cst));
    if (!oldest_) return false;
    for (const std::uint64_t end = head + kRing; oldest_ && tail != end;) {
      Job* job = oldest_;
      oldest_ = job->next;
      ring_[tail++ % kRing].store(job, std::memory_order_relaxed);
      if (tail % kBatch == 0) tail_.store(tail, std::memory_order_release);
    }
    tail_.store(tail, std::memory_order_release);
    return true;
  }
  /// Turns a stack around and puts it behind what waits to be dealt.
  void append(Job* newest) noexcept {
    if (newest == closed_mark()) return;
    Job* oldest = nullptr;
    while (newest) {
      Job* older = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = older;
    }
    Job** end = &oldest_;
    while (*end) end = &(*end)->next;
    *end = oldest;
  }

  alignas(64) std::atomic<Job*> inbox_{nullptr};
  alignas(64) std::atomic<std::uint64_t> head_{0};
  alignas(64) std::atomic<std::uint64_t> tail_{0};
  std::mutex dealing_;
  Job* oldest_ = nullptr;  // taken from the inbox, and the ring was full
  alignas(64) std::array<std::atomic<Job*>, kRing> ring_{};
};

}  // namespace hob::detail
