// SPDX-License-Identifier: MIT
#include <hob/executor/concurrent_wait.hpp>

#include "sys/syscall.hpp"

#include <hob/core/error.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>

namespace hob::detail {
namespace {

// One event that a thread waits for; said by others.
class Event {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  void wait(Duration timeout) {
    std::unique_lock lock(mutex_);
    if (timeout.is_forever()) return changed_.wait(lock, [this] { return set_; });
    changed_.wait_for(lock, std::chrono::nanoseconds(timeout), [this] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

// What the futures of one `wait` tell.
struct Waiting {
  struct Watch final : ConcurrentWatch {
    void notice(bool failed) noexcept override { waiting->notice(failed); }
    Waiting* waiting = nullptr;
  };

  void notice(bool failed) noexcept {
    const bool last = __atomic_sub_fetch(&left, 1, __ATOMIC_ACQ_REL) == 0;
    if (last || when == ReturnWhen::first_completed ||
        (failed && when == ReturnWhen::first_exception)) {
      event.set();
    }
  }

  ReturnWhen when;
  std::size_t left;
  Event event;
};

bool has_failed(const ConcurrentFutureBase& future) {
  return !future.cancelled() && future.outcome_error() != nullptr;
}

}  // namespace

ConcurrentRefs distinct(ConcurrentRefs futures) {
  std::unordered_set<const ConcurrentFutureBase*> seen;
  std::erase_if(futures, [&seen](const auto& future) { return !seen.insert(future.get()).second; });
  return futures;
}

void wait_settled(const ConcurrentRefs& futures, WaitOptions options) {
  Waiting waiting{options.return_when, futures.size(), {}};
  const auto watches = std::make_unique<Waiting::Watch[]>(futures.size());
  for (std::size_t i = 0; i < futures.size(); ++i) {
    watches[i].waiting = &waiting;
    if (!futures[i]->watch(watches[i])) waiting.notice(has_failed(*futures[i]));
  }
  if (!futures.empty()) waiting.event.wait(options.timeout);
  for (std::size_t i = 0; i < futures.size(); ++i) futures[i]->unwatch(watches[i]);
}

struct SettledQueue::State {
  struct Watch final : ConcurrentWatch {
    void notice(bool) noexcept override { state->arrive(index); }
    State* state = nullptr;
    std::size_t index = 0;
  };

  void arrive(std::size_t index) noexcept {
    const std::lock_guard lock(mutex);
    settled[arrived++] = index;
    changed.notify_one();
  }

  ConcurrentRefs futures;
  std::unique_ptr<Watch[]> watches;
  std::int64_t until_ns;  // INT64_MAX: no limit
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::size_t> settled;  // indices, in order of arrival
  std::size_t arrived = 0;
  std::size_t given = 0;
};

SettledQueue::SettledQueue(ConcurrentRefs futures, Duration timeout) {
  auto owner = std::make_unique<State>();
  state_ = owner.get();
  const std::size_t count = futures.size();
  state_->futures = std::move(futures);
  state_->watches = std::make_unique<State::Watch[]>(count);
  state_->settled.resize(count);
  state_->until_ns = timeout.is_forever()
                         ? INT64_MAX
                         : (Duration::nanoseconds(sys::monotonic_ns()) + timeout).count_ns();
  for (std::size_t i = 0; i < count; ++i) {
    state_->watches[i].state = state_;
    state_->watches[i].index = i;
    if (!state_->futures[i]->watch(state_->watches[i])) state_->arrive(i);
  }
  static_cast<void>(owner.release());
}

SettledQueue::~SettledQueue() {
  for (std::size_t i = 0; i < state_->futures.size(); ++i) {
    if (state_->futures[i]) state_->futures[i]->unwatch(state_->watches[i]);
  }
  delete state_;
}

Ref<ConcurrentFutureBase> SettledQueue::next() {
  State& s = *state_;
  if (s.given == s.futures.size()) return {};
  std::unique_lock lock(s.mutex);
  const auto there = [&s] { return s.arrived > s.given; };
  if (s.until_ns == INT64_MAX) {
    s.changed.wait(lock, there);
  } else {
    const std::chrono::nanoseconds left(s.until_ns - sys::monotonic_ns());
    if (!s.changed.wait_for(lock, left, there)) {
      throw TimeoutError(std::to_string(s.futures.size() - s.given) + " (of " +
                         std::to_string(s.futures.size()) + ") futures unfinished");
    }
  }
  return std::move(s.futures[s.settled[s.given++]]);
}

}  // namespace hob::detail
