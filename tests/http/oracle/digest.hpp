// SPDX-License-Identifier: MIT
// What both programs of the matrix say about a body instead of the body, and the bodies themselves.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace matrix {

/// zlib.crc32 of Python.
inline unsigned long crc_of(std::string_view bytes) {
  return crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

/// `size` bytes, all values below 251 in turn: no power of two, so that a piece that is lost or
/// doubled shows. matrix.py makes the same.
inline std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i % 251);
  return bytes;
}

}  // namespace matrix
