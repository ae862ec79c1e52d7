// SPDX-License-Identifier: MIT
#include "loop/remote_loop.hpp"

#include <hob/loop/event_loop.hpp>

namespace hob::detail {

bool RemoteLoop::post(Function<void()>&& fn) {
  const std::lock_guard lock(mutex_);
  if (!loop_) return false;
  loop_->call_soon_threadsafe(std::move(fn));
  return true;
}

void RemoteLoop::close() noexcept {
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
}

}  // namespace hob::detail
