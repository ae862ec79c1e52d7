// SPDX-License-Identifier: MIT
// Values as bytes, to hand them to another process that runs the same program: what pickle is to
// multiprocessing. Not a file format: the bytes mean nothing to another build of the program. Which
// types can be sent is said at OutArchive.
#pragma once

#include <hob/core/error.hpp>
#include <hob/core/text.hpp>
#include <hob/executor/archive.hpp>
#include <hob/executor/detail/encode.hpp>

#include <string>
#include <type_traits>

namespace hob {

/// Bytes that are not what the type needs: cut off, or not made by `dumps` of this program.
/// Python's UnpicklingError.
class UnpicklingError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The bytes of `value`. Python's pickle.dumps, for this program only.
template <class T>
std::string dumps(const T& value) {
  detail::require_sendable<T, T>();
  OutArchive archive;
  archive(value);
  return archive.sink().text();
}

/// The value that `dumps` was given. Throws UnpicklingError when `bytes` are not what a `T` needs,
/// or go on behind it.
template <class T>
T loads(Text bytes) {
  const detail::AlignedBytes copy(bytes);
  InArchive archive(copy.data(), bytes.size());
  T value = detail::take<T>(archive);
  archive.source().expect_end();
  return value;
}

}  // namespace hob
