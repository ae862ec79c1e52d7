// SPDX-License-Identifier: MIT
// FileCall: one system call about files, written down: for who carries it out, a thread that may
// wait, or a ring.
#pragma once

#include "sys/file.hpp"

#include <cstddef>
#include <cstdint>

namespace hob::sys {

/// What statx(2) writes; big enough for all that later kernels may add.
struct RawStatus {
  alignas(8) unsigned char bytes[256];
  void copy_to(FileStatus& out) const noexcept;
};

struct FileCall {
  enum class Kind : unsigned char {
    open,        // path, flags, permissions
    close,       // fd
    read,        // fd, to, size, offset
    write,       // fd, from, size, offset
    sync,        // fd
    data_sync,   // fd
    truncate,    // fd, offset
    status,      // path or fd (with path null), follow -> status
    rename,      // path, other
    unlink,      // path
    make_dir,    // path, permissions
    remove_dir,  // path
    make_link,   // path is the target, other the new name
  };
  Kind kind = Kind::close;
  bool follow = true;
  int fd = -1;
  unsigned flags = 0;  // OpenFlags
  unsigned permissions = 0;
  const char* path = nullptr;
  const char* other = nullptr;
  void* to = nullptr;
  const void* from = nullptr;
  std::size_t size = 0;
  std::int64_t offset = -1;
  RawStatus* status = nullptr;
};

/// Does it; waits for it. The call's result or -errno.
long perform(const FileCall& call) noexcept;
/// What a test wants this call to give instead (sys/fault.hpp), which it then does not make, but
/// for a close; 0: nothing. Reads and writes may be shortened.
long injected(FileCall& call) noexcept;
/// For open(2) and its like.
int kernel_open_flags(unsigned flags) noexcept;

}  // namespace hob::sys
