// SPDX-License-Identifier: MIT
// What each kind of FileOperation does, in single system calls. What is asked of an open descriptor
// and answered from memory (fstat, lseek) is not worth a request of its own.
#include "file/operation.hpp"

#include "sys/syscall.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace hob::detail {
namespace {

using Call = sys::FileCall;

// A read grows its result by so much at a time: what is filled with zeros first is still in the
// cache when the bytes come.
constexpr std::size_t kChunk = 256 * 1024;
// From this size on it is asked for in huge pages: a page fault costs as much as copying the page.
constexpr std::size_t kHugePages = std::size_t{4} << 20;
constexpr unsigned kRandomLetters = 8;
constexpr int kNamesMax = 100;

// What a ring is given at a time: it may copy all of it while the loop waits.
constexpr std::size_t kWriteMax = std::size_t{1} << 20;

Call call_of(Call::Kind kind, int fd) noexcept {
  Call call;
  call.kind = kind;
  call.fd = fd;
  return call;
}

Call call_of(Call::Kind kind, const std::string& path) noexcept {
  Call call;
  call.kind = kind;
  call.path = path.c_str();
  return call;
}

Call open_call(const std::string& path, unsigned flags, unsigned permissions) noexcept {
  Call call = call_of(Call::Kind::open, path);
  call.flags = flags;
  call.permissions = permissions;
  return call;
}

Call read_call(int fd, char* to, std::size_t size, std::int64_t offset) noexcept {
  Call call = call_of(Call::Kind::read, fd);
  call.to = to;
  call.size = size;
  call.offset = offset;
  return call;
}

}  // namespace

FileScript FileOperation::carry_out() {
  switch (kind) {
    case Kind::open:
      return open();
    case Kind::read:
      return read();
    case Kind::write:
      return write();
    case Kind::read_whole:
      return read_whole();
    case Kind::write_whole:
      return write_whole();
    default:
      return only();
  }
}

bool FileOperation::suits(const UringPoller& poller) const noexcept {
  switch (kind) {
    case Kind::open:
    case Kind::read:
    case Kind::read_whole:
    case Kind::write_whole:
      return true;  // all kernels that have rings as we need them
    case Kind::write:
      return seekable;  // a ring's write to a broken pipe raises SIGPIPE here; threads block it
    default: {
      Call call;
      return single_call(call) && poller.can(call);
    }
  }
}

// For kinds that are one system call: which.
bool FileOperation::single_call(Call& call) const noexcept {
  switch (kind) {
    case Kind::close:
      call = call_of(Call::Kind::close, opened.get());
      return true;
    case Kind::sync:
      call = call_of(Call::Kind::sync, fd);
      return true;
    case Kind::data_sync:
      call = call_of(Call::Kind::data_sync, fd);
      return true;
    case Kind::truncate:
      call = call_of(Call::Kind::truncate, fd);
      call.offset = offset;
      return true;
    case Kind::status:
      call = call_of(Call::Kind::status, path);
      call.follow = follow;
      return true;
    case Kind::size_of:
      call = call_of(Call::Kind::status, fd);
      return true;
    case Kind::rename:
      call = call_of(Call::Kind::rename, path);
      call.other = other.c_str();
      return true;
    case Kind::unlink:
      call = call_of(Call::Kind::unlink, path);
      return true;
    case Kind::make_dir:
      call = call_of(Call::Kind::make_dir, path);
      call.permissions = permissions;
      return true;
    case Kind::remove_dir:
      call = call_of(Call::Kind::remove_dir, path);
      return true;
    case Kind::make_link:
      call = call_of(Call::Kind::make_link, path);
      call.other = other.c_str();
      return true;
    default:
      return false;
  }
}

FileScript FileOperation::only() {
  Call call;
  if (!single_call(call)) co_return perform_here();
  sys::RawStatus raw;
  call.status = &raw;
  // A closed descriptor is gone, whatever close(2) says: nobody else may close that number.
  if (kind == Kind::close) static_cast<void>(opened.release());
  const long result_of_call = co_await FileStep(*this, call, kind != Kind::close);
  if (call.kind == Call::Kind::status && result_of_call >= 0) raw.copy_to(status);
  co_return result_of_call;
}

// What is left to threads that may wait.
long FileOperation::perform_here() {
  switch (kind) {
    case Kind::make_dirs:
      return make_dirs();
    case Kind::remove_tree:
      return sys::remove_tree(path.c_str());
    case Kind::read_link:
      return sys::read_link(path.c_str(), text);
    case Kind::list:
      return sys::read_directory(fd, entries);
    case Kind::make_temporary:
    case Kind::make_temporary_dir:
      return make_temporary();
    default:
      return -ENOSYS;
  }
}

FileScript FileOperation::open() {
  const long opening = co_await FileStep(*this, open_call(path, flags, permissions), true);
  if (opening < 0) co_return opening;
  opened = sys::Fd(static_cast<int>(opening));
  if (flags & sys::kOpenDirectory) co_return 0;
  if (const int error = sys::status_of(opened.get(), status); error < 0) co_return error;
  if (sys::is_directory(status.mode)) co_return -EISDIR;
  offset = sys::seek_file(opened.get(), 0, flags & sys::kOpenAppend ? 2 : 1);
  seekable = offset != -ESPIPE;
  co_return seekable&& offset < 0 ? static_cast<long>(offset) : 0;
}

