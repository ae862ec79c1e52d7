// SPDX-License-Identifier: MIT
#include <hob/file/scandir.hpp>

#include "file/operation.hpp"

#include <utility>

namespace hob {
namespace {

using detail::FileOperation;
using detail::FileWait;
using Kind = FileOperation::Kind;

DirEntry::Kind kind_of(sys::EntryKind kind) noexcept {
  switch (kind) {
    case sys::EntryKind::unknown:
      return DirEntry::Kind::unknown;
    case sys::EntryKind::file:
      return DirEntry::Kind::file;
    case sys::EntryKind::directory:
      return DirEntry::Kind::dir;
    case sys::EntryKind::link:
      return DirEntry::Kind::symlink;
    case sys::EntryKind::other:
      break;
  }
  return DirEntry::Kind::other;
}

}  // namespace

struct DirIterator::State {
  std::string path;
  sys::Fd fd;
  std::vector<sys::Entry> entries;  // of the last batch
  std::size_t next = 0;
  bool ended = false;
};

DirIterator::DirIterator(Text path) : state_(new State) {
  try {
    state_->path = detail::to_string(path);
  } catch (...) {
    delete state_;
    throw;
  }
}
DirIterator::DirIterator(DirIterator&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)) {}
DirIterator& DirIterator::operator=(DirIterator&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
DirIterator::~DirIterator() { delete state_; }

Coro<std::optional<DirEntry>> DirIterator::anext() {
  State& state = *state_;
  if (state.fd.get() < 0 && !state.ended) {
    const auto opening = detail::make_operation(Kind::open, state.path);
    opening->flags = sys::kOpenRead | sys::kOpenDirectory;
    co_await FileWait(opening);
    opening->check();
    state.fd = std::move(opening->opened);
  }
  while (state.next == state.entries.size()) {
    if (state.ended) co_return std::nullopt;
    const auto listing = detail::make_operation(Kind::list, state.path);
    listing->fd = state.fd.get();
    co_await FileWait(listing);
    listing->check();
    state.entries = std::move(listing->entries);
    state.next = 0;
    if (listing->result == 0) {
      state.ended = true;
      state.fd = {};
    }
  }
  sys::Entry& entry = state.entries[state.next++];
  std::string path = state.path;
  if (!path.empty() && path.back() != '/') path += '/';
  path += entry.name;
  co_return DirEntry(std::move(entry.name), std::move(path), entry.inode, kind_of(entry.kind));
}

namespace {

Coro<std::vector<std::string>> names_in(std::string path) {
  DirIterator iterator(path);
  std::vector<std::string> names;
  while (auto entry = co_await iterator.anext()) names.push_back(entry->name());
  co_return names;
}

}  // namespace

Coro<std::vector<std::string>> listdir(Text path) { return names_in(detail::to_string(path)); }

}  // namespace hob
