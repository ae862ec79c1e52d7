// SPDX-License-Identifier: MIT
#include "executor/process_pool.hpp"

#include "sys/process.hpp"
#include "sys/syscall.hpp"

#include <hob/core/error.hpp>
#include <hob/core/raise.hpp>

#include <algorithm>
#include <utility>

namespace hob::detail {

ProcessPool::ProcessPool(int max_workers, ProcessPoolOptions options, WorkerLoss loss)
    : max_workers_(static_cast<std::size_t>(std::max(max_workers, 0))),
      options_(std::move(options)),
      loss_(loss),
      wake_(sys::event_fd()) {
  if (max_workers <= 0) raise_value_error("max_workers must be greater than 0");
  if (wake_.get() < 0) throw OSError(-wake_.get(), "eventfd");
  if (options_.start_method != StartMethod::fork) return;
  const int threads = sys::thread_count();
  if (threads < 0) throw OSError(-threads, "/proc/self/task");
  if (threads > 1) {
    raise_runtime_error(
        "start method fork: this process has threads; a lock that one of them holds would stay "
        "locked in the workers for ever. Make the pool before the first thread, or use forkserver");
  }
  sys::Fd ends[2];
  if (const int error = sys::make_packet_pair(ends); error < 0) throw OSError(-error, "socketpair");
  sys::flush_output();  // else the workers would print it again
  const int parent = sys::process_id();
  const int pid = sys::fork_process(server_pidfd_);
  if (pid < 0) throw OSError(-pid, "fork");
  if (pid == 0) {
    ends[0] = {};
    if (!sys::die_with_parent(parent)) sys::exit_process(0);
    sys::become_worker();
    run_server(std::move(ends[1]), false);
  }
  control_ = std::move(ends[0]);
}

ProcessPool::~ProcessPool() {
  if (!started_) end_server();
}

void ProcessPool::check_open() const {
  if (!broken_.empty()) throw BrokenProcessPool(broken_);
  if (shut_down_) raise_runtime_error("cannot schedule new futures after shutdown");
}

void ProcessPool::enqueue(ProcessJob& job) {
  FailedJobs failed;
  {
    const std::lock_guard lock(mutex_);
    check_open();
    if (!started_) {
      retain();  // the thread's
      try {
        manager_ = std::thread(&ProcessPool::manage, this, sys::FaultLoan());
      } catch (...) {
        refs_.fetch_sub(1, std::memory_order_relaxed);
        raise_runtime_error("can't start new thread");
      }
      started_ = true;
    }
    push(job, false);
    if (Worker* worker = find_idle()) feed(*worker, failed);
    if (workers_to_start() > 0) wake();
  }
  finish(failed);
}

void ProcessPool::push(ProcessJob& job, bool front) noexcept {
  ++queued_;
  if (front) {
    job.next = first_;
    if (!first_) last_ = &job.next;
    first_ = &job;
  } else {
    job.next = nullptr;
    *last_ = &job;
    last_ = &job.next;
  }
}

ProcessJob* ProcessPool::pop() noexcept {
  ProcessJob* job = first_;
  if (!job) return nullptr;
  first_ = job->next;
  if (!first_) last_ = &first_;
  --queued_;
  return job;
}

// Always the first one, so that few are warm rather than many lukewarm.
ProcessPool::Worker* ProcessPool::find_idle() noexcept {
  for (const WorkerRef& worker : workers_) {
    if (worker->state == State::idle) return worker.get();
  }
  return nullptr;
}

void ProcessPool::feed(Worker& worker, FailedJobs& failed) {
  while (ProcessJob* job = pop()) {
    if (!job->begin()) continue;
    try {
      const int error = send_call(worker, *job);
      if (error == 0) {
        worker.state = State::busy;
        worker.job = job;
        return;
      }
      if (error == sys::kBrokenPipe || error == sys::kConnectionReset) {  // never delivered
        worker.state = State::lost;
        return push(*job, true);
      }
      throw OSError(-error, "sendmsg");
    } catch (...) {
      failed.push_back({job, std::current_exception()});
    }
  }
}

int ProcessPool::send_call(Worker& worker, ProcessJob& job) {
  ProcessCall& call = job.request;
  CallHead head{call.invoke, call.function, 0, 0};
  const auto& sink = call.arguments.sink();
  if (call.file < 0 && sink.size() <= kInlineMax) {
    const int error = send_inline(worker.socket.get(), &head, sizeof head, sink, false);
    if (error != sys::kMessageTooBig && error != sys::kTryAgain) return error;
  }
  if (call.file < 0) call.file = seal_bytes(sink).release();
  head.in_file = 1;
  const int error = send_file(worker.socket.get(), &head, sizeof head, call.file, false);
  if (error == 0) {
    const sys::Fd sent(std::exchange(call.file, -1));  // the worker's now
  }
  return error;
}

std::size_t ProcessPool::alive() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(workers_.begin(), workers_.end(), [](const WorkerRef& worker) {
        return worker->state != State::leaving && worker->state != State::lost;
      }));
}

