// SPDX-License-Identifier: MIT
// Admission: the places of a bounded queue, given to those who want to submit in order of arrival.
#pragma once

#include <hob/task/concurrent_future.hpp>

#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>

namespace hob::detail {

class Admission {
 public:
  explicit Admission(std::size_t limit) noexcept
      : free_(static_cast<std::ptrdiff_t>(limit)), bounded_(limit != 0) {}

  bool bounded() const noexcept { return bounded_; }
  /// Done at once when there is a place; cancelling it gives up the wait.
  concurrent::Future<> enter();
  /// Takes a place that may not be there.
  void force() noexcept;
  /// A place is free again.
  void leave() noexcept;
  /// Everybody who waits, and who comes later, gets `error`.
  void close(const std::exception_ptr& error) noexcept;

 private:
  std::mutex mutex_;
  std::ptrdiff_t free_;
  const bool bounded_;
  std::deque<concurrent::Future<>> waiting_;
  std::exception_ptr closed_;
};

}  // namespace hob::detail
