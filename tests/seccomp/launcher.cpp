// SPDX-License-Identifier: MIT
// `without_io_uring EPERM|ENOSYS COMMAND...` runs a command to which io_uring is forbidden.
#include "support/no_io_uring.hpp"

#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
  const bool missing = argc > 2 && std::strcmp(argv[1], "ENOSYS") == 0;
  if (argc < 3 || (!missing && std::strcmp(argv[1], "EPERM") != 0)) {
    std::fputs("usage: without_io_uring EPERM|ENOSYS COMMAND...\n", stderr);
    return 2;
  }
  if (!support::forbid_io_uring(missing ? ENOSYS : EPERM)) {
    std::puts("SKIPPED: no seccomp here");
    return 0;
  }
  ::execvp(argv[2], argv + 2);
  std::perror(argv[2]);
  return 127;
}
