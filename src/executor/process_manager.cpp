// SPDX-License-Identifier: MIT
// The manager thread of a process pool: one epoll over the server, the workers and a wake-up.
#include "executor/process_pool.hpp"
#include "sys/process.hpp"
#include "sys/syscall.hpp"

#include <hob/core/error.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace hob::detail {
namespace {

constexpr std::uint64_t kWakeKey = ~std::uint64_t(0);
constexpr std::uint64_t kControlKey = kWakeKey - 1;
// So many workers in a row that died before they were ready: the next one would, too.
constexpr unsigned kMaxStillborn = 10;
// A program that was started as a server and says nothing for so long is none.
constexpr std::int64_t kGreetingTimeout = 60'000'000'000;

}  // namespace

void ProcessPool::manage(const sys::FaultLoan& faults) noexcept {
  const sys::FaultLoan::Scope scope(faults);
  sys::block_all_signals();
  try {
    epoll_ = sys::Fd(sys::epoll_create());
    if (epoll_.get() < 0) throw OSError(-epoll_.get(), "epoll_create1");
    watch(wake_.get(), kWakeKey);
    start_server();
    start_workers();
    while (!ending_.load(std::memory_order_acquire) || !finished()) wait_for_events();
  } catch (...) {  // out of memory or descriptors
    break_pool("the process pool cannot go on: " + describe(std::current_exception()));
  }
  {
    const std::lock_guard lock(mutex_);
    for (const WorkerRef& worker : workers_) worker->socket = {};  // who waits for a job ends
  }
  end_server();
  {
    const std::lock_guard lock(mutex_);
    workers_.clear();
    ended_ = true;
    ended_cv_.notify_all();
  }
  release();
}

void ProcessPool::start_server() {
  if (options_.start_method != StartMethod::fork) {
    sys::Fd ends[2];
    if (const int error = sys::make_packet_pair(ends); error < 0)
      throw OSError(-error, "socketpair");
    const std::string& own = options_.executable;
    const char* path = own.empty() ? "/proc/self/exe" : own.c_str();
    const char* how = options_.start_method == StartMethod::spawn ? "spawn" : "fork";
    const int pid = start_program(path, "server", ends[1].get(), how, server_pidfd_);
    if (pid < 0) throw OSError(-pid, path);
    control_ = std::move(ends[0]);
  }
  watch(control_.get(), kControlKey);
}

void ProcessPool::wait_for_events() {
  epoll_event events[32];
  const std::int64_t timeout = greeted_ ? -1 : kGreetingTimeout;
  const int count = sys::epoll_wait(epoll_.get(), events, 32, timeout);
  if (count == 0 && !greeted_) {
    break_pool(
        "the program that was started for the workers does not answer; was it built with "
        "Hob's process pool?");
  }
  // Reports last: what a worker has sent before it died counts.
  bool report = false;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t key = events[i].data.u64;
    if (key == kWakeKey) {
      on_wake();
    } else if (key == kControlKey) {
      report = true;
    } else if (Worker* worker = find(static_cast<std::uint32_t>(key))) {
      on_reply(*worker);
    }
  }
  if (report) on_report();
}

void ProcessPool::on_wake() {
  std::vector<int> signals;
  std::vector<std::uint32_t> targets;
  {
    const std::lock_guard lock(mutex_);
    signals.swap(signals_);
    for (const WorkerRef& worker : workers_) targets.push_back(worker->number);
  }
  for (const int signal : signals) {
    for (const std::uint32_t worker : targets) request(RequestKind::signal, worker, signal, -1);
  }
  start_workers();
}

// ---- Workers come.

void ProcessPool::start_workers() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (!greeted_ || workers_to_start() == 0) return;
    }
    start_worker();
  }
}

void ProcessPool::start_worker() {
  sys::Fd ends[2];
  if (const int error = sys::make_packet_pair(ends); error < 0) throw OSError(-error, "socketpair");
  auto worker = std::make_unique<Worker>();
  worker->number = next_number_++;
  worker->socket = std::move(ends[0]);
  CallHead head;
  head.is_setup = 1;
  const ProcessCall nothing{};
  const ProcessCall& call = options_.initializer ? *options_.initializer.get() : nothing;
  head.invoke = call.invoke;
  head.function = call.function;
  head.in_file = call.file >= 0 ? 1 : 0;
  const int socket = worker->socket.get();
  const int error = call.file >= 0
                        ? send_file(socket, &head, sizeof head, call.file, false)
                        : send_inline(socket, &head, sizeof head, call.arguments.sink(), false);
  if (error < 0) throw OSError(-error, "sendmsg");
  watch(socket, worker->number);
  const std::uint32_t number = worker->number;
  {
    const std::lock_guard lock(mutex_);
    workers_.push_back(std::move(worker));
  }
  request(RequestKind::start, number, 0, ends[1].get());
}

