// SPDX-License-Identifier: MIT
#include "loop/signals.hpp"

#include "sys/syscall.hpp"

#include <hob/core/error.hpp>

#include <atomic>

namespace hob::detail {
namespace {

constexpr int kSignalMax = 65;  // 1 to 64 on Linux

struct Slot {
  std::atomic<EpollPoller*> owner{nullptr};
  std::atomic<bool> arrived{false};
};
Slot slots[kSignalMax];
static_assert(std::atomic<EpollPoller*>::is_always_lock_free &&
                  std::atomic<bool>::is_always_lock_free,
              "the signal handler may use lock-free atomics only");

// Async-signal-safe: two atomics and a write(2).
void on_signal(int signal) {
  Slot& slot = slots[signal];
  slot.arrived.store(true, std::memory_order_release);
  if (EpollPoller* owner = slot.owner.load(std::memory_order_acquire)) owner->wake();
}

}  // namespace

void Signals::watch(int signal, Ref<HandleState> handle) {
  if (signal <= 0 || signal >= kSignalMax)
    raise_value_error("add_signal_handler: no such signal number");
  Slot& slot = slots[signal];
  EpollPoller* expected = nullptr;
  if (!slot.owner.compare_exchange_strong(expected, &poller_) && expected != &poller_) {
    raise_runtime_error(
        "add_signal_handler: another loop handles this signal; remove its handler first");
  }
  if (expected == nullptr) {
    slot.arrived.store(false);
    if (const int result = sys::signal_action(signal, &on_signal); result < 0) {
      slot.owner.store(nullptr);
      throw OSError(-result, "sigaction");
    }
  }
  Ref<HandleState>& place = handles_[signal];
  if (place) place->cancel();
  place = std::move(handle);
}

bool Signals::unwatch(int signal) noexcept {
  const auto at = handles_.find(signal);
  if (at == handles_.end()) return false;
  sys::signal_action(signal, nullptr);
  slots[signal].owner.store(nullptr);
  at->second->cancel();
  handles_.erase(at);
  return true;
}

void Signals::collect(NodeList& ready) noexcept {
  for (auto& [signal, handle] : handles_) {
    if (!slots[signal].arrived.exchange(false, std::memory_order_acquire) || handle->linked())
      continue;
    handle->retain();
    ready.push_back(*handle);
  }
}

void Signals::clear() noexcept {
  while (!handles_.empty()) unwatch(handles_.begin()->first);
}

}  // namespace hob::detail
