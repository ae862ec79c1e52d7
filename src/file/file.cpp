// SPDX-License-Identifier: MIT
#include <hob/file/file.hpp>

#include "file/operation.hpp"
#include "file/state.hpp"

#include <hob/core/error.hpp>
#include <hob/core/raise.hpp>

#include <cerrno>
#include <utility>

namespace hob {
namespace detail {
namespace {

using Kind = FileOperation::Kind;

constexpr std::size_t kAll = SIZE_MAX / 2;

// Python's modes, with Python's errors.
unsigned parse_mode(Text mode) {
  unsigned flags = 0;
  int kinds = 0;
  bool both = false;
  for (std::size_t i = 0; i < mode.size(); ++i) {
    switch (mode.data()[i]) {
      case 'r':
        flags |= sys::kOpenRead;
        ++kinds;
        break;
      case 'w':
        flags |= sys::kOpenWrite | sys::kOpenCreate | sys::kOpenTruncate;
        ++kinds;
        break;
      case 'a':
        flags |= sys::kOpenWrite | sys::kOpenCreate | sys::kOpenAppend;
        ++kinds;
        break;
      case 'x':
        flags |= sys::kOpenWrite | sys::kOpenCreate | sys::kOpenExclusive;
        ++kinds;
        break;
      case '+':
        both = true;
        break;
      case 'b':
      case 't':
        break;
      default:
        throw ValueError("invalid mode: '" + to_string(mode) + "'");
    }
  }
  if (kinds != 1) {
    raise_value_error("must have exactly one of create/read/write/append mode");
  }
  return both ? flags | sys::kOpenRead | sys::kOpenWrite : flags;
}

Coro<std::string> read_path(std::string path) {
  const auto operation = make_operation(Kind::read_whole, std::move(path));
  co_await FileWait(operation);
  operation->check();
  co_return std::move(operation->text);
}

Coro<> write_path(std::string path, Text data, unsigned permissions) {
  const auto operation = make_operation(Kind::write_whole, std::move(path));
  operation->data = data;
  operation->permissions = permissions;
  co_await FileWait(operation);
  operation->check();
}

Coro<std::optional<std::string>> next_line(Ref<FileState> state) {
  std::string line = co_await FileState::readline(std::move(state));
  if (line.empty()) co_return std::nullopt;
  co_return std::move(line);
}

Coro<File> open_path(std::string path, unsigned flags, unsigned permissions) {
  const auto operation = make_operation(Kind::open, path);
  operation->flags = flags;
  operation->permissions = permissions;
  co_await FileWait(operation);
  operation->check();
  co_return File(Ref<FileState>::adopt(new FileState(std::move(path), *operation)));
}

}  // namespace
}  // namespace detail

Coro<File> open(Text path, Text mode, unsigned permissions) {
  return detail::open_path(detail::to_string(path), detail::parse_mode(mode), permissions);
}

Coro<std::string> read_file(Text path) { return detail::read_path(detail::to_string(path)); }
Coro<> write_file(Text path, Text data, unsigned permissions) {
  return detail::write_path(detail::to_string(path), data, permissions);
}

File::File() noexcept = default;
File::File(File&& other) noexcept = default;
File& File::operator=(File&& other) noexcept = default;
File::~File() = default;
File::File(detail::Ref<detail::FileState> state) noexcept : state_(std::move(state)) {}

const detail::Ref<detail::FileState>& File::usable() const {
  if (!state_) detail::raise_value_error("I/O operation on closed file.");
  state_->check_open();
  return state_;
}

Coro<std::string> File::read(std::size_t size) { return detail::FileState::read(usable(), size); }
Coro<std::string> File::read() { return detail::FileState::read(usable(), detail::kAll); }
Coro<std::string> File::readline() { return detail::FileState::readline(usable()); }
Coro<std::optional<std::string>> File::anext() { return detail::next_line(usable()); }
Coro<std::string> File::pread(std::size_t size, std::int64_t offset) {
  return detail::FileState::pread(usable(), size, offset);
}
Coro<std::size_t> File::write(Text data) { return detail::FileState::write(usable(), data); }
Coro<std::size_t> File::pwrite(Text data, std::int64_t offset) {
  return detail::FileState::pwrite(usable(), data, offset);
}
Coro<std::int64_t> File::seek(std::int64_t offset, int whence) {
  return detail::FileState::seek(usable(), offset, whence);
}
std::int64_t File::tell() const {
  if (!usable()->seekable()) throw OSError(ESPIPE, "tell '" + state_->name + "'");
  return state_->position;
}
Coro<std::int64_t> File::truncate() { return detail::FileState::truncate(usable(), -1); }
Coro<std::int64_t> File::truncate(std::int64_t size) {
  if (size < 0) detail::raise_value_error("truncate: the size is negative");
  return detail::FileState::truncate(usable(), size);
}
Coro<> File::fsync() { return detail::FileState::sync(usable(), detail::Kind::sync); }
Coro<> File::fdatasync() { return detail::FileState::sync(usable(), detail::Kind::data_sync); }

Coro<> File::close() {
  if (state_) return detail::FileState::close(state_);
  return aenter();  // nothing to close
}
bool File::closed() const noexcept { return !state_ || state_->fd.get() < 0; }
int File::fileno() const { return usable()->fd.get(); }
const std::string& File::name() const noexcept {
  static const std::string none;
  return state_ ? state_->name : none;
}

Coro<> File::aexit(std::exception_ptr) { return close(); }

}  // namespace hob
