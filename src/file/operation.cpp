// SPDX-License-Identifier: MIT
#include "file/operation.hpp"

#include "file/pool.hpp"

#include <hob/core/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

namespace hob::detail {
namespace {

// A read grows its result by so much at a time: what is filled with zeros first is still in the
// cache when the bytes come.
constexpr std::size_t kChunk = 256 * 1024;
constexpr unsigned kRandomLetters = 8;
constexpr int kNamesMax = 100;

const char* name_of(FileOperation::Kind kind) noexcept {
  using Kind = FileOperation::Kind;
  switch (kind) {
    case Kind::open:
      return "open";
    case Kind::close:
      return "close";
    case Kind::seek:
      return "seek";
    case Kind::read:
      return "read";
    case Kind::write:
      return "write";
    case Kind::sync:
      return "fsync";
    case Kind::data_sync:
      return "fdatasync";
    case Kind::truncate:
      return "truncate";
    case Kind::status:
      return "stat";
    case Kind::size_of:
      return "fstat";
    case Kind::rename:
      return "rename";
    case Kind::unlink:
      return "unlink";
    case Kind::make_dir:
      return "mkdir";
    case Kind::make_dirs:
      return "makedirs";
    case Kind::remove_dir:
      return "rmdir";
    case Kind::remove_tree:
      return "rmtree";
    case Kind::make_link:
      return "symlink";
    case Kind::read_link:
      return "readlink";
    case Kind::read_whole:
      return "read_file";
    case Kind::write_whole:
      return "write_file";
    case Kind::list:
      return "scandir";
    case Kind::make_temporary:
      return "temporary_file";
    case Kind::make_temporary_dir:
      return "temporary_directory";
  }
  return "file";
}

// Appends up to `limit` bytes, which are probably `expected`. Gives how many, or -errno and appends
// nothing. When bytes would be lost, those that were taken at the descriptor's own position, it
// neither stops when it is told to, nor fails: who reads on meets the error.
long append(int fd, std::string& out, std::size_t limit, std::int64_t at, std::size_t expected,
            bool may_lose, const std::atomic<bool>& stop, bool& stopped) {
  const std::size_t before = out.size();
  out.reserve(before + std::min(limit, expected));
  while (out.size() - before < limit) {
    const std::size_t done = out.size() - before;
    if (stop.load(std::memory_order_relaxed) && (may_lose || done == 0)) {
      stopped = true;
      break;
    }
    const std::int64_t from = at < 0 ? at : at + static_cast<std::int64_t>(done);
    std::size_t wanted;
    long got;
    if (done < expected) {
      wanted = std::min({kChunk, limit - done, expected - done});
      out.resize(before + done + wanted);
      got = sys::read_file(fd, out.data() + before + done, wanted, from);
      out.resize(before + done + static_cast<std::size_t>(std::max(got, 0L)));
    } else {  // probably the end, for which nothing should grow
      std::array<char, 4096> more;
      wanted = std::min(more.size(), limit - done);
      got = sys::read_file(fd, more.data(), wanted, from);
      out.append(more.data(), static_cast<std::size_t>(std::max(got, 0L)));
      if (got > 0) expected = done + static_cast<std::size_t>(got) + kChunk;
    }
    if (got < 0 && (may_lose || done == 0)) {
      out.resize(before);
      return got;
    }
    if (got <= 0) break;
    if (!may_lose && static_cast<std::size_t>(got) < wanted) break;  // a terminal's line
  }
  return static_cast<long>(out.size() - before);
}

long write_all(int fd, Text data, std::int64_t at, std::size_t& done) noexcept {
  done = 0;
  while (done < data.size()) {
    const long put = sys::write_file(fd, data.data() + done, data.size() - done,
                                     at < 0 ? at : at + static_cast<std::int64_t>(done));
    if (put < 0) return put;
    done += static_cast<std::size_t>(put);
  }
  return 0;
}

}  // namespace

void FileOperation::perform() noexcept {
  try {
    const sys::FaultLoan::Scope scope(faults);
    result = carry_out();
  } catch (...) {  // no memory for the result
    result = -ENOMEM;
  }
  if (result < 0) opened = sys::Fd();  // before anybody is told
  finished.store(true, std::memory_order_release);
  finished.notify_all();
}

void FileOperation::check() const {
  if (result >= 0) return;
  std::string what = name_of(kind);
  if (!path.empty()) what.append(" '").append(path).append("'");
  if (!other.empty() && kind != Kind::make_temporary)
    what.append(" -> '").append(other).append("'");
  throw OSError(static_cast<int>(-result), what);
}

long FileOperation::carry_out() {
  switch (kind) {
    case Kind::open:
      return open();
    case Kind::close:
      return sys::close_file(opened.release());
    case Kind::seek:
      break;
    case Kind::read:
      return read();
    case Kind::write:
      return write();
    case Kind::sync:
      return sys::sync_file(fd, false);
    case Kind::data_sync:
      return sys::sync_file(fd, true);
    case Kind::truncate:
      return sys::truncate_file(fd, offset);
    case Kind::status:
      return sys::status_of(path.c_str(), follow, status);
    case Kind::size_of:
      return sys::status_of(fd, status);
    case Kind::rename:
      return sys::rename_path(path.c_str(), other.c_str());
    case Kind::unlink:
      return sys::unlink_path(path.c_str());
    case Kind::make_dir:
      return sys::make_directory(path.c_str(), permissions);
    case Kind::make_dirs:
      return make_dirs();
    case Kind::remove_dir:
      return sys::remove_directory(path.c_str());
    case Kind::remove_tree:
      return sys::remove_tree(path.c_str());
    case Kind::make_link:
      return sys::make_link(path.c_str(), other.c_str());
    case Kind::read_link:
      return sys::read_link(path.c_str(), text);
    case Kind::read_whole:
      return read_whole();
    case Kind::write_whole:
      return write_whole();
    case Kind::list:
      return sys::read_directory(fd, entries);
    case Kind::make_temporary:
    case Kind::make_temporary_dir:
      return make_temporary();
  }
  return -ENOSYS;
}

long FileOperation::open() {
  const int opening = sys::open_file(path.c_str(), flags, permissions);
  if (opening < 0) return opening;
  opened = sys::Fd(opening);
  if (flags & sys::kOpenDirectory) return 0;
  if (const int error = sys::status_of(opening, status); error < 0) return error;
  if (sys::is_directory(status.mode)) return -EISDIR;
  offset = sys::seek_file(opening, 0, flags & sys::kOpenAppend ? 2 : 1);
  seekable = offset != -ESPIPE;
  return seekable && offset < 0 ? static_cast<long>(offset) : 0;
}

long FileOperation::read() {
  std::size_t expected = kChunk;
  if (size > kChunk && sys::status_of(fd, status) == 0 && offset >= 0 && status.size > offset)
    expected = static_cast<std::size_t>(status.size - offset);
  return append(fd, text, size, offset, expected, offset >= 0, stop, stopped);
}

long FileOperation::write() {
  const long error = write_all(fd, data, offset, size);
  if (flags & sys::kOpenAppend) offset = sys::seek_file(fd, 0, 1);
  return error;
}

long FileOperation::read_whole() {
  const sys::Fd file(sys::open_file(path.c_str(), sys::kOpenRead, 0));
  if (file.get() < 0) return file.get();
  if (const int error = sys::status_of(file.get(), status); error < 0) return error;
  const std::size_t expected = status.size > 0 ? static_cast<std::size_t>(status.size) : kChunk;
  return append(file.get(), text, SIZE_MAX / 2, -1, expected, true, stop, stopped);
}

long FileOperation::write_whole() {
  const int file = sys::open_file(
      path.c_str(), sys::kOpenWrite | sys::kOpenCreate | sys::kOpenTruncate, permissions);
  if (file < 0) return file;
  const long error = write_all(file, data, -1, size);
  const int closed = sys::close_file(file);
  return error < 0 ? error : closed;
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

const WaitKind FileWait::kKind{&FileWait::cancel, "a file operation"};

void FileWait::start(PromiseBase& leaf) {
  TaskBase& task = *leaf.task;
  LoopImpl& impl = task.loop()->impl();
  operation_->home = impl.remote;
  const bool submit = !task.must_cancel();
  if (submit) FilePool::instance().submit(*operation_);
  // Nothing below throws; the pool tells the end through the loop, so not before this suspends.
  submitted_ = submit;
  operation_->waiter = this;
  impl.begin_remote_wait(*this);
  loop_ = &impl;
  task_ = &task;
  task.begin_wait(leaf, kKind, this);
  task.end_wait();
}

bool FileWait::cancel(TaskBase& task, const Ref<Message>& message) noexcept {
  if (task.wake_pending()) return false;
  auto& self = *static_cast<FileWait*>(task.wait_object());
  if (self.submitted_ && !FilePool::instance().withdraw(*self.operation_)) {
    self.operation_->stop.store(true, std::memory_order_relaxed);
    return false;
  }
  self.submitted_ = false;
  self.loop_->end_remote_wait(self);
  task.set_wait_cancelled(message);
  task.wake();
  return true;
}

void FileWait::finish() noexcept {
  operation_->waiter = nullptr;
  submitted_ = false;
  loop_->end_remote_wait(*this);
  if (operation_->stopped) task_->set_wait_cancelled(task_->cancel_message());
  task_->wake();
}

void FileWait::await_resume() {
  if (task_->wait_cancelled()) task_->finish_wait();
}

FileWait::~FileWait() {
  if (!task_) return;
  if (linked()) loop_->end_remote_wait(*this);
  operation_->waiter = nullptr;
  if (!submitted_ || FilePool::instance().withdraw(*operation_)) return;
  operation_->stop.store(true, std::memory_order_relaxed);
  if (!operation_->data.empty()) operation_->finished.wait(false, std::memory_order_acquire);
}

}  // namespace hob::detail
