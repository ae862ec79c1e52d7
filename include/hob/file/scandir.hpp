// SPDX-License-Identifier: MIT
// scandir, listdir: what is in a directory.
#pragma once

#include <hob/core/text.hpp>
#include <hob/task/coro.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hob {

/// os.DirEntry: a name in a directory. What it is comes with it; links are not followed. Where the
/// file system does not tell, all three are false: ask `lstat`.
class DirEntry {
 public:
  enum class Kind : std::uint8_t { unknown, file, dir, symlink, other };
  DirEntry(std::string name, std::string path, std::uint64_t inode, Kind kind) noexcept
      : name_(std::move(name)), path_(std::move(path)), inode_(inode), kind_(kind) {}

  const std::string& name() const noexcept { return name_; }
  /// The directory's path, as it was given, and the name.
  const std::string& path() const noexcept { return path_; }
  std::uint64_t inode() const noexcept { return inode_; }
  bool is_file() const noexcept { return kind_ == Kind::file; }
  bool is_dir() const noexcept { return kind_ == Kind::dir; }
  bool is_symlink() const noexcept { return kind_ == Kind::symlink; }
  Kind kind() const noexcept { return kind_; }

 private:
  std::string name_;
  std::string path_;
  std::uint64_t inode_;
  Kind kind_;
};

/// An iteration over a directory; see `scandir`. Belongs to one task.
class DirIterator {
 public:
  explicit DirIterator(Text path);
  DirIterator(DirIterator&& other) noexcept;
  DirIterator& operator=(DirIterator&& other) noexcept;
  /// Closes the directory.
  ~DirIterator();

  /// The next entry, in no order, without "." and ".."; empty at the end. Throws OSError, the first
  /// time for a path that is no directory. A cancellation loses no entry.
  Coro<std::optional<DirEntry>> anext();

 private:
  struct State;
  State* state_;  // owned
};

/// `auto entries = scandir(path);` then `while (auto entry = co_await entries.anext())`. Opens the
/// directory at the first `anext`.
[[nodiscard]] inline DirIterator scandir(Text path = ".") { return DirIterator(path); }
/// All names in a directory, in no order.
Coro<std::vector<std::string>> listdir(Text path = ".");

}  // namespace hob
