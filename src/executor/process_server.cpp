// SPDX-License-Identifier: MIT
// The server of a pool: a process without threads that makes the workers, sees each end through its
// pidfd, and tells the pool how. As their parent it is the one whom the kernel tells; and a fork of
// it copies nobody's locks. Also how a process that was started to be one of these finds out.
#include "executor/process_wire.hpp"
#include "sys/module.hpp"
#include "sys/process.hpp"

#include <hob/executor/detail/worker_hook.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hob::detail {

int start_program(const char* path, const char* role, int socket, const char* how, sys::Fd& pidfd) {
  char mark[96];
  std::snprintf(mark, sizeof mark, "%s=%s:%d:%d:%s", kWorkerVariable, role, socket,
                sys::process_id(), how);
  std::vector<const char*> environment;
  for (char** entry = sys::environment(); entry && *entry; ++entry) environment.push_back(*entry);
  environment.push_back(mark);
  environment.push_back(nullptr);
  const char* const paths[] = {path, nullptr};
  const char* const arguments[] = {path, nullptr};
  sys::SpawnRequest request;
  request.paths = paths;
  request.argv = arguments;
  request.envp = environment.data();
  request.pass_fds = &socket;
  request.pass_count = 1;
  sys::Spawned spawned;
  const int result = sys::spawn(request, spawned);
  if (result < 0) return result;
  pidfd = std::move(spawned.pidfd);
  return spawned.pid;
}

namespace {

struct Child {
  std::uint32_t worker;
  sys::Fd pidfd;
};

class Server {
 public:
  Server(sys::Fd control, bool spawn) : control_(std::move(control)), spawn_(spawn) {}

  [[noreturn]] void run() {
    report({ReportKind::hello, 0, sys::thread_count(), program_identity()});
    for (;;) {
      const std::size_t count = children_.size() + 1;
      std::vector<int> fds{control_.get()};
      for (const Child& child : children_) fds.push_back(child.pidfd.get());
      const auto ready = std::make_unique<bool[]>(count);
      if (sys::wait_readable(fds.data(), ready.get(), count) < 0) sys::exit_process(1);
      for (std::size_t i = count - 1; i > 0; --i) {
        if (ready[i]) reap(i - 1);
      }
      if (ready[0]) serve();
    }
  }

 private:
  void report(const ServerReport& report) {
    const sys::Piece piece = {&report, sizeof report};
    if (sys::send_packet(control_.get(), &piece, 1, nullptr, 0, true) < 0) stop();
  }

  void reap(std::size_t index) {
    sys::ExitStatus status;
    if (sys::wait_child(children_[index].pidfd.get(), false, status) == 0) return;
    const std::uint32_t worker = children_[index].worker;
    children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index));
    report({ReportKind::exited, worker, status.returncode, 0});
  }

  void serve() {
    ServerRequest request;
    sys::Fd passed[sys::kMaxPassed];
    const long n =
        sys::receive_packet(control_.get(), &request, sizeof request, nullptr, 0, passed, true);
    if (n != sizeof request) stop();
    if (request.kind == RequestKind::signal) return send_signal(request);
    sys::Fd pidfd;
    const int pid = spawn_ ? spawn_worker(passed[0].get(), pidfd) : fork_worker(passed[0], pidfd);
    if (pid < 0) return report({ReportKind::failed, request.worker, pid, 0});
    children_.push_back({request.worker, std::move(pidfd)});
    report({ReportKind::started, request.worker, pid, 0});
  }

  void send_signal(const ServerRequest& request) {
    for (const Child& child : children_) {
      if (child.worker == request.worker) sys::pidfd_send_signal(child.pidfd.get(), request.signal);
    }
  }

  int fork_worker(sys::Fd& socket, sys::Fd& pidfd) {
    const int server = sys::process_id();
    const int pid = sys::fork_process(pidfd);
    if (pid != 0) return pid;
    sys::Fd own = std::move(socket);
    control_ = {};
    children_.clear();
    if (!sys::die_with_parent(server)) sys::exit_process(0);
    run_worker(std::move(own));
  }
  static int spawn_worker(int socket, sys::Fd& pidfd) {
    return start_program("/proc/self/exe", "worker", socket, "-", pidfd);
  }

  // The pool is gone, and nobody wants what the workers do.
  [[noreturn]] void stop() {
    for (const Child& child : children_) sys::pidfd_send_signal(child.pidfd.get(), sys::kSigKill);
    for (const Child& child : children_) {
      sys::ExitStatus status;
      sys::wait_child(child.pidfd.get(), true, status);
    }
    sys::exit_process(0);
  }

  sys::Fd control_;
  std::vector<Child> children_;
  bool spawn_;
};

}  // namespace

// Nothing may be thrown: after a fork it would go on in the copy of the program.
void run_server(sys::Fd control, bool spawn) noexcept { Server(std::move(control), spawn).run(); }

void enter_worker_process(void (*entry)()) noexcept {
  static bool entered = false;
  if (entered) return;
  const char* mark = sys::secure_environment(kWorkerVariable);
  if (!mark) return;
  entered = true;  // the initialisers that are run now come by here again
  char role[16], how[16];
  int socket = -1, parent = -1;
  const bool understood =
      std::sscanf(mark, "%15[a-z]:%d:%d:%15s", role, &socket, &parent, how) == 4;
  sys::remove_environment(kWorkerVariable);  // not for programs that a job starts
  if (!understood) return;
  if (!sys::die_with_parent(parent)) sys::exit_process(0);
  sys::become_worker();
  sys::Fd own(sys::duplicate(socket));  // close-on-exec
  {
    const sys::Fd inherited(socket);
  }
  sys::run_initialisers_after(entry);
  if (std::strcmp(role, "worker") == 0) run_worker(std::move(own));
  run_server(std::move(own), std::strcmp(how, "spawn") == 0);
}

}  // namespace hob::detail
