// SPDX-License-Identifier: MIT
// Barrier: a number of tasks that wait for each other.
#pragma once

#include <hob/core/memory.hpp>
#include <hob/core/ref.hpp>
#include <hob/sync/condition.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <cstdint>

namespace hob {

/// Lets tasks through in groups of `parties`; may be used again and again. Belongs to the loop's
/// thread; bound to the loop in which a task first waits (RuntimeError from another). Must outlive
/// its waiters. Semantics of asyncio.Barrier, CPython 3.13.
class Barrier {
 public:
  /// Throws ValueError when `parties` is less than 1.
  explicit Barrier(std::ptrdiff_t parties);
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;

  /// Suspends until `parties` tasks wait here, then lets them all go; the last one to come does not
  /// suspend. Gives the task's number in its group, from 0, in order of arrival. While a group is
  /// leaving, newcomers wait for the next. A cancelled wait leaves the group, which then needs
  /// another task. Throws BrokenBarrierError when the barrier is broken, or is aborted or reset
  /// meanwhile.
  Coro<std::size_t> wait() { return wait_in(shared_); }
  /// Throws BrokenBarrierError in the tasks that wait now; those that come later find the barrier
  /// empty. Also repairs a broken one. Suspends only when tasks are just entering or leaving.
  Coro<> reset() { return change(shared_, State::filling, State::resetting); }
  /// Breaks the barrier: BrokenBarrierError for those that wait now, and for all later ones until
  /// `reset`.
  Coro<> abort() { return change(shared_, State::broken, State::broken); }

  /// How many tasks make a group.
  std::size_t parties() const noexcept { return shared_->parties; }
  /// How many tasks wait for their group to be complete; 0 while one leaves.
  std::size_t n_waiting() const noexcept {
    return shared_->state == State::filling ? shared_->count : 0;
  }
  bool broken() const noexcept { return shared_->state == State::broken; }

 private:
  enum class State : std::uint8_t { filling, draining, resetting, broken };
  class Member;
  /// Lives until the last task has left, even when the barrier itself is gone.
  struct Shared : detail::Pooled {
    explicit Shared(std::size_t n) noexcept : parties(n) {}
    void retain() noexcept { ++refs; }
    void release() noexcept {
      if (--refs == 0) delete this;
    }

    Condition condition;  // of every change of state
    std::size_t parties;
    std::size_t count = 0;  // tasks that have entered and not left
    std::size_t refs = 1;
    State state = State::filling;
  };
  using SharedRef = detail::Ref<Shared>;
  static Coro<std::size_t> wait_in(SharedRef shared);
  static Coro<> change(SharedRef shared, State when_empty, State when_waiting);

  SharedRef shared_;
};

}  // namespace hob
