// SPDX-License-Identifier: MIT
//
// The cases of the stream benchmark, and the clients: a process of its own, so that the CPU time of
// the measured one is the server's alone. Each of its connections sends a message, waits until all
// of it is back, and sends the next. An operation is one such exchange. In accept_close an
// operation is a connection that the server accepts and closes at once.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "../support/measure.hpp"

namespace load {

/// What the clients do: so many connections at a time with messages of this size. Without a size
/// each connection ends when the server closes it, and another one takes its place.
struct Shape {
  unsigned connections;
  std::size_t size;
};

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

inline void allow_many_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// With one connection server and client take turns. On two cores each would wake the other by an
/// interrupt, which costs more than the exchange, and whether they are on two is for the kernel to
/// say: so they share one.
inline void share_a_core() {
  cpu_set_t core;
  CPU_ZERO(&core);
  CPU_SET(static_cast<unsigned>(sched_getcpu()), &core);
  sched_setaffinity(0, sizeof core, &core);
}

/// A listening socket for the subjects that take one.
inline int listen_anywhere(std::uint16_t& port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(fd, 4096) != 0 || getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    std::perror("listen"), std::_Exit(3);
  port = ntohs(address.sin_port);
  return fd;
}

class Clients {
 public:
  /// Forks; the clients begin at `go` and do so many exchanges (or connections, see Shape) in all.
  /// With `hold` they exchange one message each and stay until `release`.
  Clients(Shape shape, std::uint64_t exchanges, bool hold = false) {
    allow_many_descriptors();
    if (shape.connections == 1) share_a_core();
    if (pipe2(start_, O_CLOEXEC) != 0) std::perror("pipe"), std::_Exit(3);
    child_ = fork();
    if (child_ != 0) {
      close(start_[0]);
      return;
    }
    close(start_[1]);
    std::uint16_t port = 0;
    if (read(start_[0], &port, sizeof port) != sizeof port) std::_Exit(3);
    work(shape, exchanges, port, hold);
    char byte = 0;
    if (hold && read(start_[0], &byte, 1) < 0) std::_Exit(3);
    std::_Exit(0);
  }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;
  ~Clients() {
    close(start_[1]);
    int status = 0;
    while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0) std::fprintf(stderr, "the clients failed (%d)\n", status), std::_Exit(3);
  }
  void go(std::uint16_t port) {
    if (write(start_[1], &port, sizeof port) != sizeof port) std::_Exit(3);
  }
  /// Lets those that hold go.
  void release() {
    if (write(start_[1], "x", 1) != 1) std::_Exit(3);
  }

  /// The clients themselves, in the calling process.
  static void work(Shape shape, std::uint64_t exchanges, std::uint16_t port, bool one_each);

 private:
  struct Client {
    int fd;
    std::size_t unsent;
    std::size_t unread;
  };

  static void connect_again(unsigned at_once, std::uint64_t connections, std::uint16_t port);

  int start_[2];
  pid_t child_;
};

inline void Clients::work(Shape shape, std::uint64_t exchanges, std::uint16_t port, bool one_each) {
  if (shape.size == 0) return connect_again(shape.connections, exchanges, port);
  std::vector<char> message(shape.size, 'x'), buffer(256 << 10);
  std::vector<Client> clients(shape.connections);
  int epoll = epoll_create1(0);
  const sockaddr_in address = loopback(port);
  for (Client& client : clients) {
    client.fd = socket(AF_INET, SOCK_STREAM, 0);
    while (connect(client.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      usleep(1000);
    int on = 1;
    setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(client.fd, F_SETFL, O_NONBLOCK);
    epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = &client}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, client.fd, &event);
  }
  std::uint64_t begun = 0, ended = 0;
  const auto begin = [&](Client& client) {
    if (begun == exchanges) return;
    ++begun;
    client.unsent = client.unread = shape.size;
  };
  const auto advance = [&](Client& client) {
    while (true) {
      if (client.unsent > 0) {
        ssize_t n = send(client.fd, message.data() + shape.size - client.unsent, client.unsent,
                         MSG_NOSIGNAL);
        if (n > 0) client.unsent -= std::size_t(n);
        if (n < 0 && errno != EAGAIN) std::_Exit(4);
      }
      if (client.unread == 0) return;
      ssize_t n = recv(client.fd, buffer.data(), buffer.size(), 0);
      if (n == 0 || (n < 0 && errno != EAGAIN)) std::_Exit(5);
      if (n < 0) return;
      client.unread -= std::size_t(n);
      if (client.unread > 0) continue;
      ++ended;
      // One each, or a client whose answer comes at once would take the turn of another.
      if (!one_each) begin(client);
    }
  };
  for (Client& client : clients) begin(client), advance(client);
  epoll_event events[256];
  while (ended < exchanges) {
    int n = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < n; ++i) advance(*static_cast<Client*>(events[i].data.ptr));
  }
}

