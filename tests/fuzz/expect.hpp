// SPDX-License-Identifier: MIT
// What fuzz targets share: a check that stops the fuzzer, and cuts from one byte.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <vector>

namespace fuzz {

inline void expect(bool good) {
  if (!good) std::abort();
}

/// Offsets at which `size` bytes are cut: every so many bytes, or in two.
inline std::vector<std::size_t> cuts(unsigned char choice, std::size_t size) {
  std::vector<std::size_t> at;
  const std::size_t step = choice % 16 + 1;
  if (choice < 128) {
    for (std::size_t i = step; i < size; i += step) at.push_back(i);
  } else if (size != 0) {
    at.push_back((choice - 128) * size / 128);
  }
  return at;
}

}  // namespace fuzz
