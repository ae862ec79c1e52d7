// SPDX-License-Identifier: MIT
// cancel_everywhere: finds what a cancellation breaks, by trying it at every place where it can
// come.
#pragma once

#include <hob/core/function.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace hob::testing {

struct CancelOptions {
  /// Not 0: shuffles what is ready at the same time (see run_virtual).
  std::uint64_t seed = 0;
  /// Also cancel again at the next suspension, as during the clean-up of the first.
  bool twice = true;
  /// Also cancel one iteration of the loop later.
  bool later = true;
  /// Also let a `timeout` around the scenario pass there.
  bool timeouts = true;
  /// Errors besides CancelledError (TimeoutError for a timeout) may leave the scenario.
  bool may_throw = false;
  /// Tasks that the scenario leaves behind are a failure; otherwise they are cancelled, as by
  /// `run`.
  bool tasks_end_with_main = false;
  /// Count the blocks of the frame allocator (frames, tasks, futures, handles). Not for scenarios
  /// that use threads: a block that another thread frees counts as leaked.
  bool count_blocks = true;
  /// A scenario with more suspensions than this, counting all tasks', does not end: a failure.
  std::size_t suspensions_max = 10'000;
};

/// What cancel_everywhere found; `what()` names the cancellation, the line where the suspended task
/// waits, and what went wrong.
class CancelFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs `scenario` once in virtual time, counting its suspensions (each step of any task that ends
/// without the task being done); then once more for each of them, on a new loop, cancelling the
/// main task at just that point; and again in the ways that `options` names. After each run nothing
/// may be left: no live coroutine frame, task, future or handle; no timer, watch or file
/// descriptor; no error that nobody saw. Gives the number of suspensions. `scenario` is called anew
/// for each run, and must make all that it uses. Throws CancelFailure for the first run that fails,
/// and whatever leaves the scenario when nobody cancels it.
std::size_t cancel_everywhere(Function<Coro<>()> scenario, const CancelOptions& options = {});

}  // namespace hob::testing
