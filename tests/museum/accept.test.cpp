// SPDX-License-Identifier: MIT
// The bug museum, room of servers: bugs that other libraries had when they accept connections.
#include "museum/drivers.hpp"

#include <hob/testing/faults.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Socket;
using hob::testing::Faults;
using Call = hob::testing::Faults::Call;

namespace museum_accept {
namespace {

const hob::SocketAddress kAnyPort{Socket::Family::ipv4, 0, 0, 0, "127.0.0.1"};

/// A client that the loop knows nothing of: the kernel has connected it when it is made.
class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Client& operator=(Client&&) = delete;
  ~Client() {
    if (fd_ >= 0) ::close(fd_);
  }
  /// Whether the other side ends the connection, in whatever way.
  bool ended() const {
    char byte;
    const ssize_t n = ::recv(fd_, &byte, 1, 0);
    return n == 0 || (n < 0 && errno != EAGAIN);
  }

 private:
  int fd_;
};

// The descriptor of the listener stays ready, and each try fails at once.
Coro<> accept_without_descriptors(Faults& faults) {
  auto& loop = hob::get_running_loop();
  loop.set_exception_handler([](hob::EventLoop&, const auto&) {});
  const auto handler = [](hob::StreamReader, hob::StreamWriter writer) { writer.close(); };
  auto server = co_await hob::start_server(handler, "127.0.0.1", 0);
  faults.fail(Call::accept, EMFILE, 1, Faults::kAlways);
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
  const std::size_t accepts = faults.calls(Call::accept);
  co_await hob::sleep(10s);
  CHECK(faults.calls(Call::accept) - accepts >= 5);
  CHECK(faults.calls(Call::accept) - accepts <= 12);
  faults.fail(Call::accept, 0, 1, 0);
  const std::string end = co_await reader.read();  // now it is accepted, and closed
  CHECK(end.empty());
  writer.close();
  server.close();
  co_await server.wait_closed();
}

// The connection arrives in the turn in which the accept is cancelled: it is delivered, or it had
// no effect and the next accept gets it. Nothing is left open.
Coro<> accept_cancelled_with_a_connection() {
  auto& loop = hob::get_running_loop();
  const auto before = museum::open_descriptors();
  {
    Socket listener(Socket::Family::ipv4);
    listener.bind(kAnyPort);
    listener.listen();
    const auto accept = [&]() -> Coro<Socket> {
      auto accepted = co_await loop.sock_accept(listener);
      co_return std::move(accepted.first);
    };
    for (int turns = 0; turns < 12; ++turns) {
      auto accepting = hob::create_task(accept);
      for (int i = 0; i < turns % 4; ++i) co_await hob::sleep(0s);
      const Client client(listener.getsockname().port);
      for (int i = 0; i < turns / 4; ++i) co_await hob::sleep(0s);
      accepting.cancel();
      if (turns % 3 == 0) accepting.cancel();
      auto ended = co_await hob::as_result(std::move(accepting));
      if (ended.cancelled()) {
        auto again = co_await hob::wait_for(accept(), 10s);
        CHECK(again);
      } else {
        CHECK(ended.value());
      }
    }
  }
  CHECK(museum::open_descriptors() == before);
}

// The server closes when it has been given some of forty connections that arrived at once, or in
// the turn in which they arrive. Those that nobody serves are ended.
Coro<> server_closed_with_connections() {
  const auto before = museum::open_descriptors();
  for (int round = 0; round < 16; ++round) {
    const int served_max = round / 2 * 5;
    int served = 0;
    hob::Server server;
    const auto end_it = [&](hob::StreamReader, hob::StreamWriter writer) {
      writer.close();
      if (++served == served_max) server.close();
    };
    server = co_await hob::start_server(end_it, "127.0.0.1", 0);
    if (round % 2 == 0) {  // it waits, or is about to
      co_await hob::sleep(1ms);
    } else {
      for (int i = 0; i < 4; ++i) co_await hob::sleep(0s);
    }
    std::vector<Client> clients;
    for (int i = 0; i < 40; ++i) clients.emplace_back(server.port());
    if (served_max == 0) server.close();
    co_await server.wait_closed();
    co_await hob::sleep(1ms);
    CHECK(served >= served_max);
    for (const Client& client : clients) REQUIRE(client.ended());
  }
  CHECK(museum::open_descriptors() == before);
}

}  // namespace

TEST_CASE("libuv, tokio, Node: accept without descriptors spins") {
  Faults faults;
  hob::testing::run_virtual(accept_without_descriptors(faults));
}
TEST_CASE("asio, tokio: a cancelled accept leaks the connection") {
  museum::on_every_driver(accept_cancelled_with_a_connection);
}
TEST_CASE("io_uring everywhere: a server that closes leaks what the ring has accepted") {
  museum::on_every_driver(server_closed_with_connections);
}

}  // namespace museum_accept
