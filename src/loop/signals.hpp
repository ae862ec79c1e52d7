// SPDX-License-Identifier: MIT
// Unix signals, delivered into loops. The real handler only sets a flag and wakes the loop that
// asked.
#pragma once

#include "loop/poller.hpp"

#include <hob/loop/handle.hpp>

#include <map>

namespace hob::detail {

class Signals {
 public:
  explicit Signals(EpollPoller& poller) noexcept : poller_(poller) {}
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() { clear(); }

  /// Throws ValueError, OSError, and RuntimeError when another loop has this signal.
  void watch(int signal, Ref<HandleState> handle);
  bool unwatch(int signal) noexcept;
  std::size_t count() const noexcept { return handles_.size(); }
  /// Appends the handlers of signals that arrived since the last call.
  void collect(NodeList& ready) noexcept;
  void clear() noexcept;

 private:
  EpollPoller& poller_;
  std::map<int, Ref<HandleState>> handles_;
};

}  // namespace hob::detail