void ProcessPool::on_setup_done(Worker& worker, const ReplyHead& head) {
  if (head.kind == ReplyKind::error) {
    InArchive archive = packets_.payload(head.in_file != 0);
    return break_pool("the initializer of worker " + std::to_string(worker.number) +
                      " threw: " + describe(get_exception(archive)));
  }
  if (head.identity != program_identity()) {
    return break_pool("worker " + std::to_string(worker.number) +
                      " runs another build of the program");
  }
  FailedJobs failed;
  {
    const std::lock_guard lock(mutex_);
    worker.state = State::idle;
    worker.was_ready = true;
    stillborn_ = 0;
    feed(worker, failed);
  }
  finish(failed);
}

// ---- Results.

// Gives false when there was nothing (more) to receive.
bool ProcessPool::on_reply(Worker& worker) {
  ReplyHead head;
  const int received = packets_.receive(worker.socket.get(), head, false);
  if (received == sys::kTryAgain) return false;
  if (received == 0 || received == sys::kConnectionReset) {
    on_socket_closed(worker);
    return false;
  }
  if (received < 0) {
    on_reply_lost(worker, received);
    return false;
  }
  if (!worker.was_ready) {
    on_setup_done(worker, head);
    return true;
  }
  ProcessJob* job;
  FailedJobs failed;
  bool dismissed = false;
  {
    const std::lock_guard lock(mutex_);
    job = std::exchange(worker.job, nullptr);
    ++worker.jobs_done;
    if (worker.state != State::busy) {  // dying, or told to
    } else if (worker.jobs_done == options_.max_tasks_per_child) {
      dismiss(worker);
      dismissed = true;
    } else {
      worker.state = State::idle;
      feed(worker, failed);  // first, so that it works while we read
    }
  }
  if (job) {
    try {
      InArchive archive = packets_.payload(head.in_file != 0);
      if (head.kind == ReplyKind::value) {
        job->finish(archive);
      } else {
        job->fail(get_exception(archive));
      }
    } catch (...) {
      job->fail(std::current_exception());
    }
  }
  finish(failed);
  if (dismissed) start_workers();
  return true;
}

// ---- Workers go.

void ProcessPool::dismiss(Worker& worker) noexcept {
  worker.state = State::leaving;
  sys::shut_down(worker.socket.get());
  unwatch(worker.socket.get());
}

// How it ended is the server's to tell; until then it gets no job.
void ProcessPool::on_socket_closed(Worker& worker) {
  unwatch(worker.socket.get());
  const std::lock_guard lock(mutex_);
  if (worker.state != State::leaving) worker.state = State::lost;
}

// There was one, and this process could not take it. The worker goes, as it may wait for ever.
void ProcessPool::on_reply_lost(Worker& worker, int error) {
  const auto reason = std::make_exception_ptr(OSError(-error, "recvmsg"));
  if (!worker.was_ready) {
    return break_pool("worker " + std::to_string(worker.number) +
                      " cannot be heard: " + describe(reason));
  }
  ProcessJob* job;
  {
    const std::lock_guard lock(mutex_);
    job = std::exchange(worker.job, nullptr);
    dismiss(worker);
  }
  if (job) job->fail(reason);
  start_workers();
}

void ProcessPool::on_report() {
  ServerReport report;
  sys::Fd passed[sys::kMaxPassed];
  const long n =
      sys::receive_packet(control_.get(), &report, sizeof report, nullptr, 0, passed, false);
  if (n == sys::kTryAgain) return;
  if (n != sizeof report) {
    drop_server();
    std::string why = "the process that makes the workers ended unexpectedly";
    if (n < 0 && n != sys::kConnectionReset) {
      why = "the process that makes the workers cannot be heard: " +
            describe(std::make_exception_ptr(OSError(static_cast<int>(-n), "recvmsg")));
    }
    return break_pool(why);
  }
  switch (report.kind) {
    case ReportKind::hello:
      return on_hello(report);
    case ReportKind::started: {
      const std::lock_guard lock(mutex_);
      if (Worker* worker = find(report.worker)) worker->pid = report.value;
      return;
    }
    case ReportKind::failed:
      break_pool("a worker cannot be started: " +
                 describe(std::make_exception_ptr(OSError(-report.value, "fork"))));
      return on_exit(report.worker, 0);
    case ReportKind::exited:
      return on_exit(report.worker, report.value);
  }
}

void ProcessPool::on_hello(const ServerReport& report) {
  greeted_ = true;
  if (report.identity != program_identity()) {
    return break_pool("the program that was started for the workers, " + options_.executable +
                      ", is another build than this one");
  }
  const bool forks = options_.start_method == StartMethod::forkserver;
  if (forks && report.value < 0) {
    return break_pool("start method forkserver: the server's threads cannot be counted: " +
                      describe(std::make_exception_ptr(OSError(-report.value, "open"))));
  }
  if (forks && report.value > 1) {
    return break_pool(
        "start method forkserver: static objects of the program start threads, so "
        "that its workers cannot be forked; use spawn");
  }
  start_workers();
}

