// SPDX-License-Identifier: MIT
// The ring's requests about files.
#if HOB_HAS_LIBURING

#include "sys/file_call.hpp"
#include "sys/ring.hpp"
#include "sys/ring_probe.hpp"

#include <fcntl.h>
#include <liburing.h>
#include <algorithm>

namespace hob::sys {
namespace {

// Linux 6.9; newer than liburing 2.3.
constexpr int kOpTruncate = 55;
constexpr std::size_t kCallMax = std::size_t{1} << 30;

int operation_of(const FileCall& call) noexcept {
  using Kind = FileCall::Kind;
  switch (call.kind) {
    case Kind::open:
      return IORING_OP_OPENAT;
    case Kind::close:
      return IORING_OP_CLOSE;
    case Kind::read:
      return IORING_OP_READ;
    case Kind::write:
      return IORING_OP_WRITE;
    case Kind::sync:
    case Kind::data_sync:
      return IORING_OP_FSYNC;
    case Kind::truncate:
      return kOpTruncate;
    case Kind::status:
      return IORING_OP_STATX;
    case Kind::rename:
      return IORING_OP_RENAMEAT;
    case Kind::unlink:
    case Kind::remove_dir:
      return IORING_OP_UNLINKAT;
    case Kind::make_dir:
      return IORING_OP_MKDIRAT;
    case Kind::make_link:
      return IORING_OP_SYMLINKAT;
  }
  return IORING_OP_LAST;
}

void prepare(io_uring_sqe* sqe, const FileCall& call) noexcept {
  using Kind = FileCall::Kind;
  const auto size = static_cast<unsigned>(std::min(call.size, kCallMax));
  const auto offset = static_cast<std::uint64_t>(call.offset);
  switch (call.kind) {
    case Kind::open:
      io_uring_prep_openat(sqe, AT_FDCWD, call.path, kernel_open_flags(call.flags),
                           call.permissions);
      // By a thread of the kernel: its attempt without one adds O_NONBLOCK, and then a FIFO does
      // not wait for its other side.
      sqe->flags |= IOSQE_ASYNC;
      return;
    case Kind::close:
      return io_uring_prep_close(sqe, call.fd);
    case Kind::read:
      return io_uring_prep_read(sqe, call.fd, call.to, size, offset);
    case Kind::write:
      return io_uring_prep_write(sqe, call.fd, call.from, size, offset);
    case Kind::sync:
      return io_uring_prep_fsync(sqe, call.fd, 0);
    case Kind::data_sync:
      return io_uring_prep_fsync(sqe, call.fd, IORING_FSYNC_DATASYNC);
    case Kind::truncate:
      return io_uring_prep_rw(kOpTruncate, sqe, call.fd, nullptr, 0, offset);
    case Kind::status:
      return io_uring_prep_statx(
          sqe, call.path ? AT_FDCWD : call.fd, call.path ? call.path : "",
          call.path ? (call.follow ? 0 : AT_SYMLINK_NOFOLLOW) : AT_EMPTY_PATH, STATX_BASIC_STATS,
          reinterpret_cast<struct ::statx*>(call.status->bytes));
    case Kind::rename:
      return io_uring_prep_renameat(sqe, AT_FDCWD, call.path, AT_FDCWD, call.other, 0);
    case Kind::unlink:
      return io_uring_prep_unlinkat(sqe, AT_FDCWD, call.path, 0);
    case Kind::remove_dir:
      return io_uring_prep_unlinkat(sqe, AT_FDCWD, call.path, AT_REMOVEDIR);
    case Kind::make_dir:
      return io_uring_prep_mkdirat(sqe, AT_FDCWD, call.path, call.permissions);
    case Kind::make_link:
      return io_uring_prep_symlinkat(sqe, call.path, AT_FDCWD, call.other);
  }
}

}  // namespace

bool Ring::can(const FileCall& call) const noexcept {
  return operations_ >> operation_of(call) & 1;
}

bool Ring::file(std::uint64_t tag, const FileCall& call) noexcept {
  io_uring_sqe* sqe = request();
  if (!sqe) return false;
  prepare(sqe, call);
  io_uring_sqe_set_data64(sqe, tag);
  return true;
}

}  // namespace hob::sys

#endif
