// SPDX-License-Identifier: MIT
// The seam where system calls are made to fail on demand (hob::testing::Faults), or are answered by
// somebody else than the kernel (world.hpp). Without either a call pays one load and one branch.
#pragma once

#include <cstddef>

namespace hob::sys {

/// The calls that can be told to fail. Names as in the manual.
enum class Call : unsigned char {
  accept,
  bind,
  connect,
  epoll_ctl,
  epoll_wait,
  getsockopt,
  listen,
  read,
  recv,
  send,
  sendfile,
  setsockopt,
  shutdown,
  socket,
  write,
  count_
};

class FaultPlan {
 public:
  /// Asked before each call: 0 to go on (with perhaps less than `size` bytes), or -errno.
  virtual int before(Call call, std::size_t& size) noexcept = 0;

 protected:
  ~FaultPlan() = default;
};

/// Whether this thread has a plan or a world: what the calls look at.
extern constinit thread_local bool interposed __attribute__((tls_model("initial-exec")));
/// The plan of this thread; null: nothing fails.
extern constinit thread_local FaultPlan* fault_plan __attribute__((tls_model("initial-exec")));

/// Null takes it out.
void install_fault_plan(FaultPlan* plan) noexcept;

inline int injected(Call call, std::size_t& size) noexcept {
  if (!interposed) [[likely]]
    return 0;
  return fault_plan ? fault_plan->before(call, size) : 0;
}
inline int injected(Call call) noexcept {
  std::size_t size = 0;
  return injected(call, size);
}

}  // namespace hob::sys
