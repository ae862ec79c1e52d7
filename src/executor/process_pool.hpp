// SPDX-License-Identifier: MIT
// ProcessPool: the engine behind ProcessPoolExecutor and the process Pool. Whoever submits sends
// the job to an idle worker itself; a manager thread receives results, gives workers the next job,
// starts them, and buries them.
#pragma once

#include "executor/process_wire.hpp"
#include "sys/fault.hpp"
#include "sys/fd.hpp"

#include <hob/executor/process_pool.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace hob::detail {

class ProcessPool {
 public:
  ProcessPool(int max_workers, ProcessPoolOptions options, WorkerLoss loss);
  ProcessPool(const ProcessPool&) = delete;
  ProcessPool& operator=(const ProcessPool&) = delete;

  void retain() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // As ProcessPoolHandle says.
  void enqueue(ProcessJob& job);
  void shutdown(ShutdownOptions options);
  void signal_workers(int signal);
  std::vector<int> worker_pids();
  std::size_t max_workers() const noexcept { return max_workers_; }
  /// The end of the handle: shuts down and waits, but not in the manager's own thread.
  void leave() noexcept;

 private:
  enum class State : unsigned char {
    starting,  // its set-up is on the way
    idle,
    busy,
    leaving,  // told to end
    lost,     // its socket was closed; how it ended is not known yet
  };
  struct Worker {
    std::uint32_t number = 0;
    int pid = -1;  // once the server has told
    State state = State::starting;
    bool was_ready = false;
    sys::Fd socket;
    ProcessJob* job = nullptr;
    std::size_t jobs_done = 0;
  };
  using WorkerRef = std::unique_ptr<Worker>;
  /// Jobs that have failed: their futures are finished without the lock, as callbacks may call.
  struct Failed {
    ProcessJob* job;
    std::exception_ptr error;
  };
  using FailedJobs = std::vector<Failed>;

  ~ProcessPool();

  // process_pool.cpp: the queue. All with the lock held.
  void check_open() const;
  void push(ProcessJob& job, bool front) noexcept;
  ProcessJob* pop() noexcept;
  Worker* find_idle() noexcept;
  /// Gives the worker the oldest job that is still wanted.
  void feed(Worker& worker, FailedJobs& failed);
  /// 0 or -errno. Throws what `seal_bytes` throws.
  int send_call(Worker& worker, ProcessJob& job);
  std::size_t alive() const noexcept;
  std::size_t workers_to_start() const noexcept;
  static void finish(FailedJobs& failed) noexcept;
  void wake() noexcept;

  // process_manager.cpp: the manager's thread.
  void manage(const sys::FaultLoan& faults) noexcept;
  void start_server();
  void wait_for_events();
  void on_wake();
  void on_report();
  void on_hello(const ServerReport& report);
  bool on_reply(Worker& worker);
  void on_setup_done(Worker& worker, const ReplyHead& head);
  void on_socket_closed(Worker& worker);
  void on_reply_lost(Worker& worker, int error);
  void on_exit(std::uint32_t number, int returncode);
  bool takes_replies(const Worker& worker);
  void on_death(Worker& worker, int returncode);
  void start_workers();
  void start_worker();
  void dismiss(Worker& worker) noexcept;
  bool finished();
  void drop_server() noexcept;
  void end_server() noexcept;
  void request(RequestKind kind, std::uint32_t worker, int signal, int fd) noexcept;
  void break_pool(const std::string& why) noexcept;
  void watch(int fd, std::uint64_t key);
  void unwatch(int fd) noexcept;
  Worker* find(std::uint32_t number) noexcept;

  const std::size_t max_workers_;
  const ProcessPoolOptions options_;
  const WorkerLoss loss_;
  std::atomic<unsigned> refs_{1};
  std::atomic<bool> ending_{
      false};  // shut down or broken: the manager asks only then if it is done
  sys::Fd wake_;

  std::mutex mutex_;
  std::condition_variable ended_cv_;
  // Under the lock.
  ProcessJob* first_ = nullptr;
  ProcessJob** last_ = &first_;
  std::size_t queued_ = 0;
  std::vector<WorkerRef> workers_;
  bool shut_down_ = false;
  bool started_ = false;  // the manager
  bool ended_ = false;    // it has done its work
  std::string broken_;    // why; "" while it is not
  std::vector<int> signals_;
  std::thread manager_;

  // The manager's own; control_ and server_pidfd_ before it starts, with `fork`.
  sys::Fd control_;
  sys::Fd server_pidfd_;
  sys::Fd epoll_;
  bool greeted_ = false;
  std::uint32_t next_number_ = 0;
  unsigned stillborn_ = 0;
  PacketReader packets_;
};

}  // namespace hob::detail
