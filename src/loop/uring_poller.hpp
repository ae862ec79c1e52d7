// SPDX-License-Identifier: MIT
// UringPoller: waits by io_uring. Readiness of descriptors comes from polls that go on, edge-
// triggered, as with epoll; watches are polls that are asked anew before each wait, which makes
// them level-triggered. Connections and listeners have their bytes and sockets brought
// (ring_input.hpp), files are read and written (submit).
#pragma once

#include "loop/ring_operation.hpp"
#include "loop/watch_table.hpp"
#include "sys/fd.hpp"
#include "sys/file_call.hpp"

#include <hob/core/memory.hpp>
#include <hob/loop/handle.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace hob::detail {

class Descriptor;
class RingInput;

class UringPoller {
 public:
  UringPoller() = default;
  UringPoller(const UringPoller&) = delete;
  UringPoller& operator=(const UringPoller&) = delete;
  /// False when there is no io_uring for us; `why` is the reason.
  bool open(std::string& why);

  // The same as EpollPoller's. A slot is the address of a poll.

  void watch(int fd, bool write, Ref<HandleState> handle);
  bool unwatch(int fd, bool write) noexcept;
  std::size_t watches() const noexcept { return watches_.count() + waits_; }
  long add(Descriptor& descriptor) noexcept;
  void remove(std::uintptr_t slot) noexcept;
  void begin_wait() noexcept { ++waits_; }
  void end_wait() noexcept { --waits_; }
  /// Throws RuntimeError in a child of fork(2).
  void poll(std::int64_t timeout_ns, NodeList& ready);
  void wake() noexcept;
  void clear(NodeList& ready) noexcept;

  /// To be called by the thread that is going to run the loop. Throws RuntimeError in any thread
  /// but the first, and in a child of fork(2).
  void begin_run();
  /// Throws RuntimeError in a thread that cannot wait for what another one has begun.
  void check_may_close() const;

  // For operations.

  /// Queues a poll, an accept, a receive, or a call about files. False when the kernel takes
  /// nothing, or the loop is being closed.
  bool submit_poll(RingOperation& operation, int fd, std::uint32_t events, bool again) noexcept;
  bool submit_accept(RingOperation& operation, int listener) noexcept;
  bool submit_receive(RingOperation& operation, int socket) noexcept;
  bool submit_file(RingOperation& operation, const sys::FileCall& call) noexcept;
  void file_completed() noexcept { --files_; }
  bool can(const sys::FileCall& call) const noexcept { return ring_.can(call); }
  /// Asks for its end. Its last completion may still bring a result.
  void cancel(RingOperation& operation) noexcept;
  /// Lets the kernel see at once what was queued: a descriptor that was polled is only really
  /// closed when its polls have ended.
  void flush() noexcept;
  /// Cancels an operation and waits until it has ended. What else completes goes into `ready`.
  void finish(RingOperation& operation, NodeList& ready) noexcept;

  const char* buffer(int id) const noexcept { return ring_.buffer(id); }
  void give_back(int id) noexcept {
    if (ring_.is_ours()) ring_.give_back(id);
  }
  bool is_ours() const noexcept { return ring_.is_ours(); }
  LinkList& inputs() noexcept { return inputs_; }

 private:
  /// One poll, for those who wait for a descriptor by add_reader or add_writer.
  struct WatchPoll final : RingOperation, Pooled {
    WatchPoll(UringPoller& p, int f) noexcept : RingOperation(&on_event), poller(&p), fd(f) {}
    static void on_event(RingOperation& self, const sys::Ring::Event& event,
                         NodeList& ready) noexcept;
    UringPoller* poller;
    int fd;
    std::uint32_t events = 0;
    bool let_go = false;
  };
  struct Registration {
    WatchPoll* poll = nullptr;
  };
  using Watches = WatchTable<Registration>;
  /// The poll of a Descriptor.
  struct DescriptorPoll final : RingOperation, Pooled {
    DescriptorPoll(UringPoller& p, Descriptor& d) noexcept
        : RingOperation(&on_event), poller(&p), descriptor(&d) {}
    static void on_event(RingOperation& self, const sys::Ring::Event& event,
                         NodeList& ready) noexcept;
    UringPoller* poller;
    Descriptor* descriptor;  // null: let go
  };
  struct WakePoll final : RingOperation {
    explicit WakePoll(UringPoller& p) noexcept : RingOperation(&on_event), poller(&p) {}
    static void on_event(RingOperation& self, const sys::Ring::Event& event,
                         NodeList& ready) noexcept;
    UringPoller* poller;
  };

  template <class Push>
  bool queue(Push push) noexcept;
  bool started(RingOperation& operation, bool queued) noexcept;
  /// Whether requests may go to the kernel from here.
  bool reachable() const noexcept { return ring_.is_ours() && ring_.is_this_threads(); }
  void update(int fd, Watches::Watch& watch);
  void arm(WatchPoll& poll) noexcept;
  void let_go(Watches::Watch& watch) noexcept;
  void catch_up() noexcept;
  void take_all(NodeList& ready) noexcept;
  void drain(NodeList& ready) noexcept;
  static void complete(const sys::Ring::Event& event, NodeList& ready) noexcept;

  sys::Ring ring_;
  sys::Fd wake_;
  WakePoll wake_poll_{*this};
  Watches watches_;
  std::vector<int> unarmed_;            // watched descriptors that have to be polled again
  std::vector<sys::Ring::Event> held_;  // completions that had to make room
  LinkList in_flight_;
  LinkList inputs_;
  std::size_t cancels_owed_ = 0;
  std::size_t waits_ = 0;
  std::size_t files_ = 0;  // in flight
  bool closing_ = false;
};

}  // namespace hob::detail
