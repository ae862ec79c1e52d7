// SPDX-License-Identifier: MIT
#include "loop/fork.hpp"

#include "loop/loop_impl.hpp"
#include "sys/process.hpp"

#include <hob/core/raise.hpp>

#include <mutex>

namespace hob::detail {
namespace {

struct Loops {
  std::mutex mutex;
  LinkList all;
};

// Never destroyed: the last loop may be a static variable.
Loops& loops() {
  static Loops& instance = *new Loops;
  return instance;
}

void before_fork() {
  loops().mutex.lock();
  Signals::before_fork();
}

void in_parent() {
  Signals::after_fork(false);
  loops().mutex.unlock();
}

// One thread is left, and it runs no loop of its own any more.
void in_child() {
  LinkList& all = loops().all;
  for (Link* link = all.front(); link != all.end(); link = link->next) {
    auto& guard = static_cast<ForkGuard&>(*link);
    guard.forked = true;
    guard.impl.cut_off();
  }
  running_loop = nullptr;
  Signals::after_fork(true);
  loops().mutex.unlock();
}

}  // namespace

ForkGuard::ForkGuard(LoopImpl& i) : impl(i) {
  static const bool prepared = (sys::at_fork(&before_fork, &in_parent, &in_child), true);
  static_cast<void>(prepared);
  const std::lock_guard lock(loops().mutex);
  loops().all.push_back(*this);
}

ForkGuard::~ForkGuard() {
  const std::lock_guard lock(loops().mutex);
  unlink();
}

void raise_forked() {
  raise_runtime_error(
      "this event loop belongs to the parent process: after fork() the child needs one of its own");
}

}  // namespace hob::detail
