// SPDX-License-Identifier: MIT
#include "sys/ring.hpp"

#if HOB_HAS_LIBURING

#include "sys/fault.hpp"
#include "sys/process.hpp"
#include "sys/ring_probe.hpp"

#include <liburing.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <new>

// Newer than liburing 2.3, as the kernel's <linux/io_uring.h> has them.
#ifndef IORING_FEAT_NO_IOWAIT
#define IORING_FEAT_NO_IOWAIT (1U << 17)
#endif
#ifndef IORING_ENTER_NO_IOWAIT
#define IORING_ENTER_NO_IOWAIT (1U << 7)
#endif

namespace hob::sys {

const int kNoBuffers = -ENOBUFS;
const int kCancelled = -ECANCELED;

namespace {

constexpr unsigned kRequestsMax = 256;  // queued at a time
constexpr unsigned kCompletionsMax = 4096;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr int kGroup = 0;  // of the buffers
constexpr std::size_t kBufferBytes = Ring::kBuffers * Ring::kBufferSize;
constexpr std::size_t kListBytes = 4096;

// A ring may be mapped where another thread's was. The kernel orders that, but ThreadSanitizer does
// not see liburing's system calls: this tells it.
std::atomic<unsigned> rings_closed{0};
static_assert(Ring::kBuffers * sizeof(io_uring_buf) <= kListBytes);

// Counts up in every child of fork(2), where the rings of the parent are not mapped.
std::atomic<unsigned> fork_generation{0};

// gettid(2) is a system call. A child of fork(2) has its parent's answer, and no use for it.
int this_thread() noexcept {
  thread_local const int id = ::gettid();
  return id;
}

unsigned watch_forks() noexcept {
  static const bool registered = [] {
    at_fork(nullptr, nullptr, [] { fork_generation.fetch_add(1, std::memory_order_relaxed); });
    return true;
  }();
  static_cast<void>(registered);
  return fork_generation.load(std::memory_order_relaxed);
}

}  // namespace

bool Ring::Event::more() const noexcept { return flags & IORING_CQE_F_MORE; }
int Ring::Event::buffer() const noexcept {
  return flags & IORING_CQE_F_BUFFER ? static_cast<int>(flags >> IORING_CQE_BUFFER_SHIFT) : -1;
}

Ring::~Ring() { close(); }

bool Ring::open(std::string& why) {
  const RingAbilities abilities = probe_ring();
  if (!abilities.usable) {
    why = abilities.why;
    return false;
  }
  auto* ring = new io_uring{};
  io_uring_params params{};
  params.flags = abilities.setup_flags | IORING_SETUP_R_DISABLED;
  params.cq_entries = kCompletionsMax;
  int result = injected(Call::io_uring_setup);
  if (result == 0) result = io_uring_queue_init_params(kRequestsMax, ring, &params);
  if (result < 0) {
    delete ring;
    why = describe_failure("io_uring_setup", result);
    return false;
  }
  rings_closed.load(std::memory_order_acquire);
  io_uring_ring_dontfork(ring);
  ring_ = ring;
  fork_generation_ = watch_forks();
  operations_ = abilities.operations;
  return true;
}

int Ring::enable() noexcept {
  // liburing 2.3 declares io_uring_enable_rings, but does not export it.
  const int result = io_uring_register(static_cast<unsigned>(ring_->ring_fd),
                                       IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  if (result < 0) return result;
  enabled_ = true;
  owner_ = this_thread();
  return 0;
}

bool Ring::is_ours() const noexcept {
  return fork_generation_ == fork_generation.load(std::memory_order_relaxed);
}
bool Ring::is_this_threads() const noexcept { return !enabled_ || owner_ == this_thread(); }

// A thread that was joined a moment ago is still to be seen for some microseconds.
bool Ring::owner_lives() const noexcept {
  for (int i = 0; i < 100; ++i) {
    if (::tgkill(::getpid(), owner_, 0) != 0) return false;
    ::usleep(100);
  }
  return true;
}

void Ring::close() noexcept {
  if (!ring_) return;
  if (is_ours()) {
    // The requests of another thread that lives end later than this: their buffers stay.
    const bool leave_buffers = !is_this_threads() && owner_lives();
    rings_closed.fetch_add(1, std::memory_order_release);
    io_uring_queue_exit(ring_);
    if (buffers_ && !leave_buffers) ::munmap(free_buffers_, kListBytes + kBufferBytes);
  } else {
    ::close(ring_->ring_fd);  // the rest was never mapped here
  }
  delete ring_;
  ring_ = nullptr;
}

io_uring_sqe* Ring::request() noexcept {
  io_uring_sqe* sqe = io_uring_get_sqe(ring_);
  if (sqe || (!enabled_ && enable() < 0)) return sqe;
  enter(false, 0);
  return io_uring_get_sqe(ring_);
}

bool Ring::poll(std::uint64_t tag, int fd, std::uint32_t events, bool again) noexcept {
  io_uring_sqe* sqe = request();
  if (!sqe) return false;
  io_uring_prep_poll_add(sqe, fd, events);
  if (again) sqe->len = IORING_POLL_ADD_MULTI;
  io_uring_sqe_set_data64(sqe, tag);
  return true;
}

bool Ring::accept(std::uint64_t tag, int listener) noexcept {
  io_uring_sqe* sqe = request();
  if (!sqe) return false;
  io_uring_prep_multishot_accept(sqe, listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  io_uring_sqe_set_data64(sqe, tag);
  return true;
}

bool Ring::receive(std::uint64_t tag, int socket) noexcept {
  if (!make_buffers()) return false;
  io_uring_sqe* sqe = request();
  if (!sqe) return false;
  io_uring_prep_recv_multishot(sqe, socket, nullptr, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = kGroup;
  io_uring_sqe_set_data64(sqe, tag);
  return true;
}

bool Ring::cancel(std::uint64_t tag) noexcept { return cancel_matching(tag, 0); }
bool Ring::cancel_all() noexcept {
  return cancel_matching(0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
}
bool Ring::cancel_matching(std::uint64_t tag, int flags) noexcept {
  io_uring_sqe* sqe = request();
  if (!sqe) return false;
  io_uring_prep_cancel64(sqe, tag, flags);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, kNoTag);
  return true;
}

// At first use: a loop that only serves files needs none.
bool Ring::make_buffers() noexcept {
  if (buffers_) return true;
  if (injected(Call::mmap) != 0) return false;
  void* memory = ::mmap(nullptr, kListBytes + kBufferBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  ::madvise(memory, kListBytes + kBufferBytes, MADV_DONTFORK);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uint64_t>(memory);
  registration.ring_entries = kBuffers;
  registration.bgid = kGroup;
  if (injected(Call::io_uring_register) != 0 ||
      io_uring_register_buf_ring(ring_, &registration, 0) < 0) {
    ::munmap(memory, kListBytes + kBufferBytes);
    return false;
  }
  free_buffers_ = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_ring_init(free_buffers_);
  buffers_ = static_cast<char*>(memory) + kListBytes;
  for (std::size_t i = 0; i < kBuffers; ++i) give_back(static_cast<int>(i));
  return true;
}

const char* Ring::buffer(int id) const noexcept {
  return buffers_ + static_cast<std::size_t>(id) * kBufferSize;
}

void Ring::give_back(int id) noexcept {
  io_uring_buf_ring_add(free_buffers_, const_cast<char*>(buffer(id)), kBufferSize,
                        static_cast<unsigned short>(id), io_uring_buf_ring_mask(kBuffers), 0);
  io_uring_buf_ring_advance(free_buffers_, 1);
}

bool Ring::wants_enter() const noexcept {
  return ring_->sq.sqe_tail != ring_->sq.sqe_head ||
         (IO_URING_READ_ONCE(*ring_->sq.kflags) & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN));
}

int Ring::enter(bool wait, std::int64_t timeout_ns) noexcept {
  if (const int fault = injected(Call::io_uring_enter)) return fault;
  // As io_uring_submit does it: the kernel reads up to the tail.
  io_uring_sq& queue = ring_->sq;
  queue.sqe_head = queue.sqe_tail;
  io_uring_smp_store_release(queue.ktail, queue.sqe_tail);
  const unsigned queued = queue.sqe_tail - io_uring_smp_load_acquire(queue.khead);
  unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
  if (ring_->features & IORING_FEAT_NO_IOWAIT) flags |= IORING_ENTER_NO_IOWAIT;
  __kernel_timespec timeout{timeout_ns / kSecond, timeout_ns % kSecond};
  io_uring_getevents_arg argument{};
  if (wait && timeout_ns >= 0) argument.ts = reinterpret_cast<std::uint64_t>(&timeout);
  const int result =
      io_uring_enter2(static_cast<unsigned>(ring_->ring_fd), queued, wait ? 1 : 0, flags,
                      reinterpret_cast<sigset_t*>(&argument), sizeof argument);
  return result < 0 ? result : 0;
}

bool Ring::next(Event& event) noexcept {
  io_uring_cqe* cqe = nullptr;
  unsigned head;
  bool found = false;
  io_uring_for_each_cqe(ring_, head, cqe) {
    found = true;
    break;
  }
  if (!found) return false;
  // ERESTARTSYS and its like, the kernel's own words for EINTR, leak out of some requests.
  const bool interrupted = cqe->res <= -512 && cqe->res >= -516;
  event = {cqe->user_data, interrupted ? -EINTR : cqe->res, cqe->flags};
  io_uring_cq_advance(ring_, 1);
  return true;
}

}  // namespace hob::sys

#else

#include <cerrno>

namespace hob::sys {

const int kNoBuffers = -ENOBUFS;
const int kCancelled = -ECANCELED;

Ring::~Ring() = default;
bool Ring::open(std::string& why) {
  why = "Hob was built without liburing";
  return false;
}
bool Ring::Event::more() const noexcept { return false; }
int Ring::Event::buffer() const noexcept { return -1; }
int Ring::enable() noexcept { return -ENOSYS; }
bool Ring::is_ours() const noexcept { return true; }
bool Ring::is_this_threads() const noexcept { return true; }
bool Ring::owner_lives() const noexcept { return true; }
bool Ring::poll(std::uint64_t, int, std::uint32_t, bool) noexcept { return false; }
bool Ring::accept(std::uint64_t, int) noexcept { return false; }
bool Ring::receive(std::uint64_t, int) noexcept { return false; }
bool Ring::file(std::uint64_t, const FileCall&) noexcept { return false; }
bool Ring::can(const FileCall&) const noexcept { return false; }
bool Ring::cancel(std::uint64_t) noexcept { return false; }
bool Ring::cancel_all() noexcept { return false; }
const char* Ring::buffer(int) const noexcept { return nullptr; }
void Ring::give_back(int) noexcept {}
bool Ring::wants_enter() const noexcept { return false; }
int Ring::enter(bool, std::int64_t) noexcept { return -ENOSYS; }
bool Ring::next(Event&) noexcept { return false; }

}  // namespace hob::sys

#endif
