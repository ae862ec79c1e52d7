// SPDX-License-Identifier: MIT
// Processes: starting one from a program with many threads, its pidfd (a descriptor that names the
// process, so that a reused number is never meant), signals to it and its end. Linux 5.4.
#pragma once

#include "sys/fd.hpp"

#include <cstddef>

namespace hob::sys {

/// What a new process shall be; borrowed. All that needs memory was done by the caller: between
/// the clone and the exec nothing allocates, locks, or reads the environment.
struct SpawnRequest {
  const char* const* paths = nullptr;  // tried in order, as execvp tries PATH; ends with null
  const char* const* argv = nullptr;
  const char* const* envp = nullptr;
  const char* cwd = nullptr;      // null: the parent's
  int stdio[3] = {-1, -1, -1};    // becomes 0, 1, 2; -1: as the parent has it
  const int* pass_fds = nullptr;  // keep their numbers in the child
  std::size_t pass_count = 0;
  bool close_fds = true;  // all but 0, 1, 2 and pass_fds
  bool new_session = false;
  int process_group = -1;       // 0: a new one with the process's own number; -1: the parent's
  bool default_sigpipe = true;  // undo an ignored SIGPIPE and SIGXFSZ, as Python does
};

struct Spawned {
  int pid = 0;
  Fd pidfd;
  const char* failed = "";  // on failure the call that failed: "execve", "chdir", ...
};

/// Starts a process; returns when it runs the new program. 0, or -errno of whatever failed on the
/// way, in the child too; then no process is left. Any thread.
int spawn(const SpawnRequest& request, Spawned& out) noexcept;

int pidfd_open(int pid) noexcept;
/// -ESRCH when it has ended and was reaped.
int pidfd_send_signal(int pidfd, int signal) noexcept;

/// How a process ended: its exit code, or minus the number of the signal that killed it.
struct ExitStatus {
  int returncode = 0;
};
/// Reaps the child: 1 and `status` when it has ended, 0 when it runs (only without `block`),
/// -ECHILD when somebody else has reaped it.
int wait_child(int pidfd, bool block, ExitStatus& status) noexcept;

/// A pipe, both ends blocking and close-on-exec; [0] reads.
int make_pipe(Fd (&ends)[2]) noexcept;
int open_dev_null() noexcept;
int duplicate(int fd) noexcept;  // close-on-exec

/// One variable of environ(7); null when it is not set.
const char* environment_variable(const char* name) noexcept;

/// pthread_atfork(3), for what must not be copied half done into the child of fork(2).
void at_fork(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept;

extern const int kSigTerm;
extern const int kSigKill;

}  // namespace hob::sys
