// SPDX-License-Identifier: MIT
// RingOperation: something that the kernel does for a loop on io_uring.
#pragma once

#include "sys/ring.hpp"

#include <hob/core/node.hpp>

namespace hob::detail {

class UringPoller;

/// Stays where it is from its submission to its last completion: only that ends it, whatever is
/// done to cancel it. Its address is the tag of the request. A cancellation that is late cannot hit
/// another operation at the same address: requests of a loop are carried out in the order in which
/// they were queued.
class RingOperation : public Link {
 public:
  using Complete = void (*)(RingOperation& self, const sys::Ring::Event& event,
                            NodeList& ready) noexcept;
  explicit RingOperation(Complete complete) noexcept : complete_(complete) {}
  RingOperation(const RingOperation&) = delete;
  RingOperation& operator=(const RingOperation&) = delete;
  bool in_flight() const noexcept { return in_flight_; }

 protected:
  ~RingOperation() = default;

 private:
  friend class UringPoller;
  const Complete complete_;
  bool in_flight_ = false;
  bool cancel_owed_ = false;  // the queue was full
};

}  // namespace hob::detail
