// SPDX-License-Identifier: MIT
// Executor: what thread pools and process pools have in common, and the options of their calls.
// Each has a `submit(fn, args...)` of its own that gives a concurrent::Future, because what may be
// submitted differs: anything callable, or what another process can find again.
#pragma once

#include <hob/core/duration.hpp>

#include <cstddef>

namespace hob {

/// Options of `Executor::shutdown`.
struct ShutdownOptions {
  /// Blocks until every job that was submitted has ended and the workers are gone.
  bool wait = true;
  /// Cancels the jobs that have not begun instead of running them.
  bool cancel_futures = false;
};

/// Options of `map`.
struct MapOptions {
  /// From the call of `map`: a result that is asked for and not there by then is a TimeoutError.
  Duration timeout = Duration::forever();
  /// How many items make one job. More means less overhead and less even work.
  std::size_t chunksize = 1;
  /// How many jobs may be submitted ahead of the result that is asked for; 0: all at once.
  std::size_t buffersize = 0;
};

/// Runs jobs elsewhere. Any thread may submit and shut down. Semantics of
/// concurrent.futures.Executor; a destructor is the end of Python's `with`: `shutdown()`.
class Executor {
 public:
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  /// Refuses new jobs from now on: `submit` throws RuntimeError. Idempotent.
  virtual void shutdown(ShutdownOptions options = {}) = 0;

 protected:
  Executor() = default;
};

}  // namespace hob
