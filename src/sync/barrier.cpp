// SPDX-License-Identifier: MIT
#include <hob/sync/barrier.hpp>

#include <hob/core/error.hpp>

namespace hob {

// One task between entering the barrier and leaving it, however it leaves. The lock is held at both
// ends.
class Barrier::Member {
 public:
  explicit Member(Shared& shared) noexcept : shared_(shared), index_(shared.count++) {}
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() {
    if (--shared_.count > 0) return;
    if (shared_.state != State::broken) shared_.state = State::filling;
    // A frame destroyed in mid-wait, by a loop that was closed, does not hold the lock, and nobody
    // is left to tell.
    if (shared_.condition.locked()) shared_.condition.notify_all();
  }
  std::size_t index() const noexcept { return index_; }

 private:
  Shared& shared_;
  std::size_t index_;
};

Barrier::Barrier(std::ptrdiff_t parties) {
  if (parties < 1) throw ValueError("parties must be > 0");
  shared_ = SharedRef::adopt(new Shared(static_cast<std::size_t>(parties)));
}

Coro<std::size_t> Barrier::wait_in(SharedRef shared) {
  Shared& s = *shared;
  const auto guard = co_await s.condition.scoped();
  while (s.state == State::draining || s.state == State::resetting) co_await s.condition.wait();
  if (s.state == State::broken) throw BrokenBarrierError("Barrier aborted");
  const Member member(s);
  if (s.count == s.parties) {
    s.state = State::draining;
    s.condition.notify_all();
  } else {
    while (s.state == State::filling) co_await s.condition.wait();
    if (s.state != State::draining) throw BrokenBarrierError("Abort or reset of barrier");
  }
  co_return member.index();
}

Coro<> Barrier::change(SharedRef shared, State when_empty, State when_waiting) {
  const auto guard = co_await shared->condition.scoped();
  shared->state = shared->count > 0 ? when_waiting : when_empty;
  shared->condition.notify_all();
}

}  // namespace hob
