// SPDX-License-Identifier: MIT
// The baseline of HTTP servers: one epoll loop that looks for empty lines and sends a constant as
// often as it found one. It knows nothing of HTTP.
#include "bare.hpp"

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Date: Sat, 28 Nov 2026 12:00:00 GMT\r\nServer: bare\r\nContent-Length: 13\r\n\r\n"
    "Hello, World!";

struct Connection {
  int fd;
  std::string rest;  // of a request that has not come in one piece
};

class Server {
 public:
  Server() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address = bare::loopback(0);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 4096) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      bare::fail("listen");
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{EPOLLIN, {.ptr = nullptr}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
    for (int i = 0; i < 64; ++i) answers_ += kAnswer;
    bare::print_port(ntohs(address.sin_port));
  }

  [[noreturn]] void run() {
    epoll_event events[256];
    while (true) {
      const int n = epoll_wait(epoll_, events, 256, -1);
      for (int i = 0; i < n; ++i) {
        if (events[i].data.ptr) {
          receive(*static_cast<Connection*>(events[i].data.ptr));
        } else {
          accept_all();
        }
      }
    }
  }

 private:
  void accept_all() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      bare::set_nodelay(fd);
      epoll_event event{EPOLLIN | EPOLLET | EPOLLRDHUP, {.ptr = new Connection{fd, {}}}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
  }

  void receive(Connection& connection) {
    while (true) {
      const ssize_t n = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) {
        close(connection.fd);
        delete &connection;
        return;
      }
      std::string_view bytes(buffer_.data(), std::size_t(n));
      if (!connection.rest.empty()) bytes = connection.rest.append(bytes);
      answer(connection, bytes);
      if (std::size_t(n) < buffer_.size()) return;
    }
  }

  void answer(Connection& connection, std::string_view bytes) {
    std::size_t count = 0, begin = 0;
    for (std::size_t end; (end = bytes.find("\r\n\r\n", begin)) != bytes.npos; ++count)
      begin = end + 4;
    std::string rest(bytes.substr(begin));
    connection.rest = std::move(rest);
    for (; count > 0; count -= std::min<std::size_t>(count, 64)) {
      const std::size_t size = std::min<std::size_t>(count, 64) * kAnswer.size();
      if (send(connection.fd, answers_.data(), size, MSG_NOSIGNAL) != ssize_t(size)) return;
    }
  }

  int listener_, epoll_;
  std::string answers_;
  std::vector<char> buffer_ = std::vector<char>(64 << 10);
};

}  // namespace

int main() { Server().run(); }
