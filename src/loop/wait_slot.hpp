// SPDX-License-Identifier: MIT
// WaitSlot: a place for one node that waits for an event. Transports have one for each direction.
#pragma once

#include <hob/core/node.hpp>

#include <cassert>
#include <utility>

namespace hob::detail {

/// Holds one waiting node, and is itself the node that goes into the ready queue when the event
/// comes: so the wait can be given up at any time, before the event or after it, without knowing
/// which. The waiting node's `run` is called from there; it is in no list meanwhile.
class WaitSlot : private Node {
 public:
  WaitSlot() noexcept { run = &run_waiter; }
  WaitSlot(const WaitSlot&) = delete;
  WaitSlot& operator=(const WaitSlot&) = delete;
  ~WaitSlot() { clear(); }

  /// Begins a wait; there must be none.
  void set(Node& waiter) noexcept {
    assert(!waiter_);
    waiter_ = &waiter;
  }
  bool used() const noexcept { return waiter_ != nullptr; }
  /// Whether a node waits and the event has not come.
  bool pending() const noexcept { return waiter_ && !linked(); }
  /// The event: the waiting node will run. Gives whether one was pending.
  bool fire(NodeList& ready) noexcept {
    if (!pending()) return false;
    ready.push_back(*this);
    return true;
  }
  /// Ends the wait without running the node. No effect when there is none.
  void clear() noexcept {
    waiter_ = nullptr;
    if (linked()) unlink();
  }

 private:
  static void run_waiter(Node* node) {
    Node* waiter = std::exchange(static_cast<WaitSlot*>(node)->waiter_, nullptr);
    waiter->run(waiter);
  }

  Node* waiter_ = nullptr;
};

}  // namespace hob::detail
