// SPDX-License-Identifier: MIT
// Random: the numbers that a seed determines (splitmix64: any seed is a good one).
#pragma once

#include <cstdint>

namespace hob::testing {

class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  /// From 0 up to `limit`, without it; `limit` is not 0.
  std::uint64_t below(std::uint64_t limit) noexcept { return next() % limit; }
  /// From 0 to 1, without 1.
  double fraction() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Asks for no number when the answer is known: links without a fault do not change those with.
  bool chance(double probability) noexcept { return probability > 0 && fraction() < probability; }

 private:
  std::uint64_t state_;
};

}  // namespace hob::testing
