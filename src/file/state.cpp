// SPDX-License-Identifier: MIT
#include "file/state.hpp"

#include <hob/core/raise.hpp>
#include <hob/task/as_result.hpp>

#include <algorithm>
#include <cerrno>

namespace hob::detail {
namespace {

using Kind = FileOperation::Kind;

constexpr std::size_t kAhead = 64 * 1024;

}  // namespace

void FileState::check_open() const {
  if (fd.get() < 0) raise_value_error("I/O operation on closed file.");
}

std::string FileState::take(std::size_t size) {
  size = std::min(size, buffer.size() - taken);
  std::string out = buffer.substr(taken, size);
  taken += size;
  if (seekable()) position += static_cast<std::int64_t>(size);
  if (taken == buffer.size()) {
    buffer.clear();
    taken = 0;
  }
  return out;
}

// What the kernel has in memory costs less to copy than to hand to another thread. Gives false when
// it has nothing, or cannot tell.
bool FileState::read_at_once() {
  if (!seekable() || !reads_at_once_) return false;
  const std::size_t before = buffer.size();
  buffer.resize(before + kAhead);
  const long got = sys::read_at_once(fd.get(), buffer.data() + before, kAhead,
                                     position + static_cast<std::int64_t>(before - taken));
  buffer.resize(before + static_cast<std::size_t>(std::max(got, 0L)));
  if (got < 0 && got != -EAGAIN) reads_at_once_ = false;
  return got > 0;
}

// Reads more behind what is there; gives false at the end of the file.
Coro<bool> FileState::read_ahead() {
  if (taken > 0) {
    buffer.erase(0, taken);
    taken = 0;
  }
  if (read_at_once()) co_return true;
  const auto operation = make_operation(Kind::read);
  operation->fd = fd.get();
  operation->size = kAhead;
  if (seekable()) operation->offset = position + static_cast<std::int64_t>(buffer.size());
  co_await FileWait(operation);
  operation->check();
  buffer += operation->text;
  co_return operation->result > 0;
}

Coro<std::string> FileState::read(Ref<FileState> self, std::size_t size) {
  const auto guard = co_await self->lock.scoped();
  self->check_open();
  while (size > self->ahead().size() && size - self->ahead().size() < kAhead) {
    if (!co_await self->read_ahead()) co_return self->take(size);
  }
  if (size <= self->ahead().size()) co_return self->take(size);
  const auto operation = make_operation(Kind::read);
  operation->fd = self->fd.get();
  operation->size = size - self->ahead().size();
  if (self->seekable())
    operation->offset = self->position + static_cast<std::int64_t>(self->ahead().size());
  co_await FileWait(operation);
  operation->check();
  if (self->ahead().empty()) {
    if (self->seekable()) self->position += static_cast<std::int64_t>(operation->text.size());
    co_return std::move(operation->text);
  }
  self->buffer += operation->text;
  co_return self->take(size);
}

Coro<std::string> FileState::readline(Ref<FileState> self) {
  const auto guard = co_await self->lock.scoped();
  self->check_open();
  std::size_t searched = 0;
  while (true) {
    const std::size_t at = self->ahead().find('\n', searched);
    if (at != std::string_view::npos) co_return self->take(at + 1);
    searched = self->ahead().size();
    if (!co_await self->read_ahead()) co_return self->take(searched);
  }
}

Coro<std::string> FileState::pread(Ref<FileState> self, std::size_t size, std::int64_t offset) {
  if (offset < 0) raise_value_error("pread: the offset is negative");
  self->check_open();
  const auto operation = make_operation(Kind::read);
  operation->fd = self->fd.get();
  operation->size = size;
  operation->offset = offset;
  co_await FileWait(operation);
  operation->check();
  co_return std::move(operation->text);
}

Coro<std::size_t> FileState::write(Ref<FileState> self, Text data) {
  const auto guard = co_await self->lock.scoped();
  self->check_open();
  if (data.empty()) co_return 0;
  self->drop_ahead();
  const auto operation = make_operation(Kind::write);
  operation->fd = self->fd.get();
  operation->data = data;
  operation->seekable = self->seekable();
  if (self->appends) {
    operation->flags = sys::kOpenAppend;
  } else {
    operation->offset = self->position;
  }
  co_await FileWait(operation);
  if (self->seekable()) {
    if (self->appends) {
      self->position = operation->offset;
    } else {
      self->position += static_cast<std::int64_t>(operation->size);
    }
  }
  operation->check();
  co_return data.size();
}

Coro<std::size_t> FileState::pwrite(Ref<FileState> self, Text data, std::int64_t offset) {
  if (offset < 0) raise_value_error("pwrite: the offset is negative");
  const auto guard = co_await self->lock.scoped();
  self->check_open();
  self->drop_ahead();
  const auto operation = make_operation(Kind::write);
  operation->fd = self->fd.get();
  operation->data = data;
  operation->offset = offset;
  co_await FileWait(operation);
  operation->check();
  co_return data.size();
}

Coro<std::int64_t> FileState::seek(Ref<FileState> self, std::int64_t offset, int whence) {
  const auto guard = co_await self->lock.scoped();
  self->check_open();
  if (whence < 0 || whence > 2) raise_value_error("seek: whence is 0, 1 or 2");
  const auto operation = make_operation(Kind::size_of);
  operation->fd = self->fd.get();
  std::int64_t base = whence == 1 ? self->position : 0;
  if (self->seekable() && whence == 2) {
    co_await FileWait(operation);
    operation->check();
    base = operation->status.size;
  }
  operation->kind = Kind::seek;
  operation->path = self->name;
  operation->result = !self->seekable() ? -ESPIPE : base + offset < 0 ? -EINVAL : 0;
  operation->check();
  if (base + offset != self->position) self->drop_ahead();
  self->position = base + offset;
  co_return self->position;
}

Coro<std::int64_t> FileState::truncate(Ref<FileState> self, std::int64_t size) {
  const auto guard = co_await self->lock.scoped();
  self->check_open();
  self->drop_ahead();
  const auto operation = make_operation(Kind::truncate);
  operation->fd = self->fd.get();
  operation->offset = size < 0 ? self->position : size;
  co_await FileWait(operation);
  operation->check();
  co_return operation->offset;
}

Coro<> FileState::sync(Ref<FileState> self, Kind kind) {
  const auto guard = co_await self->lock.scoped();
  self->check_open();
  const auto operation = make_operation(kind);
  operation->fd = self->fd.get();
  co_await FileWait(operation);
  operation->check();
}

Coro<> FileState::close(Ref<FileState> self) {
  const auto guard = co_await self->lock.scoped();
  if (self->fd.get() < 0) co_return;
  const auto operation = make_operation(Kind::close);
  operation->opened = std::move(self->fd);
  operation->path = self->name;
  const auto waited = co_await as_result(FileWait(operation));
  if (!waited) {  // cancelled before it began: still open
    self->fd = std::move(operation->opened);
    std::rethrow_exception(waited.exception());
  }
  operation->check();
}

}  // namespace hob::detail
