// SPDX-License-Identifier: MIT
// What reading from a stream can throw besides OSError. asyncio's names.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace hob {

/// asyncio.IncompleteReadError: the stream ended before what was asked for was complete.
class IncompleteReadError : public std::runtime_error {
 public:
  /// `expected` is what `readexactly` was asked for; `kUnknown` for `readuntil`.
  static constexpr std::size_t kUnknown = static_cast<std::size_t>(-1);
  IncompleteReadError(std::string partial, std::size_t expected)
      : std::runtime_error(std::to_string(partial.size()) + " bytes read on a total of " +
                           (expected == kUnknown ? "undefined" : std::to_string(expected)) +
                           " expected bytes"),
        partial_(std::move(partial)),
        expected_(expected) {}

  /// The bytes before the end; they are taken out of the stream.
  const std::string& partial() const noexcept { return partial_; }
  std::size_t expected() const noexcept { return expected_; }

 private:
  std::string partial_;
  std::size_t expected_;
};

/// asyncio.LimitOverrunError: no separator within the limit. The bytes stay in the stream.
class LimitOverrunError : public std::runtime_error {
 public:
  LimitOverrunError(const char* what, std::size_t consumed)
      : std::runtime_error(what), consumed_(consumed) {}

  /// How many bytes can be read before the separator can begin.
  std::size_t consumed() const noexcept { return consumed_; }

 private:
  std::size_t consumed_;
};

}  // namespace hob
