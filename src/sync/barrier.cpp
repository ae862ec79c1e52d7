// SPDX-License-Identifier: MIT
#include <hob/sync/barrier.hpp>

#include <hob/core/error.hpp>

namespace hob {

// One task between entering the barrier and leaving it, however it leaves. The lock is held at both
// ends.
class Barrier::Member {
 public:
  explicit Member(Barrier& barrier) noexcept : barrier_(barrier), index_(barrier.count_++) {}
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() {
    if (--barrier_.count_ > 0) return;
    if (barrier_.state_ != State::broken) barrier_.state_ = State::filling;
    // A frame destroyed in mid-wait, by a loop that was closed, does not hold the lock, and nobody
    // is left to tell.
    if (barrier_.condition_.locked()) barrier_.condition_.notify_all();
  }
  std::size_t index() const noexcept { return index_; }

 private:
  Barrier& barrier_;
  std::size_t index_;
};

Barrier::Barrier(std::ptrdiff_t parties) : parties_(static_cast<std::size_t>(parties)) {
  if (parties < 1) throw ValueError("parties must be > 0");
}

Coro<std::size_t> Barrier::wait() {
  const auto guard = co_await condition_.scoped();
  while (state_ == State::draining || state_ == State::resetting) co_await condition_.wait();
  if (state_ == State::broken) throw BrokenBarrierError("Barrier aborted");
  const Member member(*this);
  if (count_ == parties_) {
    state_ = State::draining;
    condition_.notify_all();
  } else {
    while (state_ == State::filling) co_await condition_.wait();
    if (state_ != State::draining) throw BrokenBarrierError("Abort or reset of barrier");
  }
  co_return member.index();
}

Coro<> Barrier::reset() {
  const auto guard = co_await condition_.scoped();
  state_ = count_ > 0 ? State::resetting : State::filling;
  condition_.notify_all();
}

Coro<> Barrier::abort() {
  const auto guard = co_await condition_.scoped();
  state_ = State::broken;
  condition_.notify_all();
}

}  // namespace hob
