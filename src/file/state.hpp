// SPDX-License-Identifier: MIT
// FileState: an open file: descriptor, position, and the bytes that were read ahead.
#pragma once

#include "file/operation.hpp"
#include "sys/fd.hpp"

#include <hob/core/memory.hpp>
#include <hob/sync/lock.hpp>
#include <hob/task/coro.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hob::detail {

/// Counted: a call that is under way keeps it. Belongs to the loop's thread.
class FileState : public Pooled {
 public:
  FileState(std::string path, FileOperation& opened) noexcept
      : name(std::move(path)),
        fd(std::move(opened.opened)),
        position(opened.seekable ? opened.offset : -1),
        appends((opened.flags & sys::kOpenAppend) != 0) {}
  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

  bool seekable() const noexcept { return position >= 0; }
  std::string_view ahead() const noexcept { return std::string_view(buffer).substr(taken); }
  /// Takes `size` bytes of those read ahead, and moves the position.
  std::string take(std::size_t size);
  /// Forgets what was read ahead, which is not where the next bytes come from any more.
  void drop_ahead() noexcept {
    if (!seekable()) return;
    buffer.clear();
    taken = 0;
  }
  void check_open() const;

  // The calls of File, each with the lock.
  static Coro<std::string> read(Ref<FileState> self, std::size_t size);
  static Coro<std::string> readline(Ref<FileState> self);
  static Coro<std::string> pread(Ref<FileState> self, std::size_t size, std::int64_t offset);
  static Coro<std::size_t> write(Ref<FileState> self, Text data);
  static Coro<std::size_t> pwrite(Ref<FileState> self, Text data, std::int64_t offset);
  static Coro<std::int64_t> seek(Ref<FileState> self, std::int64_t offset, int whence);
  static Coro<std::int64_t> truncate(Ref<FileState> self, std::int64_t size);
  static Coro<> sync(Ref<FileState> self, FileOperation::Kind kind);
  static Coro<> close(Ref<FileState> self);

  const std::string name;
  sys::Fd fd;
  /// Of the next byte that is handed out; -1 for pipes, terminals and the like.
  std::int64_t position;
  const bool appends;
  Lock lock;
  std::string buffer;  // read ahead; the first `taken` bytes were handed out
  std::size_t taken = 0;

 private:
  Coro<bool> read_ahead();
  bool read_at_once();

  bool reads_at_once_ = true;  // the file system can tell what it has in memory
  unsigned refs_ = 1;
};

}  // namespace hob::detail
