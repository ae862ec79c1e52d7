// SPDX-License-Identifier: MIT
#include <hob/task/concurrent_future.hpp>

#include "sys/syscall.hpp"
#include "sys/thread.hpp"

#include <hob/core/error.hpp>

#include <cassert>
#include <memory>
#include <string>

namespace hob::detail {

// Shared between threads: from the global heap, because the thread-local pools would drain in one
// thread and grow in the other.
struct ConcurrentFutureBase::CallbackNode {
  explicit CallbackNode(Callback f) : fn(std::move(f)) {}
  Callback fn;
  CallbackNode* next = nullptr;
};

void ConcurrentFutureBase::drop_callbacks() noexcept {
  while (callbacks_) delete std::exchange(callbacks_, callbacks_->next);
}

// Held for a few instructions, or for the move of a result: spinning first is worth it.
ConcurrentFutureBase::State ConcurrentFutureBase::lock_slowly() noexcept {
  for (int spins = 0;; ++spins) {
    std::uint32_t word = __atomic_load_n(&word_, __ATOMIC_RELAXED);
    if ((word & kLocked) == 0) {
      if (__atomic_compare_exchange_n(&word_, &word, word | kLocked, true, __ATOMIC_ACQUIRE,
                                      __ATOMIC_RELAXED)) {
        return static_cast<State>(word & kStateMask);
      }
    } else if (spins < 100) {
      sys::cpu_relax();
    } else if ((word & kSleeping) != 0 ||
               __atomic_compare_exchange_n(&word_, &word, word | kSleeping, true, __ATOMIC_RELAXED,
                                           __ATOMIC_RELAXED)) {
      sys::futex_wait(&word_, word | kSleeping, -1);
    }
  }
}

// The future may be gone already, with whoever saw it done: only its address is used.
void ConcurrentFutureBase::wake_sleepers() noexcept { sys::futex_wake(&word_, INT32_MAX); }

bool ConcurrentFutureBase::cancel() noexcept {
  const State state = lock();
  if (state == State::pending) {
    settle(State::cancelled);
    return true;
  }
  unlock(state);
  return state == State::cancelled || state == State::cancelled_and_notified;
}

bool ConcurrentFutureBase::set_running_or_notify_cancel() {
  std::uint32_t word = __atomic_load_n(&word_, __ATOMIC_RELAXED);
  while ((word & (kStateMask | kLocked)) == static_cast<std::uint32_t>(State::pending)) {
    const std::uint32_t running = word | static_cast<std::uint32_t>(State::running);
    if (__atomic_compare_exchange_n(&word_, &word, running, true, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
      return true;
  }
  const State state = lock();
  if (state == State::cancelled) {
    tell_watches(false);
    unlock(State::cancelled_and_notified);
    return false;
  }
  unlock(state == State::pending ? State::running : state);
  if (state != State::pending) raise_runtime_error("Future in unexpected state");
  return true;
}

void ConcurrentFutureBase::set_exception(std::exception_ptr error) {
  if (!error) raise_value_error("set_exception: the exception_ptr is null");
  Finishing finishing(*this);
  error_ = std::move(error);
  finishing.commit();
}

void ConcurrentFutureBase::raise_done(State state) {
  unlock(state);
  raise_invalid_state("invalid state: the concurrent future is already done");
}

// The callbacks run without the lock, as in Python: they may do anything, and may drop the last
// handle but the caller's.
void ConcurrentFutureBase::settle_and_tell(State state) noexcept {
  const Ref<ConcurrentFutureBase> alive(this);
  CallbackNode* newest = std::exchange(callbacks_, nullptr);
  if (state == State::finished) tell_watches(error_ != nullptr);
  unlock(state);
  CallbackNode* node = nullptr;
  while (newest) {
    CallbackNode* older = std::exchange(newest->next, node);
    node = std::exchange(newest, older);
  }
  while (node) {
    const std::unique_ptr<CallbackNode> current(std::exchange(node, node->next));
    call(current->fn);
  }
}

void ConcurrentFutureBase::add_done_callback(Callback callback) {
  auto node = std::make_unique<CallbackNode>(std::move(callback));
  const State state = lock();
  if (state < State::cancelled) node->next = std::exchange(callbacks_, node.get());
  unlock(state);
  if (state < State::cancelled) {
    static_cast<void>(node.release());
  } else {
    call(node->fn);
  }
}

void ConcurrentFutureBase::call(Callback& callback) noexcept {
  try {
    callback(*this);
  } catch (...) {
    try {
      const std::string text = "exception calling callback for " + repr() + ": " +
                               describe(std::current_exception()) + "\n";
      sys::write_stderr(text.data(), text.size());
    } catch (...) {  // out of memory: the report is lost
    }
  }
}

bool ConcurrentFutureBase::watch(ConcurrentWatch& watch) noexcept {
  const State state = lock();
  const bool open = state < State::cancelled_and_notified;
  if (open) watch.next_ = std::exchange(watches_, &watch);
  unlock(state);
  return open;
}

void ConcurrentFutureBase::unwatch(ConcurrentWatch& watch) noexcept {
  const State state = lock();
  for (ConcurrentWatch** at = &watches_; *at; at = &(*at)->next_) {
    if (*at != &watch) continue;
    *at = watch.next_;
    break;
  }
  unlock(state);
}

void ConcurrentFutureBase::tell_watches(bool failed) noexcept {
  for (ConcurrentWatch* watch = std::exchange(watches_, nullptr); watch;) {
    ConcurrentWatch* next = watch->next_;
    watch->notice(failed);
    watch = next;
  }
}

bool ConcurrentFutureBase::wait(Duration timeout) noexcept {
  if (done()) return true;
  const std::int64_t until =
      timeout.is_forever() ? 0 : (Duration::nanoseconds(sys::monotonic_ns()) + timeout).count_ns();
  for (;;) {
    std::uint32_t word = __atomic_load_n(&word_, __ATOMIC_ACQUIRE);
    if ((word & kStateMask) >= static_cast<std::uint32_t>(State::cancelled)) return true;
    std::int64_t left = -1;
    if (!timeout.is_forever()) {
      left = until - sys::monotonic_ns();
      if (left <= 0) return false;
    }
    if ((word & kSleeping) != 0 ||
        __atomic_compare_exchange_n(&word_, &word, word | kSleeping, true, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) {
      sys::futex_wait(&word_, word | kSleeping, left);
    }
  }
}

std::exception_ptr ConcurrentFutureBase::exception(Duration timeout) {
  if (!wait(timeout)) raise_timeout();
  if (cancelled()) raise_cancelled({});
  return error_;
}

std::exception_ptr ConcurrentFutureBase::outcome_error() const {
  assert(done());
  return cancelled() ? make_cancelled_error({}) : error_;
}

void ConcurrentFutureBase::wait_for_value(Duration timeout) {
  if (std::exception_ptr error = exception(timeout)) std::rethrow_exception(std::move(error));
}

std::string ConcurrentFutureBase::repr() const {
  switch (state()) {
    case State::pending:
      return "<Future pending>";
    case State::running:
      return "<Future running>";
    case State::cancelled:
    case State::cancelled_and_notified:
      return "<Future cancelled>";
    case State::finished:
      break;
  }
  return error_ ? "<Future finished exception=" + describe(error_) + ">" : "<Future finished>";
}

}  // namespace hob::detail
