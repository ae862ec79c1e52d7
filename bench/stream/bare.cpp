// SPDX-License-Identifier: MIT
//
// The echo server by hand: epoll, edge-triggered, registered once, one buffer of 256 KiB for all
// connections, a short read means that there is no more. 48 bytes for a connection.
#include "load.hpp"

namespace {

struct Connection {
  int fd;
  std::vector<char> unsent;  // what the peer has not taken
};

class Server {
 public:
  explicit Server(std::uint64_t connections, bool close_at_once = false)
      : expected_(connections), close_at_once_(close_at_once) {
    listener_ = load::listen_anywhere(port);
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{EPOLLIN, {.ptr = nullptr}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  }
  ~Server() { close(epoll_), close(listener_); }

  /// Until all connections were closed; calls `echoed` once for each first echo.
  template <class F>
  void run(F&& echoed) {
    epoll_event events[256];
    while (closed_ < expected_) {
      int n = epoll_wait(epoll_, events, 256, -1);
      for (int i = 0; i < n; ++i) {
        if (!events[i].data.ptr) {
          accept_all();
          continue;
        }
        auto& connection = *static_cast<Connection*>(events[i].data.ptr);
        if (events[i].events & EPOLLOUT && !connection.unsent.empty()) flush(connection);
        if (events[i].events & (EPOLLIN | EPOLLRDHUP)) receive(connection, events[i].events);
      }
      echoed(echoes_);
    }
  }
  std::uint16_t port = 0;

 private:
  void accept_all() {
    while (true) {
      int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      if (close_at_once_) {
        close(fd);
        ++closed_;
        continue;
      }
      int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = new Connection{fd, {}}}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
  }
  void receive(Connection& connection, std::uint32_t events) {
    while (true) {
      ssize_t n = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) {
        close(connection.fd);
        delete &connection;
        ++closed_;
        return;
      }
      ++echoes_;
      send_now(connection, buffer_.data(), std::size_t(n));
      if (std::size_t(n) < buffer_.size() && !(events & EPOLLRDHUP)) return;
    }
  }
  void send_now(Connection& connection, const char* data, std::size_t size) {
    ssize_t n = 0;
    if (connection.unsent.empty()) n = send(connection.fd, data, size, MSG_NOSIGNAL);
    if (n < 0) n = 0;
    connection.unsent.insert(connection.unsent.end(), data + n, data + size);
  }
  void flush(Connection& connection) {
    ssize_t n =
        send(connection.fd, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
    if (n > 0) connection.unsent.erase(connection.unsent.begin(), connection.unsent.begin() + n);
  }

  std::uint64_t expected_, closed_ = 0, echoes_ = 0;
  bool close_at_once_;
  int listener_ = -1, epoll_ = -1;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
};

struct Echo {
  static void serve(bench::Run& run, load::Shape shape) {
    load::Clients clients(shape, run.count);
    Server server(shape.connections);
    run.start();
    clients.go(server.port);
    server.run([](std::uint64_t) {});
    run.stop();
  }
  static void accept_close(bench::Run& run) {
    load::Clients clients(load::kAcceptClose, run.count);
    Server server(run.count, true);
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

}  // namespace

int main(int argc, char** argv) {
  return bench::main(argc, argv, "stream", "bare", load::Cases<Echo>::kAll);
}
