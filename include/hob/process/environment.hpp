// SPDX-License-Identifier: MIT
// Environment: the variables of a process, for the `env` of a subprocess.
#pragma once

#include <hob/core/text.hpp>

#include <optional>
#include <string>
#include <vector>

namespace hob {

/// Names and values. An empty one at first: a program that is started with it sees nothing else.
class Environment {
 public:
  Environment() = default;
  /// A copy of this process's own (os.environ). Not while another thread changes that.
  static Environment current();

  /// Throws ValueError for a name that is empty or contains '=' or NUL, or a value with NUL.
  void set(Text name, Text value);
  /// Gives whether it was there.
  bool unset(Text name) noexcept;
  std::optional<std::string> get(Text name) const;

  /// `NAME=value`, in order of the first setting.
  const std::vector<std::string>& lines() const noexcept { return lines_; }

 private:
  std::size_t find(Text name) const noexcept;

  std::vector<std::string> lines_;
};

}  // namespace hob
