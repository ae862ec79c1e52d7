// SPDX-License-Identifier: MIT
// WatchTable: the handlers of add_reader and add_writer, by descriptor. What the poller keeps
// beside them is `Registration`.
#pragma once

#include <hob/core/raise.hpp>
#include <hob/core/ref.hpp>
#include <hob/loop/handle.hpp>

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace hob::detail {

template <class Registration>
class WatchTable {
 public:
  struct Watch : Registration {
    std::array<Ref<HandleState>, 2> handles;  // [0] reads, [1] writes

    bool wants(bool write) const noexcept { return static_cast<bool>(handles[write]); }
    /// Its handler will run, once.
    void enqueue(bool write, NodeList& ready) noexcept {
      HandleState* handle = handles[write].get();
      if (!handle || handle->linked()) return;
      handle->retain();
      ready.push_back(*handle);
    }
  };

  /// Sets the reader or writer of `fd`. A first one is told to the kernel by `update(fd, watch)`;
  /// when that throws nothing has happened.
  template <class Update>
  void set(int fd, bool write, Ref<HandleState> handle, Update update) {
    if (fd < 0) raise_value_error("add_reader/add_writer: the file descriptor is negative");
    if (static_cast<std::size_t>(fd) >= by_fd_.size())
      by_fd_.resize(static_cast<std::size_t>(fd) + 1);
    Watch& watch = by_fd_[static_cast<std::size_t>(fd)];
    Ref<HandleState> old = std::exchange(watch.handles[write], std::move(handle));
    if (old) {
      old->cancel();
      return;
    }
    try {
      update(fd, watch);
    } catch (...) {
      watch.handles[write] = {};
      throw;
    }
    ++count_;
  }
  /// Takes it out, and gives the watch for an update; null when there was none.
  Watch* take(int fd, bool write) noexcept {
    if (fd < 0 || static_cast<std::size_t>(fd) >= by_fd_.size()) return nullptr;
    Watch& watch = by_fd_[static_cast<std::size_t>(fd)];
    if (!watch.handles[write]) return nullptr;
    watch.handles[write]->cancel();
    watch.handles[write] = {};
    --count_;
    return &watch;
  }
  Watch& operator[](std::size_t fd) noexcept { return by_fd_[fd]; }
  /// Readers and writers.
  std::size_t count() const noexcept { return count_; }
  auto begin() noexcept { return by_fd_.begin(); }
  auto end() noexcept { return by_fd_.end(); }
  void clear() noexcept {
    by_fd_.clear();
    count_ = 0;
  }

 private:
  std::vector<Watch> by_fd_;
  std::size_t count_ = 0;
};

}  // namespace hob::detail
