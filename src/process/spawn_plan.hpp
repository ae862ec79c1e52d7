// SPDX-License-Identifier: MIT
// SpawnPlan: everything that starting a process needs, made before there are two of them.
#pragma once

#include "sys/process.hpp"

#include <hob/process/subprocess.hpp>

#include <string>
#include <vector>

namespace hob::detail {

struct SpawnPlan {
  /// Copies. Throws ValueError.
  SpawnPlan(const Text* argv, std::size_t count, const SubprocessOptions& options);
  SpawnPlan(SpawnPlan&&) noexcept = default;
  SpawnPlan& operator=(SpawnPlan&&) = delete;
  ~SpawnPlan() = default;

  std::vector<std::string> arguments;
  std::vector<std::string> paths;  // of the program, tried in order
  std::vector<std::string> environment;
  bool own_environment = false;
  std::string cwd;
  std::vector<int> pass_fds;
  Stdio stdio[3];
  std::size_t limit;
  bool close_fds;
  bool start_new_session;
  bool restore_signals;
  int process_group;
};

/// Starts it with these standard streams, -1 for this process's. Throws OSError.
void spawn(const SpawnPlan& plan, const int (&stdio)[3], sys::Spawned& out);

}  // namespace hob::detail
