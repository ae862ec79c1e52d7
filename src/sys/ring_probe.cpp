// SPDX-License-Identifier: MIT
#if HOB_HAS_LIBURING

#include "sys/ring_probe.hpp"

#include "sys/fd.hpp"

#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>

namespace hob::sys {
namespace {

constexpr unsigned kAlways = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
// The best first; older kernels refuse what they do not know with EINVAL.
constexpr unsigned kWays[] = {
    kAlways | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
        IORING_SETUP_TASKRUN_FLAG,
    kAlways | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    kAlways,
};
// Completions are never dropped, a timeout goes with the wait, and a success may be silent.
constexpr unsigned kNeeded = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP;

constexpr std::size_t kPage = 4096;
struct alignas(kPage) Page {
  std::array<unsigned char, kPage> bytes;
};

struct TestRing {
  io_uring ring{};
  std::array<Page, 2> memory{};  // a list of buffers, and one buffer
  bool open = false;
  TestRing() = default;
  TestRing(const TestRing&) = delete;
  TestRing& operator=(const TestRing&) = delete;
  ~TestRing() {
    if (open) io_uring_queue_exit(&ring);
  }
  /// The next completion's result, or -errno of the wait.
  int wait(unsigned& flags) {
    __kernel_timespec second{1, 0};
    io_uring_cqe* cqe = nullptr;
    const int result = io_uring_submit_and_wait_timeout(&ring, &cqe, 1, &second, nullptr);
    if (result < 0) return result;
    const int answer = cqe->res;
    flags = cqe->flags;
    io_uring_cqe_seen(&ring, cqe);
    return answer;
  }
};

int open_ring(TestRing& test, unsigned& flags) {
  int result = -EINVAL;
  for (const unsigned way : kWays) {
    io_uring_params params{};
    params.flags = flags = way;
    params.cq_entries = 16;
    result = io_uring_queue_init_params(8, &test.ring, &params);
    test.open = result >= 0;
    if (result != -EINVAL) break;
  }
  return result;
}

// What every loop relies on: a poll and a receive that go on, buffers that the kernel chooses, and
// a cancellation after which the request says its last word. Gives what does not work, or null.
const char* try_out(TestRing& test) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
    return "socketpair";
  const Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uint64_t>(&test.memory[0]);
  registration.ring_entries = 1;
  if (io_uring_register_buf_ring(&test.ring, &registration, 0) < 0) return "buffer rings";
  auto* list = reinterpret_cast<io_uring_buf_ring*>(&test.memory[0]);
  io_uring_buf_ring_init(list);
  io_uring_buf_ring_add(list, &test.memory[1], kPage, 0, io_uring_buf_ring_mask(1), 0);
  io_uring_buf_ring_advance(list, 1);

  io_uring_sqe* sqe = io_uring_get_sqe(&test.ring);
  io_uring_prep_poll_multishot(sqe, theirs.get(), POLLOUT);
  io_uring_sqe_set_data64(sqe, 1);
  unsigned flags = 0;
  if (test.wait(flags) <= 0 || !(flags & IORING_CQE_F_MORE)) return "multishot poll";
  sqe = io_uring_get_sqe(&test.ring);
  io_uring_prep_cancel64(sqe, 1, 0);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  if (test.wait(flags) != -ECANCELED || (flags & IORING_CQE_F_MORE)) return "cancelling";

  sqe = io_uring_get_sqe(&test.ring);
  io_uring_prep_recv_multishot(sqe, ours.get(), nullptr, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  io_uring_sqe_set_data64(sqe, 2);
  io_uring_submit(&test.ring);
  if (::send(theirs.get(), "x", 1, MSG_NOSIGNAL) != 1) return "send";
  if (test.wait(flags) != 1 || !(flags & IORING_CQE_F_MORE) || !(flags & IORING_CQE_F_BUFFER) ||
      test.memory[1].bytes[0] != 'x')
    return "multishot receive";
  sqe = io_uring_get_sqe(&test.ring);
  io_uring_prep_cancel64(sqe, 2, 0);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  return test.wait(flags) == -ECANCELED ? nullptr : "cancelling a receive";
}

std::uint64_t operations_of(TestRing& test) {
  io_uring_probe* probe = io_uring_get_probe_ring(&test.ring);
  if (!probe) return 0;
  std::uint64_t all = 0;
  for (unsigned op = 0; op < 64; ++op) {
    if (io_uring_opcode_supported(probe, static_cast<int>(op))) all |= std::uint64_t{1} << op;
  }
  io_uring_free_probe(probe);
  return all;
}

RingAbilities try_ring() {
  RingAbilities found;
  const auto made = std::make_unique<TestRing>();
  TestRing& test = *made;
  const int result = open_ring(test, found.setup_flags);
  if (result < 0) {
    found.why = describe_failure("io_uring_setup", result);
  } else if ((test.ring.features & kNeeded) != kNeeded) {
    found.why = "the kernel is too old (Linux 6.0 is needed)";
  } else if (const char* failed = try_out(test)) {
    found.why = std::string("the kernel fails at ") + failed + " (Linux 6.0 is needed)";
  } else {
    found.operations = operations_of(test);
    found.usable = true;
  }
  return found;
}

}  // namespace

std::string describe_failure(const char* what, int error) {
  return std::string(what) + ": " + std::generic_category().message(-error);
}

RingAbilities probe_ring() {
  static std::mutex mutex;
  static RingAbilities known;
  const std::lock_guard lock(mutex);
  if (!known.usable) known = try_ring();
  return known;
}

}  // namespace hob::sys

#endif
