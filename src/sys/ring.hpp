// SPDX-License-Identifier: MIT
// Ring: an io_uring, through liburing. Requests are queued and go to the kernel together with the
// next `enter`; each is answered by one completion, or by several, the last of which says so.
// Without liburing at compile time no ring can be opened, and nothing else is ever called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

struct io_uring;
struct io_uring_buf_ring;
struct io_uring_sqe;

namespace hob::sys {

struct FileCall;

class Ring {
 public:
  /// A completion. `tag` is what the request was queued with.
  struct Event {
    std::uint64_t tag;
    std::int32_t result;  // as the system call's, or -errno
    std::uint32_t flags;
    /// The request goes on, and will be answered again.
    bool more() const noexcept;
    /// Of a received piece: the buffer that holds it, to be given back; -1 when there is none.
    int buffer() const noexcept;
  };
  static constexpr std::uint64_t kNoTag = 0;  // of requests whose completion nobody wants
  static constexpr std::size_t kBuffers = 32;
  static constexpr std::size_t kBufferSize = 16384;  // all together half of a second-level cache

  Ring() noexcept = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  /// Makes the ring, which takes requests, but starts with `enable`. When it cannot: false, and
  /// `why` says what stands in the way. What the kernel can do is tried out once per process.
  bool open(std::string& why);
  bool is_open() const noexcept { return ring_ != nullptr; }
  /// The ring belongs to the calling thread from now on: nobody else may call `enter`. 0 or -errno.
  int enable() noexcept;
  bool enabled() const noexcept { return enabled_; }
  /// Whether this process is the one that made the ring: not so in a child of fork(2), where
  /// nothing but the destructor may be called.
  bool is_ours() const noexcept;
  /// Whether the calling thread is the one that enabled the ring, or nobody has.
  bool is_this_threads() const noexcept;
  /// Whether the thread that enabled the ring lives: else the kernel has ended all its requests.
  bool owner_lives() const noexcept;

  // Requests: false when the queue is full and the kernel takes nothing from it, which ends when
  // completions are taken.

  /// Until one of `events` (of poll(2)) comes up; with `again` whenever another one does.
  bool poll(std::uint64_t tag, int fd, std::uint32_t events, bool again) noexcept;
  /// accept4(2), again and again: the connections are non-blocking and close on exec.
  bool accept(std::uint64_t tag, int listener) noexcept;
  /// recv(2) into the ring's buffers, again and again. -ENOBUFS when none is free.
  bool receive(std::uint64_t tag, int socket) noexcept;
  /// A call about files. What it points to stays where it is until the completion.
  bool file(std::uint64_t tag, const FileCall& call) noexcept;
  bool can(const FileCall& call) const noexcept;
  /// Asks for the end of the request with this tag, if it is under way. Only the completion of the
  /// request itself says that it has ended, and how.
  bool cancel(std::uint64_t tag) noexcept;
  bool cancel_all() noexcept;

  const char* buffer(int id) const noexcept;
  void give_back(int id) noexcept;

  /// Whether requests wait to be submitted, or the kernel has more completions than it shows.
  bool wants_enter() const noexcept;
  /// Submits what is queued. Waits, with `wait`, until there is a completion, a signal came or
  /// `timeout_ns` (negative: without limit) is over. 0 or -errno: -ETIME, -EINTR, -EBUSY, -EAGAIN.
  int enter(bool wait, std::int64_t timeout_ns) noexcept;
  /// Takes the next completion; false when there is none.
  bool next(Event& event) noexcept;

 private:
  io_uring_sqe* request() noexcept;
  bool cancel_matching(std::uint64_t tag, int flags) noexcept;
  bool make_buffers() noexcept;
  void close() noexcept;

  io_uring* ring_ = nullptr;
  bool enabled_ = false;
  int owner_ = 0;  // thread id
  unsigned fork_generation_ = 0;
  std::uint64_t operations_ = 0;  // bit n: IORING_OP n
  io_uring_buf_ring* free_buffers_ = nullptr;
  char* buffers_ = nullptr;
};

extern const int kNoBuffers;  // -ENOBUFS
extern const int kCancelled;  // -ECANCELED

}  // namespace hob::sys
