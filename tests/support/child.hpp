// SPDX-License-Identifier: MIT
// Test support: runs a function in a child process, and hears what it prints.
#pragma once

#include <sys/wait.h>
#include <unistd.h>
#include <string>

namespace support {

struct Ended {
  int code = -1;        // of exit; -signal when one ended it
  std::string printed;  // on standard error
};

template <class F>
Ended in_child(F function) {
  Ended ended;
  int ends[2];
  if (::pipe(ends) != 0) return ended;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    int code = 99;
    try {
      code = function();
    } catch (...) {
    }
    ::_exit(code);
  }
  ::close(ends[1]);
  char buffer[512];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    ended.printed.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  if (pid > 0 && ::waitpid(pid, &status, 0) == pid)
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return ended;
}

}  // namespace support
