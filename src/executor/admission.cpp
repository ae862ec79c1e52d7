// SPDX-License-Identifier: MIT
#include "executor/admission.hpp"

#include <utility>

namespace hob::detail {

concurrent::Future<> Admission::enter() {
  const auto place = concurrent::Future<>::make();
  std::exception_ptr error;
  {
    const std::lock_guard lock(mutex_);
    error = closed_;
    if (!error && free_ <= 0) {
      waiting_.push_back(place);
      return place;
    }
    if (!error) --free_;
  }
  if (error) {
    place.set_exception(std::move(error));
  } else {
    place.set_result();
  }
  return place;
}

void Admission::force() noexcept {
  const std::lock_guard lock(mutex_);
  --free_;
}

void Admission::leave() noexcept {
  concurrent::Future<> next;
  {
    const std::lock_guard lock(mutex_);
    if (++free_ <= 0) return;
    while (!waiting_.empty()) {
      next = std::move(waiting_.front());
      waiting_.pop_front();
      if (next.set_running_or_notify_cancel()) break;
      next = {};
    }
    if (!next) return;
    --free_;
  }
  next.set_result();
}

void Admission::close(const std::exception_ptr& error) noexcept {
  std::deque<concurrent::Future<>> waiting;
  {
    const std::lock_guard lock(mutex_);
    closed_ = error;
    waiting.swap(waiting_);
  }
  for (const concurrent::Future<>& place : waiting) {
    if (place.set_running_or_notify_cancel()) place.set_exception(error);
  }
}

}  // namespace hob::detail
