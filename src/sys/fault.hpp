// SPDX-License-Identifier: MIT
// The seam where system calls are made to fail on demand (hob::testing::Faults). Without a plan a
// call pays one load and one branch for it.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace hob::sys {

/// The calls that can be told to fail. Names as in the manual; hob::testing::Faults::Call has the
/// same ones, and says what they stand for.
enum class Call : unsigned char {
  accept,
  bind,
  chdir,
  clone,
  close,
  connect,
  epoll_create,
  epoll_ctl,
  epoll_wait,
  eventfd,
  execve,
  fcntl,
  fork,
  fstat,
  fsync,
  ftruncate,
  futex,
  getaddrinfo,
  getdents,
  getnameinfo,
  getpeername,
  getrandom,
  getsockname,
  getsockopt,
  io_uring_enter,
  io_uring_register,
  io_uring_setup,
  listen,
  lseek,
  memfd_create,
  mkdir,
  mmap,
  open,
  pidfd_open,
  pidfd_send_signal,
  pipe,
  poll,
  read,
  readlink,
  recv,
  rename,
  rmdir,
  send,
  sendfile,
  setsockopt,
  shutdown,
  sigaction,
  socket,
  socketpair,
  stat,
  symlink,
  unlink,
  waitid,
  write,
  count_
};

/// Counted: work that goes to another thread takes the plan along.
class FaultPlan {
 public:
  FaultPlan() = default;
  FaultPlan(const FaultPlan&) = delete;
  FaultPlan& operator=(const FaultPlan&) = delete;

  /// Asked before each call, in any thread that has the plan: 0 to go on (with perhaps less than
  /// `size` bytes), or -errno.
  virtual int before(Call call, std::size_t& size) noexcept = 0;
  /// `fd` was added to an epoll.
  virtual void added(int epoll, int fd, std::uint32_t events, std::uint64_t data) noexcept = 0;
  /// A call for `fd` was made to give less than the kernel has. What is edge-triggered needs an
  /// edge for the rest.
  virtual void held_back(int fd) noexcept = 0;

  void retain() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 protected:
  virtual ~FaultPlan() = default;

 private:
  std::atomic<unsigned> refs_{1};
};

/// The plan of this thread; null: nothing fails.
extern constinit thread_local FaultPlan* fault_plan __attribute__((tls_model("initial-exec")));

inline int injected(Call call) noexcept {
  std::size_t size = 0;
  return fault_plan ? fault_plan->before(call, size) : 0;
}
/// The same for calls that move bytes through `fd`.
inline int injected(Call call, int fd, std::size_t& size) noexcept {
  if (!fault_plan) return 0;
  const std::size_t whole = size;
  const int fault = fault_plan->before(call, size);
  if (fault == -EAGAIN || size != whole) fault_plan->held_back(fd);
  return fault;
}
/// For wrappers that look at errno: whether the call is to give -1.
inline bool fails(Call call) noexcept {
  const int fault = injected(call);
  if (fault != 0) errno = -fault;
  return fault != 0;
}
inline bool fails(Call call, int fd, std::size_t& size) noexcept {
  const int fault = injected(call, fd, size);
  if (fault != 0) errno = -fault;
  return fault != 0;
}

/// A thread's plan, for work that another thread does in its place.
class FaultLoan {
 public:
  FaultLoan() noexcept : plan_(fault_plan) {
    if (plan_) plan_->retain();
  }
  FaultLoan(const FaultLoan& other) noexcept : plan_(other.plan_) {
    if (plan_) plan_->retain();
  }
  FaultLoan& operator=(const FaultLoan&) = delete;
  ~FaultLoan() {
    if (plan_) plan_->release();
  }

  /// While it lives the plan is this thread's.
  class Scope {
   public:
    explicit Scope(const FaultLoan& loan) noexcept : before_(fault_plan) {
      fault_plan = loan.plan_;
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { fault_plan = before_; }

   private:
    FaultPlan* before_;
  };

 private:
  FaultPlan* plan_;
};

}  // namespace hob::sys
