// SPDX-License-Identifier: MIT
#include "loop/signals.hpp"

#include "sys/syscall.hpp"

#include <hob/core/error.hpp>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

namespace hob::detail {

/// A loop's place among those that want signals. Never freed, because the signal handler may be
/// walking the list, but used again.
struct SignalStation {
  std::atomic<SignalSet> wanted{0};
  std::atomic<SignalSet> arrived{0};
  std::atomic<Poller*> poller{nullptr};
  SignalStation* next = nullptr;
  bool used = false;  // under the mutex
};

namespace {

std::atomic<SignalStation*> stations{nullptr};
std::atomic<unsigned> handlers_running{0};
static_assert(std::atomic<SignalStation*>::is_always_lock_free &&
                  std::atomic<SignalSet>::is_always_lock_free,
              "the signal handler may use lock-free atomics only");

constinit std::mutex mutex;                                // guards what follows, and `used`
constinit std::array<unsigned, kSignalMax + 1> wanters{};  // loops by signal

// Async-signal-safe: atomics and write(2).
void on_signal(int signal) {
  handlers_running.fetch_add(1);
  for (SignalStation* station = stations.load(); station; station = station->next) {
    if ((station->wanted.load() & signal_bit(signal)) == 0) continue;
    station->arrived.fetch_or(signal_bit(signal));
    if (Poller* poller = station->poller.load()) poller->wake();
  }
  handlers_running.fetch_sub(1);
}

SignalStation& take_station() {
  const std::lock_guard lock(mutex);
  for (SignalStation* station = stations.load(); station; station = station->next) {
    if (station->used) continue;
    station->used = true;
    return *station;
  }
  auto* station = new SignalStation;
  station->used = true;
  station->next = stations.load();
  stations.store(station);
  return *station;
}

void check_signal(int signal) {
  if (signal <= 0 || signal > kSignalMax) raise_value_error("no such signal number");
}

}  // namespace

SignalSet Signals::wanted() const noexcept {
  SignalSet all = 0;
  for (const auto& [signal, handle] : handles_) all |= signal_bit(signal);
  for (Link* link = listeners_.front(); link != listeners_.end(); link = link->next)
    all |= static_cast<SignalListener&>(*link).wanted();
  return all;
}

// Makes the kernel deliver what nobody in this loop wanted yet: all of `signals`, or none.
void Signals::want(SignalSet signals) {
  if (!station_) {
    station_ = &take_station();
    station_->arrived.store(0);
    station_->poller.store(&poller_);
  }
  const std::lock_guard lock(mutex);
  const SignalSet before = station_->wanted.load();
  for (int signal = 1; signal <= kSignalMax; ++signal) {
    const SignalSet bit = signal_bit(signal);
    if ((signals & ~before & bit) == 0) continue;
    station_->wanted.fetch_or(bit);  // first: what arrives from now on is for this loop
    if (wanters[static_cast<std::size_t>(signal)]++ != 0) continue;
    const int result = sys::signal_action(signal, &on_signal);
    if (result == 0) continue;
    for (int undo = signal; undo >= 1; --undo) {
      if ((signals & ~before & signal_bit(undo)) == 0) continue;
      if (--wanters[static_cast<std::size_t>(undo)] == 0 && undo != signal)
        sys::signal_action(undo, nullptr);
    }
    station_->wanted.store(before);
    throw OSError(-result, "sigaction");
  }
}

// Gives back what nobody in this loop wants any more.
void Signals::update() noexcept {
  if (!station_) return;
  const SignalSet now = wanted();
  const std::lock_guard lock(mutex);
  const SignalSet gone = station_->wanted.load() & ~now;
  for (int signal = 1; signal <= kSignalMax; ++signal) {
    if ((gone & signal_bit(signal)) == 0) continue;
    if (--wanters[static_cast<std::size_t>(signal)] == 0) sys::signal_action(signal, nullptr);
  }
  station_->wanted.store(now);
  station_->arrived.fetch_and(now);
}

void Signals::watch(int signal, Ref<HandleState> handle) {
  check_signal(signal);
  want(signal_bit(signal));
  Ref<HandleState>& place = handles_[signal];
  if (place) place->cancel();
  place = std::move(handle);
  if (internal_ == signal) internal_ = 0;
}

bool Signals::unwatch(int signal) noexcept {
  const auto at = handles_.find(signal);
  if (at == handles_.end()) return false;
  at->second->cancel();
  handles_.erase(at);
  update();
  return true;
}

void Signals::listen(SignalListener& listener) {
  want(listener.wanted());
  listeners_.push_back(listener);
  ++listener_count_;
}

void Signals::forget(SignalListener& listener) noexcept {
  if (!listener.linked()) return;
  listener.unlink();
  --listener_count_;
  update();
}

void Signals::collect(NodeList& ready) noexcept {
  if (!station_ || station_->arrived.load(std::memory_order_relaxed) == 0) return;
  const SignalSet arrived = station_->arrived.exchange(0);
  SignalSet listened = 0;
  for (Link* link = listeners_.front(); link != listeners_.end(); link = link->next) {
    auto& listener = static_cast<SignalListener&>(*link);
    listened |= listener.wanted();
    if (const SignalSet mine = arrived & listener.wanted()) listener.on_signals(mine);
  }
  for (auto& [signal, handle] : handles_) {
    if ((arrived & signal_bit(signal)) == 0 || handle->linked()) continue;
    if (signal == internal_ && (listened & signal_bit(signal)) != 0) continue;
    handle->retain();
    ready.push_back(*handle);
  }
}

void Signals::before_fork() noexcept { mutex.lock(); }

void Signals::after_fork(bool in_child) noexcept {
  if (in_child) {
    for (SignalStation* station = stations.load(); station; station = station->next) {
      station->wanted.store(0);
      station->arrived.store(0);
      station->poller.store(nullptr);
    }
    for (int signal = 1; signal <= kSignalMax; ++signal) {
      if (std::exchange(wanters[static_cast<std::size_t>(signal)], 0) != 0)
        sys::signal_action(signal, nullptr);
    }
    handlers_running.store(0);  // of threads that are not here
  }
  mutex.unlock();
}

void Signals::clear() noexcept {
  for (auto& [signal, handle] : handles_) handle->cancel();
  handles_.clear();
  while (!listeners_.empty()) {
    auto& listener = static_cast<SignalListener&>(listeners_.pop_front());
    listener.loop_closed();
  }
  listener_count_ = 0;
  if (!station_) return;
  update();
  station_->poller.store(nullptr);
  // A handler in another thread may have read the poller just before.
  while (handlers_running.load() != 0) std::this_thread::yield();
  const std::lock_guard lock(mutex);
  station_->used = false;
  station_ = nullptr;
}

}  // namespace hob::detail
