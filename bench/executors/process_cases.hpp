// SPDX-License-Identifier: MIT
//
// The process cases of the executors benchmark. Wall time per operation. Few operations per run: on
// a shared machine the best of many short runs says more than the best of a few long ones.
#pragma once

#include "../support/measure.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace process_cases {

// process_round_trip  one small job by a worker, its result waited for; per job.
// process_map         map over small ints with a chunk size, by two workers; per item. `bare` is
//                     the same function in a loop, so that two workers can at best take half of it.
// process_64_mib      a vector of 64 MiB sent and returned; per vector.
inline constexpr std::uint64_t kRoundTrips = 2'000;
inline constexpr std::uint64_t kItems = 1'000'000;
inline constexpr std::uint64_t kChunk = 20'000;
inline constexpr std::size_t kLarge = std::size_t(64) << 20;
inline constexpr std::uint64_t kTransfers = 2;

inline int add_one(int n) { return n + 1; }
/// Some work per item: how often n halves or grows until it is 1.
inline int collatz(int n) {
  int steps = 0;
  for (std::uint64_t value = static_cast<std::uint64_t>(n) + 1; value != 1; ++steps)
    value = value % 2 == 0 ? value / 2 : 3 * value + 1;
  return steps;
}
inline std::vector<int> items(std::uint64_t count) {
  std::vector<int> all(count);
  std::iota(all.begin(), all.end(), 0);
  return all;
}
inline std::vector<std::uint64_t> large() {
  return std::vector<std::uint64_t>(kLarge / sizeof(std::uint64_t), 7);
}

}  // namespace process_cases
