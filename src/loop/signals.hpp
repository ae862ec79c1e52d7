// SPDX-License-Identifier: MIT
// Unix signals, delivered into loops: any number of loops may want the same one. The real handler
// only marks them and wakes the loops; each loop then runs its handler and tells its listeners.
#pragma once

#include "loop/poller.hpp"

#include <hob/loop/handle.hpp>
#include <hob/loop/signal_listener.hpp>

#include <map>

namespace hob::detail {

struct SignalStation;

/// One loop's signals.
class Signals {
 public:
  /// `internal`: the signal that the library itself handles, 0 for none. Listeners go before its
  /// handler, and another handler in its place is the user's.
  Signals(Poller& poller, int& internal) noexcept : poller_(poller), internal_(internal) {}
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() { clear(); }

  /// Sets the handler of a signal. Throws ValueError, OSError.
  void watch(int signal, Ref<HandleState> handle);
  bool unwatch(int signal) noexcept;
  /// Adds a listener. Throws OSError.
  void listen(SignalListener& listener);
  void forget(SignalListener& listener) noexcept;
  /// Handlers and listeners.
  std::size_t count() const noexcept { return handles_.size() + listener_count_; }
  /// Appends the handlers of signals that arrived since the last call, and tells the listeners.
  void collect(NodeList& ready) noexcept;
  void clear() noexcept;

  /// Around fork(2). In the child no loop gets a signal any more: those that loops handled have
  /// their default action again.
  static void before_fork() noexcept;
  static void after_fork(bool in_child) noexcept;

 private:
  void want(SignalSet signals);
  void update() noexcept;
  SignalSet wanted() const noexcept;

  Poller& poller_;
  int& internal_;
  SignalStation* station_ = nullptr;  // at first use
  std::map<int, Ref<HandleState>> handles_;
  LinkList listeners_;
  std::size_t listener_count_ = 0;
};

}  // namespace hob::detail
