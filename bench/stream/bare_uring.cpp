// SPDX-License-Identifier: MIT
//
// The echo server by hand on liburing: one multishot accept, and for each connection a multishot
// recv, into buffers that all share. Measured, and so chosen:
// - send(2) at once, and the ring for what that leaves. Sends of the ring alone are up to 3 %
//   cheaper with 10 and 100 connections, but 3 to 5 % dearer with one, and with 1000 up to twice
//   as dear, because they keep the buffers for longer until none is left to receive into.
// - 32 buffers of 128 KiB. The kernel takes them in turn, so that more of them fall out of the
//   cache; of 64 KiB or less they cut a message of 100 KiB into pieces, at 1.3 to 2.5 times the
//   cost.
#include <liburing.h>

#include <utility>

#include "load.hpp"

namespace {

// SINGLE_ISSUER is as old as multishot recv: Linux 6.0. DEFER_TASKRUN came with 6.1.
constexpr unsigned kSetups[] = {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
                                IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN};
constexpr unsigned kRequests = 1024, kCompletions = 4096;
constexpr unsigned kBuffers = 32, kBufferSize = 128 << 10;

bool open_ring(io_uring& ring) {
  for (const unsigned flags : kSetups) {
    io_uring_params params{};
    params.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL;
    params.cq_entries = kCompletions;
    if (io_uring_queue_init_params(kRequests, &ring, &params) == 0) return true;
  }
  return false;
}

struct Connection {
  int fd;
  int first = -1, last = -1;  // of the buffers that wait to be sent; the ring sends the first
  unsigned sent = 0;          // of the first
  bool ended = false;         // nothing more is received
};

/// The buffers that the kernel takes for what it receives. A connection's form a list.
class Buffers {
 public:
  struct Buffer {
    unsigned size;
    int next;
  };

  ~Buffers() { std::free(free_); }
  Buffers() = default;
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;

  void register_with(io_uring& ring) {
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(free_);
    registration.ring_entries = kBuffers;
    if (io_uring_register_buf_ring(&ring, &registration, 0) != 0)
      std::perror("buffers"), std::_Exit(3);
    io_uring_buf_ring_init(free_);
    for (int i = 0; i < int(kBuffers); ++i) give_back(i);
  }
  char* data(int id) { return memory_.data() + std::size_t(id) * kBufferSize; }
  Buffer& operator[](int id) { return buffers_[std::size_t(id)]; }
  void give_back(int id) {
    io_uring_buf_ring_add(free_, data(id), kBufferSize, static_cast<unsigned short>(id),
                          int(kBuffers) - 1, 0);
    io_uring_buf_ring_advance(free_, 1);
  }

 private:
  static constexpr std::size_t kPage = 4096;
  static_assert(kBuffers * sizeof(io_uring_buf) <= kPage);