// The server is the first to close, so that its end would be the one in TIME_WAIT. A reset from
// ours, sent once its FIN was read, ends both at once: no port is used up, however many there are.
inline void Clients::connect_again(unsigned at_once, std::uint64_t connections,
                                   std::uint16_t port) {
  const int epoll = epoll_create1(0);
  const sockaddr_in address = loopback(port);
  std::uint64_t begun = 0, ended = 0;
  const auto begin = [&] {
    if (begun == connections) return;
    ++begun;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const linger reset{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS)
      std::_Exit(4);
    epoll_event event{EPOLLIN, {.fd = fd}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  };
  for (unsigned i = 0; i < at_once; ++i) begin();
  epoll_event events[256];
  while (ended < connections) {
    int n = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < n; ++i) {
      char byte = 0;
      if (recv(events[i].data.fd, &byte, 1, 0) != 0) std::_Exit(5);
      close(events[i].data.fd);
      ++ended;
      begin();
    }
  }
}

inline constexpr Shape k1k1{1, 1024}, k1k10{10, 1024}, k1k100{100, 1024}, k1k1000{1000, 1024};
inline constexpr Shape k10k1{1, 10'240}, k10k100{100, 10'240}, k10k1000{1000, 10'240};
inline constexpr Shape k100k1{1, 102'400}, k100k10{10, 102'400}, k100k100{100, 102'400};
inline constexpr std::uint64_t kExchanges = 60'000, kLargeExchanges = 10'000;
// With one connection both sides sleep in each exchange.
inline constexpr std::uint64_t kLoneExchanges = 20'000, kLargeLoneExchanges = 5'000;
inline constexpr Shape kAcceptClose{32, 0};
inline constexpr std::uint64_t kAccepts = 30'000;
// idle: that many connections exchange one message and stay: resident bytes each.
inline constexpr Shape kIdle{10'000, 100};

/// The table of cases for a subject: `Echo` has serve(run, shape), idle(run) and accept_close(run).
template <class Echo>
struct Cases {
  template <Shape const& kShape>
  static void echo(bench::Run& run) {
    Echo::serve(run, kShape);
  }
  static void idle(bench::Run& run) { Echo::idle(run); }
  static void accept_close(bench::Run& run) { Echo::accept_close(run); }
  static constexpr bench::Case kAll[] = {
      {"echo_1k_1", kLoneExchanges, echo<k1k1>},
      {"echo_1k_10", kExchanges, echo<k1k10>},
      {"echo_1k_100", kExchanges, echo<k1k100>},
      {"echo_1k_1000", kExchanges, echo<k1k1000>},
      {"echo_10k_1", kLoneExchanges, echo<k10k1>},
      {"echo_10k_100", kExchanges, echo<k10k100>},
      {"echo_10k_1000", kExchanges, echo<k10k1000>},
      {"echo_100k_1", kLargeLoneExchanges, echo<k100k1>},
      {"echo_100k_10", kLargeExchanges, echo<k100k10>},
      {"echo_100k_100", kLargeExchanges, echo<k100k100>},
      {"accept_close", kAccepts, accept_close},
      {"idle_10k", kIdle.connections, idle, true},
  };
};

}  // namespace load
