// SPDX-License-Identifier: MIT
// run_virtual: a program in virtual time. Tests of hours take microseconds and are deterministic.
#pragma once

#include <hob/task/coro.hpp>
#include <hob/task/run.hpp>

#include <cstdint>
#include <utility>

namespace hob::testing {

struct VirtualOptions {
  constexpr VirtualOptions() noexcept = default;
  /// Not 0: shuffles what is ready at the same time, in an order that the seed determines. For
  /// finding code that relies on an order which nobody promised.
  std::uint64_t seed = 0;
};

/// Runs `main` as `hob::run` does, on the `sim` driver: the clock starts at 0 and jumps to the next
/// timer whenever nothing is ready. Gives its result or throws its exception; throws DeadlockError
/// when nothing can ever happen again.
template <class T>
T run_virtual(Coro<T>&& main, VirtualOptions options = {}) {
  LoopOptions loop;
  loop.driver = Driver::sim;
  loop.shuffle_seed = options.seed;
  return hob::run(std::move(main), loop);
}

/// The same with `{.seed = 7}` written as a number.
template <class T>
T run_virtual(Coro<T>&& main, std::uint64_t seed) {
  VirtualOptions options;
  options.seed = seed;
  return run_virtual(std::move(main), options);
}

}  // namespace hob::testing
