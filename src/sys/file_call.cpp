// SPDX-License-Identifier: MIT
#include "sys/file_call.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <cerrno>
#include <cstring>

namespace hob::sys {
namespace {

static_assert(sizeof(struct ::statx) <= sizeof(RawStatus));

std::int64_t nanoseconds(const statx_timestamp& time) noexcept {
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

long status_of(const FileCall& call) noexcept {
  const int how = call.path ? (call.follow ? 0 : AT_SYMLINK_NOFOLLOW) : AT_EMPTY_PATH;
  auto* out = reinterpret_cast<struct ::statx*>(call.status->bytes);
  const int result = ::statx(call.path ? AT_FDCWD : call.fd, call.path ? call.path : "", how,
                             STATX_BASIC_STATS, out);
  return result < 0 ? -errno : 0;
}

}  // namespace

void RawStatus::copy_to(FileStatus& out) const noexcept {
  struct ::statx from{};
  std::memcpy(&from, bytes, sizeof from);
  out.device = makedev(from.stx_dev_major, from.stx_dev_minor);
  out.inode = from.stx_ino;
  out.mode = from.stx_mode;
  out.links = from.stx_nlink;
  out.uid = from.stx_uid;
  out.gid = from.stx_gid;
  out.size = static_cast<std::int64_t>(from.stx_size);
  out.blocks = static_cast<std::int64_t>(from.stx_blocks);
  out.accessed_ns = nanoseconds(from.stx_atime);
  out.modified_ns = nanoseconds(from.stx_mtime);
  out.changed_ns = nanoseconds(from.stx_ctime);
}

long perform(const FileCall& call) noexcept {
  using Kind = FileCall::Kind;
  switch (call.kind) {
    case Kind::open:
      return open_file(call.path, call.flags, call.permissions);
    case Kind::close:
      return close_file(call.fd);
    case Kind::read:
      return read_file(call.fd, static_cast<char*>(call.to), call.size, call.offset);
    case Kind::write:
      return write_file(call.fd, static_cast<const char*>(call.from), call.size, call.offset);
    case Kind::sync:
    case Kind::data_sync:
      return sync_file(call.fd, call.kind == Kind::data_sync);
    case Kind::truncate:
      return truncate_file(call.fd, call.offset);
    case Kind::status:
      return status_of(call);
    case Kind::rename:
      return rename_path(call.path, call.other);
    case Kind::unlink:
      return unlink_path(call.path);
    case Kind::make_dir:
      return make_directory(call.path, call.permissions);
    case Kind::remove_dir:
      return remove_directory(call.path);
    case Kind::make_link:
      return make_link(call.path, call.other);
  }
  return -ENOSYS;
}

}  // namespace hob::sys
