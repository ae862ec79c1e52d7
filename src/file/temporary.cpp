// SPDX-License-Identifier: MIT
#include <hob/file/temporary.hpp>

#include "file/operation.hpp"
#include "file/state.hpp"

#include <cerrno>

namespace hob {
namespace detail {
namespace {

using Kind = FileOperation::Kind;

Ref<FileOperation> make_name(Kind kind, const TemporaryOptions& options) {
  std::string path = to_string(options.dir);
  if (!path.empty() && path.back() != '/') path += '/';
  auto operation = make_operation(kind, path + to_string(options.prefix));
  operation->other = to_string(options.suffix);
  return operation;
}

Coro<> remove_path(std::string path, bool directory) {
  const auto operation =
      make_operation(directory ? Kind::remove_tree : Kind::unlink, std::move(path));
  co_await FileWait(operation);
  if (operation->result != -ENOENT) operation->check();
}

Coro<NamedTemporaryFile> make_named(Ref<FileOperation> operation) {
  co_await FileWait(operation);
  operation->check();
  TemporaryPath path(operation->text, false);  // until the file is whole
  File file(Ref<FileState>::adopt(new FileState(path.name(), *operation)));
  co_return NamedTemporaryFile(path.keep(), std::move(file));
}

Coro<TemporaryDirectory> make_directory(Ref<FileOperation> operation) {
  co_await FileWait(operation);
  operation->check();
  co_return TemporaryDirectory(std::move(operation->text), true);
}

}  // namespace

// O_TMPFILE needs the file system's help; without it a named file loses its name at once.
Coro<File> open_unnamed(std::string dir) {
  auto operation = make_operation(Kind::open, dir);
  operation->flags = sys::kOpenRead | sys::kOpenWrite | sys::kOpenUnnamed;
  operation->permissions = 0600;
  co_await FileWait(operation);
  if (operation->result == -EOPNOTSUPP || operation->result == -EISDIR) {
    operation = make_operation(Kind::make_temporary, dir + "/tmp");
    co_await FileWait(operation);
    operation->check();
    const TemporaryPath gone(operation->text, false);
  }
  operation->check();
  co_return File(Ref<FileState>::adopt(new FileState(std::move(dir), *operation)));
}

}  // namespace detail

Coro<File> temporary_file(Text dir) {
  return detail::open_unnamed(dir.empty() ? sys::temporary_directory() : detail::to_string(dir));
}
Coro<NamedTemporaryFile> named_temporary_file(TemporaryOptions options) {
  return detail::make_named(detail::make_name(detail::Kind::make_temporary, options));
}
Coro<TemporaryDirectory> temporary_directory(TemporaryOptions options) {
  return detail::make_directory(detail::make_name(detail::Kind::make_temporary_dir, options));
}

TemporaryPath::~TemporaryPath() {
  if (path_.empty()) return;
  if (!directory_) {
    sys::unlink_path(path_.c_str());
    return;
  }
  try {
    sys::remove_tree(path_.c_str());
  } catch (...) {  // no memory for the names: it stays
  }
}

Coro<> TemporaryPath::remove() {
  if (path_.empty()) co_return;
  co_await detail::remove_path(path_, directory_);
  path_.clear();
}

Coro<> NamedTemporaryFile::aexit(std::exception_ptr) {
  co_await remove();
  co_await file.close();
}

}  // namespace hob
