// SPDX-License-Identifier: MIT
#include <hob/file/paths.hpp>

#include "file/operation.hpp"

#include <cerrno>
#include <utility>

namespace hob {
namespace {

using detail::FileOperation;
using detail::FileWait;
using detail::Ref;
using detail::to_string;
using Kind = FileOperation::Kind;

Ref<FileOperation> make(Kind kind, Text path, unsigned permissions = 0) {
  auto operation = detail::make_operation(kind, to_string(path));
  operation->permissions = permissions;
  return operation;
}

Coro<> perform(Ref<FileOperation> operation) {
  co_await FileWait(operation);
  operation->check();
}

Coro<StatResult> perform_stat(Ref<FileOperation> operation) {
  co_await FileWait(operation);
  operation->check();
  const sys::FileStatus& from = operation->status;
  StatResult to;
  to.size = from.size;
  to.mode = from.mode;
  to.uid = from.uid;
  to.gid = from.gid;
  to.inode = from.inode;
  to.device = from.device;
  to.links = from.links;
  to.blocks = from.blocks;
  to.accessed = Duration::nanoseconds(from.accessed_ns);
  to.modified = Duration::nanoseconds(from.modified_ns);
  to.changed = Duration::nanoseconds(from.changed_ns);
  co_return to;
}

Coro<bool> perform_exists(Ref<FileOperation> operation) {
  co_await FileWait(operation);
  if (operation->result == -ENOENT || operation->result == -ENOTDIR) co_return false;
  operation->check();
  co_return true;
}

Coro<std::string> perform_text(Ref<FileOperation> operation) {
  co_await FileWait(operation);
  operation->check();
  co_return std::move(operation->text);
}

}  // namespace

bool StatResult::is_dir() const noexcept { return sys::is_directory(mode); }
bool StatResult::is_file() const noexcept { return sys::is_regular(mode); }
bool StatResult::is_symlink() const noexcept { return sys::is_link(mode); }

Coro<StatResult> stat(Text path) { return perform_stat(make(Kind::status, path)); }
Coro<StatResult> lstat(Text path) {
  auto operation = make(Kind::status, path);
  operation->follow = false;
  return perform_stat(std::move(operation));
}
Coro<bool> exists(Text path) { return perform_exists(make(Kind::status, path)); }

Coro<> rename(Text from, Text to) {
  auto operation = make(Kind::rename, from);
  operation->other = to_string(to);
  return perform(std::move(operation));
}
Coro<> unlink(Text path) { return perform(make(Kind::unlink, path)); }
Coro<> mkdir(Text path, unsigned permissions) {
  return perform(make(Kind::make_dir, path, permissions));
}
Coro<> makedirs(Text path, bool exist_ok, unsigned permissions) {
  auto operation = make(Kind::make_dirs, path, permissions);
  operation->may_exist = exist_ok;
  return perform(std::move(operation));
}
Coro<> rmdir(Text path) { return perform(make(Kind::remove_dir, path)); }
Coro<> rmtree(Text path) { return perform(make(Kind::remove_tree, path)); }
Coro<> symlink(Text target, Text path) {
  auto operation = make(Kind::make_link, target);
  operation->other = to_string(path);
  return perform(std::move(operation));
}
Coro<std::string> readlink(Text path) { return perform_text(make(Kind::read_link, path)); }

}  // namespace hob