// Appends up to `limit` bytes to `text`, which are probably `expected`. Gives how many, or -errno
// and appends nothing. When bytes would be lost, those that were taken at the descriptor's own
// position, it neither stops when it is told to, nor fails: who reads on meets the error.
FileScript FileOperation::append(int from, std::size_t limit, std::int64_t at, std::size_t expected,
                                 bool may_lose) {
  const std::size_t before = text.size();
  text.reserve(before + std::min(limit, expected));
  if (const std::size_t fresh = text.capacity() - before; fresh >= kHugePages)
    sys::prefer_huge_pages(text.data() + before, fresh);
  while (text.size() - before < limit) {
    const std::size_t done = text.size() - before;
    const bool may_stop = may_lose || done == 0;
    if (stop.load(std::memory_order_relaxed) && may_stop) {
      stopped = true;
      break;
    }
    const std::int64_t where = at < 0 ? at : at + static_cast<std::int64_t>(done);
    std::size_t wanted;
    long got;
    if (done < expected) {
      wanted = std::min({kChunk, limit - done, expected - done});
      text.resize(before + done + wanted);
      got = co_await FileStep(*this, read_call(from, text.data() + before + done, wanted, where),
                              may_stop);
      text.resize(before + done + static_cast<std::size_t>(std::max(got, 0L)));
    } else {  // probably the end, for which nothing should grow
      std::array<char, 4096> more;
      wanted = std::min(more.size(), limit - done);
      got = co_await FileStep(*this, read_call(from, more.data(), wanted, where), may_stop);
      text.append(more.data(), static_cast<std::size_t>(std::max(got, 0L)));
      if (got > 0) expected = done + static_cast<std::size_t>(got) + kChunk;
    }
    if (got < 0 && may_stop) {
      text.resize(before);
      co_return got;
    }
    if (got <= 0) break;
    if (!may_lose && static_cast<std::size_t>(got) < wanted) break;  // a terminal's line
  }
  co_return static_cast<long>(text.size() - before);
}

// Writes all of `data`; `size` counts what was written. Only the first piece can be stopped.
FileScript FileOperation::write_all(int to, std::int64_t at, bool may_stop) {
  size = 0;
  while (size < data.size()) {
    Call call = call_of(Call::Kind::write, to);
    call.from = data.data() + size;
    call.size = ring ? std::min(data.size() - size, kWriteMax) : data.size() - size;
    call.offset = at < 0 ? at : at + static_cast<std::int64_t>(size);
    const long put = co_await FileStep(*this, call, may_stop && size == 0);
    if (put < 0) co_return put;
    size += static_cast<std::size_t>(put);
  }
  co_return 0;
}

FileScript FileOperation::read() {
  std::size_t expected = kChunk;
  if (size > kChunk && sys::status_of(fd, status) == 0 && offset >= 0 && status.size > offset)
    expected = static_cast<std::size_t>(status.size - offset);
  return append(fd, size, offset, expected, offset >= 0);
}

FileScript FileOperation::write() {
  const long error = co_await write_all(fd, offset, true);
  if (flags & sys::kOpenAppend) offset = sys::seek_file(fd, 0, 1);
  co_return error;
}

FileScript FileOperation::read_whole() {
  const long opening = co_await FileStep(*this, open_call(path, sys::kOpenRead, 0), true);
  if (opening < 0) co_return opening;
  const sys::Fd file(static_cast<int>(opening));
  if (const int error = sys::status_of(file.get(), status); error < 0) co_return error;
  const std::size_t expected = status.size > 0 ? static_cast<std::size_t>(status.size) : kChunk;
  co_return co_await append(file.get(), SIZE_MAX / 2, -1, expected, true);
}

FileScript FileOperation::write_whole() {
  constexpr unsigned kHow = sys::kOpenWrite | sys::kOpenCreate | sys::kOpenTruncate;
  if (opened.get() < 0) {
    const long opening = co_await FileStep(*this, open_call(path, kHow, permissions), true);
    if (opening < 0) co_return opening;
    opened = sys::Fd(static_cast<int>(opening));
    if (ring && (sys::status_of(opened.get(), status) < 0 || !sys::is_regular(status.mode)))
      co_return kNeedsThread;  // and comes back
  }
  const int file = opened.release();
  const long error = co_await write_all(file, -1, false);  // it is empty now
  const long closed = co_await FileStep(*this, call_of(Call::Kind::close, file), false);
  co_return error < 0 ? error : closed;
}

long FileOperation::make_dirs() {
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    const int made = sys::make_directory(path.substr(0, at).c_str(), 0777);
    if (made < 0 && made != -EEXIST) return made;
  }
  const int made = sys::make_directory(path.c_str(), permissions);
  if (made != -EEXIST || !may_exist) return made;
  return sys::status_of(path.c_str(), true, status) == 0 && sys::is_directory(status.mode) ? 0
                                                                                           : made;
}

long FileOperation::make_temporary() {
  if (path.find('/') == std::string::npos) path = sys::temporary_directory() + "/" + path;
  std::array<char, kRandomLetters> letters;
  for (int i = 0; i < kNamesMax; ++i) {
    sys::random_name(letters.data(), letters.size());
    text = path + std::string(letters.data(), letters.size()) + other;
    const int made =
        kind == Kind::make_temporary_dir
            ? sys::make_directory(text.c_str(), 0700)
            : sys::open_file(
                  text.c_str(),
                  sys::kOpenRead | sys::kOpenWrite | sys::kOpenCreate | sys::kOpenExclusive, 0600);
    if (made == -EEXIST) continue;
    if (made < 0) return made;
    if (kind == Kind::make_temporary) opened = sys::Fd(made);
    offset = 0;
    return 0;
  }
  return -EEXIST;
}

}  // namespace hob::detail
