// SPDX-License-Identifier: MIT
#include "sys/file_call.hpp"

#include "sys/fault.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
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
    case Kind::status: {
      const int fault = injected(call.path ? Call::stat : Call::fstat);
      return fault != 0 ? fault : status_of(call);
    }
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

namespace {

long fault_of(FileCall& call) noexcept {
  using Kind = FileCall::Kind;
  switch (call.kind) {
    case Kind::open:
      return injected(Call::open);
    case Kind::close: {
      const int fault = injected(Call::close);
      if (fault == 0 || fault == -EINTR) return 0;
      ::close(call.fd);  // a close that fails has closed
      return fault;
    }
    case Kind::read:
      return injected(Call::read, call.fd, call.size);
    case Kind::write:
      return injected(Call::write, call.fd, call.size);
    case Kind::sync:
    case Kind::data_sync:
      return injected(Call::fsync);
    case Kind::truncate:
      return injected(Call::ftruncate);
    case Kind::status:
      return injected(call.path ? Call::stat : Call::fstat);
    case Kind::rename:
      return injected(Call::rename);
    case Kind::unlink:
      return injected(Call::unlink);
    case Kind::make_dir:
      return injected(Call::mkdir);
    case Kind::remove_dir:
      return injected(Call::rmdir);
    case Kind::make_link:
      return injected(Call::symlink);
  }
  return 0;
}

}  // namespace

long injected(FileCall& call) noexcept {
  if (!fault_plan) return 0;
  long fault;
  do {
    fault = fault_of(call);
  } while (fault == -EINTR);
  return fault;
}

}  // namespace hob::sys
