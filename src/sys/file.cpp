// SPDX-License-Identifier: MIT
#include "sys/file.hpp"

#include "sys/fault.hpp"
#include "sys/file_call.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace hob::sys {
namespace {

constexpr std::size_t kCallMax = std::size_t{1} << 30;  // the kernel moves at most 2 GiB per call

template <class F>
auto retried(Call call, F perform) noexcept {
  decltype(perform()) result;
  do {
    result = fails(call) ? -1 : perform();
  } while (result < 0 && errno == EINTR);
  return result;
}
/// For calls that move bytes: at most `size` of them.
template <class F>
ssize_t moved(Call call, int fd, std::size_t size, F perform) noexcept {
  size = std::min(size, kCallMax);
  ssize_t result;
  do {
    std::size_t some = size;
    result = fails(call, fd, some) ? -1 : perform(some);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result;
}

int result_of(int value) noexcept { return value < 0 ? -errno : value; }
long count_of(ssize_t value) noexcept { return value < 0 ? -errno : value; }

std::int64_t nanoseconds(const timespec& time) noexcept {
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

void copy_status(const struct ::stat& from, FileStatus& to) noexcept {
  to.device = from.st_dev;
  to.inode = from.st_ino;
  to.mode = from.st_mode;
  to.links = from.st_nlink;
  to.uid = from.st_uid;
  to.gid = from.st_gid;
  to.size = from.st_size;
  to.blocks = from.st_blocks;
  to.accessed_ns = nanoseconds(from.st_atim);
  to.modified_ns = nanoseconds(from.st_mtim);
  to.changed_ns = nanoseconds(from.st_ctim);
}

struct KernelEntry {  // linux_dirent64
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short size;
  unsigned char type;
  char name[1];
};

EntryKind kind_of(unsigned char type) noexcept {
  switch (type) {  // DT_* of dirent.h
    case 0:
      return EntryKind::unknown;
    case 4:
      return EntryKind::directory;
    case 8:
      return EntryKind::file;
    case 10:
      return EntryKind::link;
    default:
      return EntryKind::other;
  }
}

// Removes what is in the directory, which it closes.
int empty_directory(int fd) {
  int error = 0;
  std::vector<Entry> entries;
  int more;
  while ((more = read_directory(fd, entries)) > 0) {
  }
  if (more < 0) error = more;
  for (const Entry& entry : entries) {
    const char* name = entry.name.c_str();
    int result = -EISDIR;
    if (entry.kind != EntryKind::directory)
      result = fails(Call::unlink) ? -errno : result_of(::unlinkat(fd, name, 0));
    if (result == -EISDIR || result == -EPERM) {
      const int inner = retried(Call::open, [&] {
        return ::openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      });
      result = inner < 0 ? -errno : empty_directory(inner);
      const int removed =
          fails(Call::rmdir) ? -errno : result_of(::unlinkat(fd, name, AT_REMOVEDIR));
      if (removed < 0 && result == 0) result = removed;
    }
    if (result < 0 && result != -ENOENT && error == 0) error = result;
  }
  ::close(fd);
  return error;
}

}  // namespace

int kernel_open_flags(unsigned flags) noexcept {
  int how = O_CLOEXEC;
  how |= !(flags & kOpenWrite) ? O_RDONLY : flags & kOpenRead ? O_RDWR : O_WRONLY;
  if (flags & kOpenAppend) how |= O_APPEND;
  if (flags & kOpenCreate) how |= O_CREAT;
  if (flags & kOpenExclusive) how |= O_EXCL;
  if (flags & kOpenTruncate) how |= O_TRUNC;
  if (flags & kOpenDirectory) how |= O_DIRECTORY;
  if (flags & kOpenUnnamed) how |= O_TMPFILE;
  if (flags & kOpenAtOnce) how |= O_NONBLOCK;
  return how;
}

int open_file(const char* path, unsigned flags, unsigned permissions) noexcept {
  return result_of(retried(Call::open, [&] {
    return ::open(path, kernel_open_flags(flags), static_cast<mode_t>(permissions));
  }));
}

int close_file(int fd) noexcept {
  const int fault = injected(Call::close);
  const int result = result_of(::close(fd));
  if (fault != 0 && fault != -EINTR) return fault;
  return result == -EINTR ? 0 : result;  // EINTR still closes on Linux
}

long read_file(int fd, char* data, std::size_t size, std::int64_t offset) noexcept {
  return moved(Call::read, fd, size, [&](std::size_t some) {
    return offset < 0 ? ::read(fd, data, some) : ::pread(fd, data, some, offset);
  });
}

long write_file(int fd, const char* data, std::size_t size, std::int64_t offset) noexcept {
  return moved(Call::write, fd, size, [&](std::size_t some) {
    return offset < 0 ? ::write(fd, data, some) : ::pwrite(fd, data, some, offset);
  });
}

long read_at_once(int fd, char* data, std::size_t size, std::int64_t offset) noexcept {
  if (const int fault = injected(Call::read, fd, size)) return fault;
  const iovec slice{data, size};
  return count_of(::preadv2(fd, &slice, 1, offset, RWF_NOWAIT));
}

int sync_file(int fd, bool data_only) noexcept {
  return result_of(retried(Call::fsync, [&] { return data_only ? ::fdatasync(fd) : ::fsync(fd); }));
}

int truncate_file(int fd, std::int64_t size) noexcept {
  return result_of(retried(Call::ftruncate, [&] { return ::ftruncate(fd, size); }));
}

std::int64_t seek_file(int fd, std::int64_t offset, int whence) noexcept {
  if (const int fault = injected(Call::lseek)) return fault;
  const off_t result = ::lseek(fd, offset, whence);
  return result < 0 ? -errno : result;
}

int status_of(int fd, FileStatus& out) noexcept {
  if (const int fault = injected(Call::fstat)) return fault;
  struct ::stat status{};
  if (::fstat(fd, &status) != 0) return -errno;
  copy_status(status, out);
  return 0;
}

int status_of(const char* path, bool follow_links, FileStatus& out) noexcept {
  if (const int fault = injected(Call::stat)) return fault;
  struct ::stat status{};
  if (::fstatat(AT_FDCWD, path, &status, follow_links ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
    return -errno;
  copy_status(status, out);
  return 0;
}

bool is_directory(std::uint32_t mode) noexcept { return S_ISDIR(mode); }
bool is_regular(std::uint32_t mode) noexcept { return S_ISREG(mode); }
bool is_link(std::uint32_t mode) noexcept { return S_ISLNK(mode); }

int rename_path(const char* from, const char* to) noexcept {
  return fails(Call::rename) ? -errno : result_of(::rename(from, to));
}
int unlink_path(const char* path) noexcept {
  return fails(Call::unlink) ? -errno : result_of(::unlink(path));
}
int make_directory(const char* path, unsigned permissions) noexcept {
  if (const int fault = injected(Call::mkdir)) return fault;
  return result_of(::mkdir(path, static_cast<mode_t>(permissions)));
}
int remove_directory(const char* path) noexcept {
  return fails(Call::rmdir) ? -errno : result_of(::rmdir(path));
}
int make_link(const char* target, const char* path) noexcept {
  return fails(Call::symlink) ? -errno : result_of(::symlink(target, path));
}

int read_link(const char* path, std::string& out) {
  if (const int fault = injected(Call::readlink)) return fault;
  for (std::size_t room = 256;; room *= 2) {
    out.resize(room);
    const ssize_t size = ::readlink(path, out.data(), room);
    if (size < 0) return -errno;
    if (static_cast<std::size_t>(size) == room) continue;  // perhaps cut off
    out.resize(static_cast<std::size_t>(size));
    return 0;
  }
}

int read_directory(int fd, std::vector<Entry>& out) {
  if (const int fault = injected(Call::getdents)) return fault;
  alignas(KernelEntry) std::array<char, 32'768> buffer;
  const long size = ::syscall(SYS_getdents64, fd, buffer.data(), buffer.size());
  if (size < 0) return -errno;
  if (size == 0) return 0;
  for (long at = 0; at < size;) {
    const char* entry = buffer.data() + at;
    unsigned short length;
    std::memcpy(&length, entry + offsetof(KernelEntry, size), sizeof length);
    const char* name = entry + offsetof(KernelEntry, name);
    if (std::strcmp(name, ".") != 0 && std::strcmp(name, "..") != 0) {
      Entry& added = out.emplace_back();
      added.name = name;
      std::memcpy(&added.inode, entry, sizeof added.inode);
      added.kind = kind_of(static_cast<unsigned char>(entry[offsetof(KernelEntry, type)]));
    }
    at += length;
  }
  return 1;
}

int remove_tree(const char* path) {
  const int fd = retried(
      Call::open, [&] { return ::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); });
  if (fd < 0) return -errno;
  const int error = empty_directory(fd);
  const int removed = remove_directory(path);
  return error < 0 ? error : removed;
}

void random_name(char* out, std::size_t size) noexcept {
  static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
  while (fails(Call::getrandom) || ::getrandom(out, size, 0) < static_cast<ssize_t>(size)) {
  }
  for (std::size_t i = 0; i < size; ++i)
    out[i] = kLetters[static_cast<unsigned char>(out[i]) % (sizeof kLetters - 1)];
}

std::string temporary_directory() {
  const char* set = std::getenv("TMPDIR");
  return set && *set ? set : "/tmp";
}

}  // namespace hob::sys