  io_uring_buf_ring* free_ =
      static_cast<io_uring_buf_ring*>(std::aligned_alloc(kPage, kPage));  // the kernel pins it
  std::vector<char> memory_ = std::vector<char>(std::size_t(kBuffers) * kBufferSize);
  std::vector<Buffer> buffers_ = std::vector<Buffer>(kBuffers);
};

class Server {
 public:
  explicit Server(std::uint64_t connections, bool close_at_once = false)
      : expected_(connections), close_at_once_(close_at_once) {
    listener_ = load::listen_anywhere(port);
    int on = 1;  // what is accepted inherits it
    setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    io_uring_register_ring_fd(&ring_.ring);
    buffers_.register_with(ring_.ring);
    accept();
  }
  ~Server() { close(listener_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Until all connections were closed; calls `echoed` after each turn.
  template <class F>
  void run(F&& echoed) {
    while (closed_ < expected_) {
      io_uring_submit_and_wait(&ring_.ring, 1);
      unsigned head = 0, count = 0;
      io_uring_cqe* completion = nullptr;
      io_uring_for_each_cqe(&ring_.ring, head, completion) {
        ++count;
        complete(*completion);
      }
      io_uring_cq_advance(&ring_.ring, count);
      if (kept_ < kBuffers)
        for (Connection* connection : std::exchange(starved_, {})) receive(*connection, 0);
      echoed(echoes_);
    }
  }
  std::uint16_t port = 0;

 private:
  struct Ring {
    Ring() {
      if (!open_ring(ring)) std::perror("io_uring"), std::_Exit(3);
    }
    ~Ring() { io_uring_queue_exit(&ring); }
    io_uring ring;
  };

  io_uring_sqe& request() {
    io_uring_sqe* sqe = nullptr;
    while (!(sqe = io_uring_get_sqe(&ring_.ring))) io_uring_submit(&ring_.ring);
    return *sqe;
  }
  void accept() {
    io_uring_sqe& sqe = request();
    io_uring_prep_multishot_accept(&sqe, listener_, nullptr, nullptr, SOCK_CLOEXEC);
    sqe.user_data = kAccept;
  }
  void receive(Connection& connection, unsigned short flags) {
    io_uring_sqe& sqe = request();
    io_uring_prep_recv_multishot(&sqe, connection.fd, nullptr, 0, 0);
    sqe.flags |= IOSQE_BUFFER_SELECT;
    sqe.ioprio |= flags;
    sqe.user_data = reinterpret_cast<std::uint64_t>(&connection);
  }
  void send_first(Connection& connection) {
    io_uring_sqe& sqe = request();
    io_uring_prep_send(&sqe, connection.fd, buffers_.data(connection.first) + connection.sent,
                       buffers_[connection.first].size - connection.sent,
                       MSG_NOSIGNAL | MSG_WAITALL);
    sqe.user_data = reinterpret_cast<std::uint64_t>(&connection) | kSend;
  }

  void complete(const io_uring_cqe& completion) {
    const std::uint64_t tag = completion.user_data;
    if (tag == kAccept) {
      accepted(completion);
      return;
    }
    auto& connection = *reinterpret_cast<Connection*>(tag & ~kSend);
    if (tag & kSend)
      sent(connection, completion.res);
    else
      received(connection, completion);
  }
  void accepted(const io_uring_cqe& completion) {
    if (!(completion.flags & IORING_CQE_F_MORE)) accept();
    if (completion.res < 0) return;
    if (close_at_once_) {
      close(completion.res);
      ++closed_;
    } else {
      receive(*new Connection{completion.res}, IORING_RECVSEND_POLL_FIRST);
    }
  }
  void received(Connection& connection, const io_uring_cqe& completion) {
    if (completion.res > 0) {
      ++echoes_;
      echo(connection, int(completion.flags >> IORING_CQE_BUFFER_SHIFT), unsigned(completion.res));
      if (!(completion.flags & IORING_CQE_F_MORE)) receive(connection, 0);
    } else if (completion.res == -ENOBUFS) {
      starved_.push_back(&connection);  // until buffers were given back
    } else {
      connection.ended = true;
      if (connection.first < 0) end(connection);
    }
  }
  void echo(Connection& connection, int id, unsigned size) {
    if (connection.first < 0) {
      ssize_t n = send(connection.fd, buffers_.data(id), size, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n == ssize_t(size)) return buffers_.give_back(id);
      connection.sent = n < 0 ? 0 : unsigned(n);
    }
    ++kept_;
    buffers_[id] = {size, -1};
    if (connection.first < 0) {
      connection.first = connection.last = id;
      send_first(connection);
    } else {
      connection.last = buffers_[connection.last].next = id;
    }
  }
  void sent(Connection& connection, int result) {
    if (result < 0) {  // nobody reads any more: recv will say so too
      drop(connection);
      shutdown(connection.fd, SHUT_RDWR);
    } else if ((connection.sent += unsigned(result)) == buffers_[connection.first].size) {
      drop_first(connection);
    }
    if (connection.first >= 0)
      send_first(connection);
    else if (connection.ended)
      end(connection);
  }
  void drop_first(Connection& connection) {
    const int next = buffers_[connection.first].next;
    buffers_.give_back(std::exchange(connection.first, next));
    --kept_;
    connection.sent = 0;
  }
  void drop(Connection& connection) {
    while (connection.first >= 0) drop_first(connection);
  }
  void end(Connection& connection) {
    close(connection.fd);
    delete &connection;
    ++closed_;
  }

  // What a completion is of. A connection has two operations: the lowest bit of its address tells
  // them apart.
  static constexpr std::uint64_t kAccept = 0, kSend = 1;

  std::uint64_t expected_, closed_ = 0, echoes_ = 0;
  bool close_at_once_;
  int listener_ = -1;
  std::vector<Connection*> starved_;
  unsigned kept_ = 0;  // buffers, by connections
  Buffers buffers_;
  Ring ring_;
};

struct Echo {
  static void serve(bench::Run& run, load::Shape shape) {
    load::Clients clients(shape, run.count);
    serve_with(run, clients, shape.connections, false);
  }
  static void accept_close(bench::Run& run) {
    load::Clients clients(load::kAcceptClose, run.count);
    serve_with(run, clients, run.count, true);
  }
  static void serve_with(bench::Run& run, load::Clients& clients, std::uint64_t connections,
                         bool close_at_once) {
    Server server(connections, close_at_once);
    run.start();
    clients.go(server.port);
    server.run([](std::uint64_t) {});
    run.stop();
  }
  static void idle(bench::Run& run) {
    load::Shape shape{unsigned(run.count), load::kIdle.size};
    load::Clients clients(shape, run.count, true);
    Server server(run.count);
    run.memory_start();
    clients.go(server.port);
    bool measured = false;
    server.run([&](std::uint64_t echoes) {
      if (measured || echoes < run.count) return;
      measured = true;
      run.memory_stop();
      clients.release();
    });
  }
};

bool has_ring() {
  io_uring ring;
  const bool opened = open_ring(ring);
  if (opened) io_uring_queue_exit(&ring);
  return opened;
}

}  // namespace

int main(int argc, char** argv) {
  const bool usable = has_ring();
  if (!usable) std::fputs("bare-uring: no io_uring of Linux 6.0 here\n", stderr);
  const std::span<const bench::Case> cases = load::Cases<Echo>::kAll;
  return bench::main(argc, argv, "stream", "bare-uring", usable ? cases : cases.first(0));
}
