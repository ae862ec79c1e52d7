// SPDX-License-Identifier: MIT
// Files and directories: thin wrappers, `result >= 0` or `-errno`. All of them may block: they are
// called by threads that may, but for `read_at_once`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hob::sys {

/// What a path or an open file is: stat(2). Times in nanoseconds since 1970.
struct FileStatus {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint32_t mode = 0;
  std::uint64_t links = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t size = 0;
  std::int64_t blocks = 0;
  std::int64_t accessed_ns = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
};

/// How to open, in this library's own bits.
enum OpenFlags : unsigned {
  kOpenRead = 1,
  kOpenWrite = 2,
  kOpenAppend = 4,
  kOpenCreate = 8,
  kOpenExclusive = 16,
  kOpenTruncate = 32,
  kOpenDirectory = 64,
  kOpenUnnamed = 128,  // a file without a name in the directory `path`: O_TMPFILE
  kOpenAtOnce = 256,   // a FIFO without a writer makes nobody wait: O_NONBLOCK
};

int open_file(const char* path, unsigned flags, unsigned permissions) noexcept;
/// close(2), for those who want to know what was not written.
int close_file(int fd) noexcept;
/// From the descriptor's own position when `offset` is negative.
long read_file(int fd, char* data, std::size_t size, std::int64_t offset) noexcept;
long write_file(int fd, const char* data, std::size_t size, std::int64_t offset) noexcept;
/// What is in the page cache, without waiting for the disk: -EAGAIN, or -EOPNOTSUPP where the file
/// system cannot tell.
long read_at_once(int fd, char* data, std::size_t size, std::int64_t offset) noexcept;
int sync_file(int fd, bool data_only) noexcept;
int truncate_file(int fd, std::int64_t size) noexcept;
/// lseek(2); whence 0, 1, 2 for the beginning, the position, the end.
std::int64_t seek_file(int fd, std::int64_t offset, int whence) noexcept;
int status_of(int fd, FileStatus& out) noexcept;
int status_of(const char* path, bool follow_links, FileStatus& out) noexcept;
bool is_directory(std::uint32_t mode) noexcept;
bool is_regular(std::uint32_t mode) noexcept;
bool is_link(std::uint32_t mode) noexcept;

int rename_path(const char* from, const char* to) noexcept;
int unlink_path(const char* path) noexcept;
int make_directory(const char* path, unsigned permissions) noexcept;
int remove_directory(const char* path) noexcept;
int make_link(const char* target, const char* path) noexcept;
int read_link(const char* path, std::string& out);

enum class EntryKind : unsigned char { unknown, file, directory, link, other };
struct Entry {
  std::string name;
  std::uint64_t inode = 0;
  EntryKind kind = EntryKind::unknown;
};
/// Appends the next entries of an open directory, without "." and "..": 1, or 0 at its end. Throws
/// std::bad_alloc.
int read_directory(int fd, std::vector<Entry>& out);
/// Removes a directory with everything in it; follows no links. What cannot be removed is left, and
/// the first error is told.
int remove_tree(const char* path);

/// Random letters and digits for names of temporary files.
void random_name(char* out, std::size_t size) noexcept;
/// TMPDIR when it is set, else /tmp.
std::string temporary_directory();

}  // namespace hob::sys
