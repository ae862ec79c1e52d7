// SPDX-License-Identifier: MIT
// What becomes of loops when the process forks: the child has copies of them whose epoll is the
// parent's. They are cut off there, so that the child can do no harm to the parent, may run loops
// of its own, and is told when it uses an old one.
#pragma once

#include <hob/core/node.hpp>

namespace hob::detail {

struct LoopImpl;

/// A member of every loop: makes it known to fork(2).
class ForkGuard : public Link {
 public:
  explicit ForkGuard(LoopImpl& impl);
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;
  ~ForkGuard();

  LoopImpl& impl;
  bool forked = false;  // this is the child's copy
};

[[noreturn]] void raise_forked();

}  // namespace hob::detail