void ProcessPool::on_exit(std::uint32_t number, int returncode) {
  Worker* worker = find(number);
  if (!worker) return;
  while (takes_replies(*worker) && on_reply(*worker)) {  // what it sent before it died counts
  }
  bool told;
  {
    const std::lock_guard lock(mutex_);
    told = worker->state == State::leaving;
    worker->state = State::lost;  // nobody gives it a job from now on
  }
  if (!told) on_death(*worker, returncode);
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(workers_, [worker](const WorkerRef& w) { return w.get() == worker; });
  }
  start_workers();
}

bool ProcessPool::takes_replies(const Worker& worker) {
  const std::lock_guard lock(mutex_);
  return worker.state != State::leaving && worker.state != State::lost;
}

void ProcessPool::on_death(Worker& worker, int returncode) {
  char how[64];
  const std::string who = "worker " + std::to_string(worker.number) + " (process " +
                          std::to_string(worker.pid) + ") " + describe_exit(returncode, how);
  if (!worker.was_ready) ++stillborn_;
  if (loss_ == WorkerLoss::breaks_pool || stillborn_ == kMaxStillborn) {
    return break_pool(
        "A process in the process pool was terminated abruptly while the future was running or "
        "pending: " +
        who);
  }
  if (worker.job) {
    std::exchange(worker.job, nullptr)->fail(std::make_exception_ptr(WorkerLostError(who)));
  }
}

void ProcessPool::break_pool(const std::string& why) noexcept {
  FailedJobs failed;
  std::vector<std::uint32_t> alive;
  {
    const std::lock_guard lock(mutex_);
    if (broken_.empty()) broken_ = why;
    ending_.store(true, std::memory_order_release);
    const auto error = std::make_exception_ptr(BrokenProcessPool(broken_));
    for (const WorkerRef& worker : workers_) {
      if (worker->job) failed.push_back({std::exchange(worker->job, nullptr), error});
      alive.push_back(worker->number);
    }
    while (ProcessJob* job = pop()) failed.push_back({job, error});
  }
  for (const std::uint32_t worker : alive) request(RequestKind::signal, worker, sys::kSigKill, -1);
  finish(failed);
}

// ---- The end.

// Whether everything is done; dismisses the workers when all jobs are.
bool ProcessPool::finished() {
  const std::lock_guard lock(mutex_);
  if (broken_.empty() && !shut_down_) return false;
  if (control_.get() < 0) return true;  // nobody will tell us of their ends
  if (broken_.empty()) {
    if (queued_ > 0) return false;
    for (const WorkerRef& worker : workers_) {
      if (worker->job) return false;
    }
    for (const WorkerRef& worker : workers_) {
      if (worker->state != State::leaving && worker->state != State::lost) dismiss(*worker);
    }
  }
  return workers_.empty();
}

// It ends when it sees that, and so do its workers.
void ProcessPool::drop_server() noexcept {
  if (control_.get() < 0) return;
  unwatch(control_.get());
  sys::shut_down(control_.get());
  control_ = {};
}

void ProcessPool::end_server() noexcept {
  drop_server();
  if (server_pidfd_.get() < 0) return;
  // One that never greeted does not know that it shall end.
  if (!greeted_) sys::pidfd_send_signal(server_pidfd_.get(), sys::kSigKill);
  sys::ExitStatus status;
  sys::wait_child(server_pidfd_.get(), true, status);
  server_pidfd_ = {};
}

void ProcessPool::request(RequestKind kind, std::uint32_t worker, int signal, int fd) noexcept {
  const ServerRequest message{kind, worker, signal};
  const sys::Piece piece = {&message, sizeof message};
  if (control_.get() < 0) return;
  const int error = sys::send_packet(control_.get(), &piece, 1, &fd, fd >= 0 ? 1 : 0, true);
  if (error == 0 || error == sys::kBrokenPipe || error == sys::kConnectionReset) return;
  // Not because it is gone, which we would be told: it has to go, and its workers with it.
  drop_server();
  const auto reason = std::make_exception_ptr(OSError(-error, "sendmsg"));
  break_pool("the process that makes the workers cannot be told: " + describe(reason));
}

void ProcessPool::watch(int fd, std::uint64_t key) {
  const bool edge = key == kWakeKey;  // never read
  const std::uint32_t events = EPOLLIN | (edge ? static_cast<std::uint32_t>(EPOLLET) : 0u);
  const int error = sys::epoll_control(epoll_.get(), EPOLL_CTL_ADD, fd, events, key);
  if (error < 0) throw OSError(-error, "epoll_ctl");
}

void ProcessPool::unwatch(int fd) noexcept {
  sys::epoll_control(epoll_.get(), EPOLL_CTL_DEL, fd, 0, 0);
}

// Only the manager adds and removes workers, so it may look without the lock.
ProcessPool::Worker* ProcessPool::find(std::uint32_t number) noexcept {
  for (const WorkerRef& worker : workers_) {
    if (worker->number == number) return worker.get();
  }
  return nullptr;
}

}  // namespace hob::detail
