// SPDX-License-Identifier: MIT
// Temporary files and directories, which vanish. Python's tempfile.
#pragma once

#include <hob/core/text.hpp>
#include <hob/file/file.hpp>
#include <hob/task/coro.hpp>

#include <exception>
#include <string>
#include <utility>

namespace hob {

/// Where temporary things are made, and how they are called: `prefix`, random letters, `suffix`.
struct TemporaryOptions {
  Text prefix = "tmp";
  Text suffix = "";
  /// The directory; empty: TMPDIR, else /tmp.
  Text dir = "";
};

/// A path that is removed at the end of the scope, or by `remove`. What the destructor does, it
/// does at once: it makes the thread wait, and tells no errors.
class TemporaryPath {
 public:
  TemporaryPath() noexcept = default;
  TemporaryPath(std::string path, bool directory) noexcept
      : path_(std::move(path)), directory_(directory) {}
  TemporaryPath(TemporaryPath&& other) noexcept
      : path_(std::exchange(other.path_, {})), directory_(other.directory_) {}
  TemporaryPath& operator=(TemporaryPath&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(directory_, other.directory_);
    return *this;
  }
  ~TemporaryPath();

  const std::string& name() const noexcept { return path_; }
  /// Removes it now, a directory with all that is in it. Something else may have removed it before.
  /// Throws OSError. Idempotent.
  Coro<> remove();
  /// It stays; gives the path.
  std::string keep() noexcept { return std::exchange(path_, {}); }

 private:
  std::string path_;
  bool directory_ = false;
};

/// A directory that vanishes with all that is in it. (tempfile.TemporaryDirectory.)
class TemporaryDirectory : public TemporaryPath {
 public:
  using TemporaryPath::TemporaryPath;
  Coro<> cleanup() { return remove(); }
  /// For async_with.
  Coro<> aenter() { co_return; }
  Coro<> aexit(std::exception_ptr) { return remove(); }
};

/// A file, open for reading and writing, whose name vanishes. (tempfile.NamedTemporaryFile.)
class NamedTemporaryFile : public TemporaryPath {
 public:
  NamedTemporaryFile(std::string path, File opened) noexcept
      : TemporaryPath(std::move(path), false), file(std::move(opened)) {}
  /// For async_with.
  Coro<> aenter() { co_return; }
  Coro<> aexit(std::exception_ptr error);

  File file;
};

/// A file without a name, open for reading and writing: it is gone when it is closed. Throws
/// OSError.
Coro<File> temporary_file(Text dir = "");
Coro<NamedTemporaryFile> named_temporary_file(TemporaryOptions options = {});
Coro<TemporaryDirectory> temporary_directory(TemporaryOptions options = {});

}  // namespace hob
