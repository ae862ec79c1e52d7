// SPDX-License-Identifier: MIT
// The baseline of HTTP clients: one epoll loop, a fixed request, and of the answer only the end of
// its head and its Content-Length are looked at.
#include "bare.hpp"

#include <cstring>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kRequest =
    "GET /user HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nUser-Agent: bare\r\n\r\n";

struct Connection {
  int fd = -1;
  std::size_t filled = 0;
  char buffer[4096];
};

class Client {
 public:
  explicit Client(std::uint16_t port) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    const sockaddr_in address = bare::loopback(port);
    for (Connection& connection : connections_) {
      connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (connect(connection.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        bare::fail("connect");
      bare::set_nodelay(connection.fd);
      epoll_event event{EPOLLIN | EPOLLET, {.ptr = &connection}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
    }
  }

  void get(unsigned count) {
    left_to_send_ = left_ = count;
    for (Connection& connection : connections_) send_one(connection);
    epoll_event events[256];
    while (left_ > 0) {
      const int n = epoll_wait(epoll_, events, 256, -1);
      for (int i = 0; i < n; ++i) receive(*static_cast<Connection*>(events[i].data.ptr));
    }
  }

 private:
  void send_one(Connection& connection) {
    if (left_to_send_ == 0) return;
    --left_to_send_;
    connection.filled = 0;
    if (send(connection.fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) !=
        ssize_t(kRequest.size()))
      bare::fail("send");
  }

  void receive(Connection& connection) {
    const ssize_t n = recv(connection.fd, connection.buffer + connection.filled,
                           sizeof connection.buffer - connection.filled, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) bare::fail("recv");
    connection.filled += std::size_t(n);
    const std::string_view bytes(connection.buffer, connection.filled);
    const std::size_t head = bytes.find("\r\n\r\n");
    if (head == bytes.npos) return;
    constexpr std::string_view kLength = "Content-Length: ";
    const std::size_t at = bytes.find(kLength);
    if (at > head) bare::fail("no length");
    const std::size_t length = std::strtoul(connection.buffer + at + kLength.size(), nullptr, 10);
    if (bytes.size() < head + 4 + length) return;
    if (length != bare::kBodySize) bare::fail("another body");
    --left_;
    send_one(connection);
  }

  int epoll_;
  unsigned left_to_send_ = 0, left_ = 0;
  std::vector<Connection> connections_ = std::vector<Connection>(bare::kConcurrency);
};

}  // namespace

int main(int argc, char** argv) {
  const bare::ClientArguments arguments(argc, argv);
  Client client(arguments.port);
  for (unsigned run = 0; run < arguments.runs; ++run) {
    const std::uint64_t started = bare::cpu_ns();
    client.get(arguments.count);
    bare::print_run(started, arguments.count);
  }
}
