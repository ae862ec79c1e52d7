// SPDX-License-Identifier: MIT
#include "process/process_state.hpp"

#include "sys/syscall.hpp"

#include <hob/core/error.hpp>

#include <cerrno>
#include <mutex>
#include <string>
#include <vector>

namespace hob::detail {
namespace {

constexpr int kUnknownStatus = 255;  // asyncio's, when somebody else has reaped the child

struct Orphans {
  std::mutex mutex;
  std::vector<sys::Fd> pidfds;
};
Orphans& orphans() {
  static Orphans& all = *new Orphans;  // the last loop may be a static variable
  return all;
}

}  // namespace

void reap_orphans() noexcept {
  Orphans& all = orphans();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.pidfds, [](const sys::Fd& pidfd) {
    sys::ExitStatus status;
    return sys::wait_child(pidfd.get(), false, status) != 0;
  });
}

Ref<ProcessState> ProcessState::watch(EventLoop& loop, sys::Spawned&& child) {
  auto state = Ref<ProcessState>::adopt(new ProcessState(std::move(child)));
  try {
    loop.add_reader(state->pidfd_.get(), [state, &loop] { state->ended(loop); });
  } catch (...) {
    sys::pidfd_send_signal(state->pidfd_.get(), sys::kSigKill);
    sys::ExitStatus status;
    sys::wait_child(state->pidfd_.get(), true, status);
    state->pidfd_ = {};
    throw;
  }
  return state;
}

// The pidfd is readable.
void ProcessState::ended(EventLoop& loop) {
  const Ref<ProcessState> self(this);  // the reader's may be the last
  sys::ExitStatus status;
  const int result = sys::wait_child(pidfd_.get(), false, status);
  if (result == 0) return;
  if (result < 0) {
    status.returncode = kUnknownStatus;
    const std::string warning = "child process pid " + std::to_string(pid_) +
                                " exit status already read: will report returncode 255\n";
    sys::write_stderr(warning.data(), warning.size());
  }
  loop.remove_reader(pidfd_.get());
  pidfd_ = {};
  returncode_ = status.returncode;
  exited_.set();
}

ProcessState::~ProcessState() {
  if (pidfd_.get() < 0) return;
  sys::ExitStatus status;
  if (sys::wait_child(pidfd_.get(), false, status) != 0) return;
  try {
    Orphans& all = orphans();
    const std::lock_guard lock(all.mutex);
    all.pidfds.push_back(std::move(pidfd_));
  } catch (...) {  // no memory: it stays a zombie until this process ends
  }
}

Coro<int> ProcessState::wait(Ref<ProcessState> self) {
  if (!self->returncode_) co_await self->exited_.wait();
  co_return *self->returncode_;
}

void ProcessState::send_signal(int signal) const {
  const int result = pidfd_.get() < 0 ? -ESRCH : sys::pidfd_send_signal(pidfd_.get(), signal);
  if (result < 0) throw OSError(-result, "send_signal");
}

}  // namespace hob::detail
