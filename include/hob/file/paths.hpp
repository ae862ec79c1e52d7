// SPDX-License-Identifier: MIT
// What Python's os does with paths, awaited: stat, rename, unlink, mkdir, ... The names are
// Python's and the kernel's: where <cstdio> or <unistd.h> are included too, write hob:: before
// them. Paths are copied; a call that a cancellation comes too late for happens, and the
// cancellation strikes at the next suspension. Errors are OSErrors that name call and path.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/text.hpp>
#include <hob/task/coro.hpp>

#include <cstdint>
#include <string>

namespace hob {

/// os.stat_result. (Its names, st_mtime and the like, are macros in C.)
struct StatResult {
  std::int64_t size = 0;
  std::uint32_t mode = 0;  // type and permissions
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
  std::uint64_t links = 0;
  std::int64_t blocks = 0;  // of 512 bytes
  /// Since the beginning of 1970.
  Duration accessed;
  Duration modified;
  Duration changed;  // of mode, owner, links, ...

  bool is_dir() const noexcept;
  bool is_file() const noexcept;
  bool is_symlink() const noexcept;
};

Coro<StatResult> stat(Text path);
/// The same of a symbolic link itself.
Coro<StatResult> lstat(Text path);
/// Whether `path` leads to something. Errors other than its absence are thrown.
Coro<bool> exists(Text path);

/// Replaces what has the new name, in one step.
Coro<> rename(Text from, Text to);
Coro<> unlink(Text path);
Coro<> mkdir(Text path, unsigned permissions = 0777);
/// Also makes the directories above; `exist_ok`: a directory that is there already is no error.
Coro<> makedirs(Text path, bool exist_ok = false, unsigned permissions = 0777);
/// Removes an empty directory.
Coro<> rmdir(Text path);
/// Removes a directory with all that is in it; links are removed, not followed. (shutil.rmtree.)
Coro<> rmtree(Text path);
Coro<> symlink(Text target, Text path);
Coro<std::string> readlink(Text path);

}  // namespace hob
