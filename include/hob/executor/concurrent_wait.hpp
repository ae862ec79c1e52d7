// SPDX-License-Identifier: MIT
// concurrent::wait, concurrent::as_completed: several jobs of executors, without a loop. They block
// the calling thread; coroutines gather `wrap_future`s instead.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/task/concurrent_future.hpp>
#include <hob/task/wait.hpp>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace hob {
namespace detail {

using ConcurrentRefs = std::vector<Ref<ConcurrentFutureBase>>;

/// Leaves out what came before.
ConcurrentRefs distinct(ConcurrentRefs futures);
/// Whether it counts as done here: finished, or cancelled and noticed by an executor.
inline bool is_settled(const ConcurrentFutureBase& future) noexcept {
  return future.state() >= concurrent::FutureState::cancelled_and_notified;
}
/// Blocks; the futures are distinct.
void wait_settled(const ConcurrentRefs& futures, WaitOptions options);

/// Distinct futures in the order in which they settle.
class SettledQueue {
 public:
  SettledQueue(ConcurrentRefs futures, Duration timeout);
  SettledQueue(const SettledQueue&) = delete;
  SettledQueue& operator=(const SettledQueue&) = delete;
  ~SettledQueue();
  /// Blocks; null after the last. Throws TimeoutError.
  Ref<ConcurrentFutureBase> next();

 private:
  struct State;
  State* state_;
};

template <class T>
ConcurrentRefs refs_of(const std::vector<concurrent::Future<T>>& futures) {
  ConcurrentRefs refs;
  refs.reserve(futures.size());
  for (const auto& future : futures) refs.push_back(future.base());
  return distinct(std::move(refs));
}

}  // namespace detail

namespace concurrent {

/// What `wait` gives; both in the order in which they were given.
template <class T>
struct DoneAndNotDone {
  std::vector<Future<T>> done;
  std::vector<Future<T>> not_done;
};

/// Blocks until `return_when` holds or `timeout` has passed. A cancelled future counts as done when
/// its executor has noticed. Duplicates count once. Behaviour of concurrent.futures.wait.
template <class T>
DoneAndNotDone<T> wait(const std::vector<Future<T>>& futures, WaitOptions options = {}) {
  detail::ConcurrentRefs refs = detail::refs_of(futures);
  detail::wait_settled(refs, options);
  DoneAndNotDone<T> result;
  for (auto& ref : refs) {
    const bool done = detail::is_settled(*ref);
    (done ? result.done : result.not_done).push_back(Future<T>(std::move(ref)));
  }
  return result;
}

/// Futures in the order in which they get done: `for (auto& f : as_completed(futures)) ...`.
template <class T>
class AsCompleted {
 public:
  AsCompleted(const std::vector<Future<T>>& futures, Duration timeout)
      : queue_(detail::refs_of(futures), timeout) {}

  /// Blocks for the next one; nothing after the last. Throws TimeoutError when the time has passed.
  std::optional<Future<T>> next() {
    auto ref = queue_.next();
    if (!ref) return std::nullopt;
    return Future<T>(std::move(ref));
  }

  struct End {};
  class Iterator {
   public:
    explicit Iterator(AsCompleted& all) : all_(&all), now_(all.next()) {}
    Future<T>& operator*() { return *now_; }
    Iterator& operator++() {
      now_ = all_->next();
      return *this;
    }
    friend bool operator==(const Iterator& it, End) { return !it.now_.has_value(); }

   private:
    AsCompleted* all_;
    std::optional<Future<T>> now_;
  };
  Iterator begin() { return Iterator(*this); }
  End end() const { return {}; }

 private:
  detail::SettledQueue queue_;
};

/// Those that are done already come first, in the order in which they were given. The time counts
/// from this call. Duplicates count once. Behaviour of concurrent.futures.as_completed.
template <class T>
AsCompleted<T> as_completed(const std::vector<Future<T>>& futures,
                            AsCompletedOptions options = {}) {
  return AsCompleted<T>(futures, options.timeout);
}

}  // namespace concurrent
}  // namespace hob