std::size_t ProcessPool::workers_to_start() const noexcept {
  if (!broken_.empty() || queued_ == 0) return 0;
  std::size_t starting = 0;
  for (const WorkerRef& worker : workers_) starting += worker->state == State::starting;
  const std::size_t wanted = queued_ > starting ? queued_ - starting : 0;
  return std::min(wanted, max_workers_ - std::min(alive(), max_workers_));
}

void ProcessPool::finish(FailedJobs& failed) noexcept {
  for (Failed& f : failed) f.job->fail(std::move(f.error));
  failed.clear();
}

void ProcessPool::wake() noexcept { sys::event_fd_signal(wake_.get()); }

void ProcessPool::shutdown(ShutdownOptions options) {
  FailedJobs cancelled;
  {
    const std::lock_guard lock(mutex_);
    shut_down_ = true;
    ending_.store(true, std::memory_order_release);
    if (options.cancel_futures) {
      while (ProcessJob* job = pop()) {
        // One that was sent to a worker that died has begun and is not cancelled any more.
        cancelled.push_back(
            {job, job->begun ? std::make_exception_ptr(BrokenProcessPool(
                                   "the pool was shut down when the job's worker had died"))
                             : nullptr});
      }
    }
    if (started_) wake();
  }
  finish(cancelled);
  if (!options.wait) return;
  std::unique_lock lock(mutex_);
  if (!started_) return;
  if (manager_.get_id() == std::this_thread::get_id())
    raise_runtime_error("a done callback cannot wait for the pool that calls it");
  ended_cv_.wait(lock, [this] { return ended_; });
}

void ProcessPool::signal_workers(int signal) {
  const std::lock_guard lock(mutex_);
  if (!started_) return;
  signals_.push_back(signal);
  wake();
}

std::vector<int> ProcessPool::worker_pids() {
  const std::lock_guard lock(mutex_);
  std::vector<int> pids;
  for (const WorkerRef& worker : workers_) {
    if (worker->pid >= 0) pids.push_back(worker->pid);
  }
  return pids;
}

void ProcessPool::leave() noexcept {
  if (manager_.get_id() == std::this_thread::get_id()) {  // the last handle went in a callback
    shutdown({.wait = false, .cancel_futures = false});
    manager_.detach();
  } else {
    shutdown({});
    if (manager_.joinable()) manager_.join();
  }
  release();
}

ProcessPoolHandle::ProcessPoolHandle(int max_workers, ProcessPoolOptions options, WorkerLoss loss)
    : pool_(new ProcessPool(max_workers, std::move(options), loss)) {}
ProcessPoolHandle::~ProcessPoolHandle() { pool_->leave(); }
void ProcessPoolHandle::enqueue(ProcessJob& job) { pool_->enqueue(job); }
void ProcessPoolHandle::shutdown(ShutdownOptions options) { pool_->shutdown(options); }
void ProcessPoolHandle::signal_workers(int signal) { pool_->signal_workers(signal); }
std::vector<int> ProcessPoolHandle::worker_pids() const { return pool_->worker_pids(); }
std::size_t ProcessPoolHandle::max_workers() const noexcept { return pool_->max_workers(); }

}  // namespace hob::detail

namespace hob {

int ProcessPoolExecutor::default_workers() noexcept {
  const unsigned processors = std::thread::hardware_concurrency();
  return processors > 0 ? static_cast<int>(processors) : 1;
}

void ProcessPoolExecutor::terminate_workers() {
  shutdown({.wait = false, .cancel_futures = true});
  pool_.signal_workers(sys::kSigTerm);
}

void ProcessPoolExecutor::kill_workers() {
  shutdown({.wait = false, .cancel_futures = true});
  pool_.signal_workers(sys::kSigKill);
}

}  // namespace hob
