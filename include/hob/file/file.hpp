// SPDX-License-Identifier: MIT
// open, File: files whose calls are awaited. asyncio has none; the words are those of Python's file
// objects, as aiofiles uses them. Disks make a thread wait, so the calls are carried out by a small
// pool of threads; what the kernel has in memory is read at once.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/core/text.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace hob {

class File;
namespace detail {
class FileState;
}

/// Opens a file. `mode` is Python's: "r", "w", "a" or "x", with "+" for both directions; "b" and
/// "t" make no difference, bytes are bytes. A new file gets `permissions`, less the umask. Throws
/// ValueError for another mode, OSError. A cancelled open leaves no descriptor, but may have made
/// or emptied the file.
Coro<File> open(Text path, Text mode = "r", unsigned permissions = 0666);

/// An open file with a position. Made by `open`. Belongs to the loop's thread. Its calls are done
/// one after the other, in order; any number of tasks may make them. Reads are buffered, writes are
/// not. A call that is cancelled while the kernel works on it waits for the end of that work, and
/// gives its result when it cannot be undone; the cancellation then strikes at the next suspension.
/// So a read that is cancelled has moved nothing, and a write has happened or not begun. Once
/// closed, calls throw ValueError.
class File {
 public:
  /// An empty handle: only assignment and `closed`.
  File() noexcept;
  /// For `open` and its kin.
  explicit File(detail::Ref<detail::FileState> state) noexcept;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  /// Closes when nobody did. Unlike `close` it makes the thread wait, and tells no errors.
  ~File();

  /// Reads `size` bytes, fewer only at the end of the file: then "". Throws OSError.
  Coro<std::string> read(std::size_t size);
  /// Reads what is left.
  Coro<std::string> read();
  Coro<std::string> readall() { return read(); }
  /// Reads up to and with the next newline; "" at the end of the file.
  Coro<std::string> readline();
  /// The same for iteration: `while (auto line = co_await file.anext())`; empty at the end.
  Coro<std::optional<std::string>> anext();
  /// Reads `size` bytes at `offset`, fewer only at the end; the position does not matter.
  Coro<std::string> pread(std::size_t size, std::int64_t offset);

  /// Writes all of `data`, which must live until then, at the position; gives how many bytes. When
  /// it throws (OSError: no space, ...) the position tells what was written.
  Coro<std::size_t> write(Text data);
  /// Writes all of `data` at `offset`; the position does not matter.
  Coro<std::size_t> pwrite(Text data, std::int64_t offset);

  /// Moves the position: from the beginning (whence 0), from here (1) or from the end (2), and
  /// gives it. Throws OSError: ESPIPE for what has none, EINVAL for one before the beginning.
  Coro<std::int64_t> seek(std::int64_t offset, int whence = 0);
  /// The position. Does not suspend. Throws OSError (ESPIPE).
  std::int64_t tell() const;
  /// Cuts the file, or fills it with zeros, to `size` bytes; the position's when not given. Gives
  /// the size. The position stays.
  Coro<std::int64_t> truncate();
  Coro<std::int64_t> truncate(std::int64_t size);
  /// Returns when what was written is on the disk: fsync(2).
  Coro<> fsync();
  /// The same without the times of the file: fdatasync(2).
  Coro<> fdatasync();
  /// Closes, after the calls that were made before. Throws what was not written. Idempotent.
  Coro<> close();
  bool closed() const noexcept;
  /// The descriptor, borrowed. Throws ValueError when closed.
  int fileno() const;
  /// The path that it was opened with.
  const std::string& name() const noexcept;

  /// For async_with: closes at the end of the body.
  Coro<> aenter() { co_return; }
  Coro<> aexit(std::exception_ptr error);

 private:
  const detail::Ref<detail::FileState>& usable() const;

  detail::Ref<detail::FileState> state_;
};

/// The content of a file. At the cost of one call. Throws OSError. (pathlib's read_bytes.)
Coro<std::string> read_file(Text path);
/// Makes the file's content `data`, which must live until then. A cancellation that comes too late
/// to stop it strikes at the next suspension. Throws OSError. (pathlib's write_bytes.)
Coro<> write_file(Text path, Text data, unsigned permissions = 0666);

}  // namespace hob
