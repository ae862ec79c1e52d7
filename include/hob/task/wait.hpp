// SPDX-License-Identifier: MIT
// wait, as_completed: several futures, as they get done.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/ensure_future.hpp>
#include <hob/task/future.hpp>
#include <hob/task/this_task.hpp>

#include <initializer_list>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob {

/// When `wait` returns; asyncio's constants of the same names.
enum class ReturnWhen : unsigned char { first_completed, first_exception, all_completed };
inline constexpr ReturnWhen FIRST_COMPLETED = ReturnWhen::first_completed;
inline constexpr ReturnWhen FIRST_EXCEPTION = ReturnWhen::first_exception;
inline constexpr ReturnWhen ALL_COMPLETED = ReturnWhen::all_completed;

struct WaitOptions {
  Duration timeout = Duration::forever();
  ReturnWhen return_when = ReturnWhen::all_completed;
};

/// Both in the order in which they were given.
template <class F>
struct WaitResult {
  std::vector<F> done;
  std::vector<F> pending;
};

namespace detail {

/// Which futures came before, by address.
class Distinct {
 public:
  explicit Distinct(std::size_t expected);
  Distinct(const Distinct&) = delete;
  Distinct& operator=(const Distinct&) = delete;
  ~Distinct();
  /// False when it was there.
  bool add(const FutureBase* future);

 private:
  struct Set;
  Set* set_;
};

Coro<> wait_futures(std::vector<Ref<FutureBase>> futures, WaitOptions options);

template <class F>
Coro<WaitResult<F>> run_wait(std::vector<F> futures, WaitOptions options) {
  std::vector<Ref<FutureBase>> states;
  states.reserve(futures.size());
  for (const F& future : futures) states.push_back(future.state());
  co_await wait_futures(std::move(states), options);
  WaitResult<F> result;
  for (F& future : futures)
    (future.done() ? result.done : result.pending).push_back(std::move(future));
  co_return result;
}

}  // namespace detail

/// Waits until `return_when` holds or `timeout` has passed; never throws TimeoutError, never
/// cancels a future. Duplicates count once. Throws ValueError when `futures` is empty. Cancelling
/// leaves the futures alone. Takes futures or tasks only: hand coroutines to create_task first.
/// Tasks with results of different types are `AnyTask`s: `std::vector<AnyTask>{got, stopped}`.
/// Behaviour of asyncio.wait.
template <class F>
  requires kIsFuture<F>
Coro<WaitResult<F>> wait(std::vector<F> futures, WaitOptions options = {}) {
  detail::Distinct distinct(futures.size());
  std::vector<F> unique;
  unique.reserve(futures.size());
  for (F& future : futures) {
    if (distinct.add(future.state().get())) unique.push_back(std::move(future));
  }
  return detail::run_wait(std::move(unique), options);
}

/// The same for a list of tasks: `wait({got, stopped}, {.return_when = FIRST_COMPLETED})`.
inline Coro<WaitResult<AnyTask>> wait(std::initializer_list<AnyTask> tasks,
                                      WaitOptions options = {}) {
  return wait(std::vector<AnyTask>(tasks), options);
}

namespace detail {

/// What as_completed shares with its callbacks.
class CompletionQueue : public Pooled {
 public:
  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }
  explicit CompletionQueue(std::vector<Ref<FutureBase>> futures, Duration timeout);
  CompletionQueue(const CompletionQueue&) = delete;
  CompletionQueue& operator=(const CompletionQueue&) = delete;
  ~CompletionQueue();

  /// Null once all were given.
  Coro<Ref<FutureBase>> next();

 private:
  struct Child final : Callback {
    ~Child() { detach(); }
    void on_done(FutureBase& future) override;
    void drop() noexcept override {}
    CompletionQueue* queue = nullptr;
  };
  struct Timer : TimerNode {
    CompletionQueue* queue = nullptr;
  };
  class Awaiter;
  static void on_timeout(Node* node);
  void put(Ref<FutureBase> future);

  EventLoop* loop_ = nullptr;
  std::vector<Ref<FutureBase>> ready_;  // done and not given yet; null stands for the timeout
  std::size_t given_ = 0;
  std::size_t left_;
  std::size_t todo_;
  Child* children_;
  std::size_t refs_ = 1;
  LinkList waiting_;
  Timer timer_;
};

}  // namespace detail

/// Gives futures in the order in which they get done: `while (auto f = co_await it.anext())
/// use(co_await *f);`
template <class F>
class AsCompleted {
 public:
  AsCompleted(std::vector<F> futures, Duration timeout) : queue_(make(futures, timeout)) {}

  /// The next one that is done; nothing after the last. Throws TimeoutError when the time passed
  /// first, once for every future that is left.
  Coro<std::optional<F>> anext() { return next(queue_); }

 private:
  static detail::Ref<detail::CompletionQueue> make(const std::vector<F>& futures,
                                                   Duration timeout) {
    detail::Distinct distinct(futures.size());
    std::vector<detail::Ref<detail::FutureBase>> states;
    for (const F& future : futures) {
      if (distinct.add(future.state().get())) states.push_back(future.state());
    }
    return detail::Ref<detail::CompletionQueue>::adopt(
        new detail::CompletionQueue(std::move(states), timeout));
  }
  static Coro<std::optional<F>> next(detail::Ref<detail::CompletionQueue> queue) {
    detail::Ref<detail::FutureBase> state = co_await queue->next();
    if (!state) co_return std::nullopt;
    co_return F(std::move(state));
  }

  detail::Ref<detail::CompletionQueue> queue_;
};

struct AsCompletedOptions {
  Duration timeout = Duration::forever();
};

/// Async iteration over futures or tasks as they get done. Duplicates count once. Behaviour of
/// asyncio.as_completed (Python 3.13's `async for`).
template <class F>
  requires kIsFuture<F>
AsCompleted<F> as_completed(std::vector<F> futures, AsCompletedOptions options = {}) {
  return AsCompleted<F>(std::move(futures), options.timeout);
}

}  // namespace hob
