// SPDX-License-Identifier: MIT
// Agenda: what will happen in a simulated network, in order of time, and of notes for one time. It
// is one timer of the loop that runs.
#pragma once

#include "loop/loop_impl.hpp"

#include <hob/core/function.hpp>
#include <hob/core/ref.hpp>

#include <cstdint>
#include <vector>

namespace hob::testing {

using Time = std::int64_t;  // nanoseconds: see Agenda::now

class Agenda : private detail::TimerNode {
 public:
  Agenda() noexcept { run = &on_timer; }
  Agenda(const Agenda&) = delete;
  Agenda& operator=(const Agenda&) = delete;
  ~Agenda() { leave_loop(); }

  /// The loop's time, for the first loop. It stands still between two loops, and goes on with the
  /// next.
  Time now() noexcept;
  /// Calls `fn`, from the loop, at `when`; in the next iteration when that has passed. It must not
  /// throw.
  void at(Time when, Function<void()> fn);

 private:
  struct Event {
    Time when;
    std::uint64_t number;
    Function<void()> fn;
    /// For the heap, whose top is the largest.
    friend bool operator<(const Event& a, const Event& b) noexcept {
      return a.when != b.when ? a.when > b.when : a.number > b.number;
    }
  };
  static void on_timer(detail::Node* node);
  void run_due();
  void set_timer() noexcept;
  void enter_loop(EventLoop& loop) noexcept;
  void leave_loop() noexcept;

  detail::Ref<detail::LoopCore> core_;
  Time now_ = 0;
  Time ahead_ = 0;  // of the loop's time
  std::uint64_t number_ = 0;
  std::vector<Event> events_;  // a heap
};

}  // namespace hob::testing
