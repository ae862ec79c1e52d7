// SPDX-License-Identifier: MIT
// What io_uring brings unasked: bytes that nobody reads yet, connections that nobody accepts yet.
#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Driver;

namespace uring_input_test {
namespace {

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

std::string numbers(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
  text.resize(size);
  return text;
}

// Runs on io_uring, where there is one: real time, because the kernel works beside the loop.
template <class F>
void on_ring(F main) {
  hob::Runner runner({.driver = Driver::uring});
  if (runner.get_loop().driver() != Driver::uring) {
    MESSAGE("skipped: no io_uring here");
    return;
  }
  runner.run(main());
}

/// A client that only the test controls.
class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  }
  Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Client& operator=(Client&&) = delete;
  ~Client() {
    if (fd_ >= 0) ::close(fd_);
  }
  std::size_t send_some(std::string_view bytes) const {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  void send_all(std::string_view bytes) const {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  void end() const { ::shutdown(fd_, SHUT_WR); }
  /// Whether the other side has ended the connection, in whatever way.
  bool ended() const {
    char byte;
    return ::recv(fd_, &byte, 1, 0) <= 0;
  }

 private:
  int fd_;
};

/// A server that hands its connections out.
struct Accepting {
  hob::Queue<hob::Stream> streams;
  std::optional<hob::Server> server;

  Coro<> start() {
    const auto serve = [this](hob::StreamReader reader, hob::StreamWriter writer) -> Coro<> {
      streams.put_nowait(hob::Stream(reader, writer));
      co_return;
    };
    server = co_await hob::start_server(serve, "127.0.0.1", 0);
  }
  std::uint16_t port() const { return server->port(); }
};

}  // namespace

TEST_CASE("a reader that is cancelled loses nothing that has come meanwhile") {
  on_ring([]() -> Coro<> {
    Accepting accepting;
    co_await accepting.start();
    const Client client(accepting.port());
    hob::Stream stream = co_await accepting.streams.get();
    const std::string text = numbers(100'000);
    std::string got;
    std::size_t sent = 0;
    const auto read = [&]() -> Coro<> { got += co_await stream.reader.read(1000); };
    for (int i = 0; sent < text.size(); ++i) {
      auto task = hob::create_task(read);
      for (int turn = 0; turn <= i % 3; ++turn) co_await hob::sleep(0s);
      sent += client.send_some(std::string_view(text).substr(sent, 700));
      if (i % 2 == 0) co_await hob::sleep(0s);
      task.cancel();
      const std::vector<hob::Task<>> tasks(1, task);
      co_await hob::wait(tasks);
    }
    client.end();
    got += co_await stream.reader.read();
    CHECK((got == text));
    stream.writer.close();
    accepting.server->close();
  });
}

TEST_CASE("of a peer that is not read only so much is taken, and later all of it") {
  on_ring([]() -> Coro<> {
    Accepting accepting;
    co_await accepting.start();
    const Client client(accepting.port());
    hob::Stream stream = co_await accepting.streams.get();
    const std::string text = numbers(64 << 20);
    std::size_t sent = 0;
    const auto first = [&]() -> Coro<std::string> {
      co_return co_await stream.reader.readexactly(1);
    };
    auto waits = hob::create_task(first);  // so that the ring begins to receive
    co_await hob::sleep(1ms);
    // As long as the kernel or the loop takes something.
    for (int idle = 0; idle < 20 && sent < text.size();) {
      const std::size_t now = client.send_some(std::string_view(text).substr(sent, 1 << 20));
      sent += now;
      idle = now == 0 ? idle + 1 : 0;
      co_await hob::sleep(1ms);
    }
    // Socket buffers hold up to 4 + 6 MiB (tcp_wmem, tcp_rmem); the loop adds no more than 1.
    CHECK(sent < (11 << 20));
    std::string got = co_await std::move(waits);
    while (got.size() < sent) got += co_await stream.reader.read(1 << 20);
    CHECK((got == text.substr(0, sent)));
    client.send_all("the end");
    client.end();
    const std::string end = co_await stream.reader.read();
    CHECK(end == "the end");
    stream.writer.close();
    accepting.server->close();
  });
}

TEST_CASE("small messages that nobody reads wait in the loop, then in the kernel") {
  on_ring([]() -> Coro<> {
    Accepting accepting;
    co_await accepting.start();
    const Client client(accepting.port());
    hob::Stream stream = co_await accepting.streams.get();
    const std::string text = numbers(200'000);
    const auto read = [&]() -> Coro<std::string> {
      co_return co_await stream.reader.readexactly(1);
    };
    auto first = hob::create_task(read);
    co_await hob::sleep(1ms);
    for (std::size_t at = 0; at < text.size(); at += 1000) {
      client.send_all(std::string_view(text).substr(at, 1000));
      co_await hob::sleep(100us);  // a busy loop asks the kernel too seldom: they would pile up
    }
    client.end();
    std::string got = co_await std::move(first);
    got += co_await stream.reader.read();
    CHECK((got == text));
    stream.writer.close();
    accepting.server->close();
  });
}

TEST_CASE("more connections than buffers, all talking at once") {
  on_ring([]() -> Coro<> {
    constexpr std::size_t kClients = 200;
    const std::string text = numbers(40'000);
    Accepting accepting;
    co_await accepting.start();
    std::vector<Client> clients;
    std::vector<hob::Task<std::string>> readers;
    std::vector<hob::Stream> streams;
    const auto read = [](hob::StreamReader reader) -> Coro<std::string> {
      co_return co_await reader.read();
    };
    for (std::size_t i = 0; i < kClients; ++i) {
      clients.emplace_back(accepting.port());
      streams.push_back(co_await accepting.streams.get());
      readers.push_back(hob::create_task(read, streams.back().reader));
    }
    for (std::size_t at = 0; at < text.size(); at += 10'000) {
      for (const Client& client : clients)
        client.send_all(std::string_view(text).substr(at, 10'000));
      co_await hob::sleep(0s);
    }
    for (const Client& client : clients) client.end();
    for (auto& reader : readers) {
      const std::string got = co_await std::move(reader);
      CHECK((got == text));
    }
    for (hob::Stream& stream : streams) stream.writer.close();
    accepting.server->close();
  });
}

TEST_CASE("connections that were brought to a server that closes are ended") {
  const std::ptrdiff_t before = open_descriptors();
  on_ring([]() -> Coro<> {
    for (int round = 0; round < 5; ++round) {
      Accepting accepting;
      co_await accepting.start();
      std::vector<Client> clients;
      for (int turn = 0; turn < 4; ++turn) co_await hob::sleep(0s);
      for (int i = 0; i < 40; ++i) clients.emplace_back(accepting.port());
      for (int turn = 0; turn < round; ++turn) co_await hob::sleep(0s);
      accepting.server->close();
      co_await hob::sleep(1ms);  // those that were served already get to their handler
      while (!accepting.streams.empty()) {
        hob::Stream stream = accepting.streams.get_nowait();
        stream.writer.close();
        co_await stream.writer.wait_closed();
      }
      for (const Client& client : clients) CHECK(client.ended());
    }
  });
  CHECK(open_descriptors() == before);
}

TEST_CASE("a connection that is closed while the ring receives is closed for its peer") {
  on_ring([]() -> Coro<> {
    Accepting accepting;
    co_await accepting.start();
    const Client client(accepting.port());
    hob::Stream stream = co_await accepting.streams.get();
    const auto read = [&]() -> Coro<> { co_await stream.reader.read(1); };
    auto reader = hob::create_task(read);
    co_await hob::sleep(1ms);
    stream.writer.close();
    CHECK(client.ended());
    const std::vector<hob::Task<>> waited(1, reader);
    co_await hob::wait(waited);
    accepting.server->close();
  });
}

TEST_CASE("a loop that ends with connections under way ends them") {
  std::optional<Client> client;
  const std::ptrdiff_t before = open_descriptors();
  {
    hob::EventLoop loop({.driver = Driver::uring});
    loop.set_exception_handler([](hob::EventLoop&, const hob::ExceptionContext&) {});
    std::uint16_t port = 0;
    const auto serve = [](hob::StreamReader reader, hob::StreamWriter) -> Coro<> {
      co_await reader.read();
    };
    const auto main = [&]() -> Coro<> {
      hob::Server server = co_await hob::start_server(serve, "127.0.0.1", 0);
      port = server.port();
      co_await server.serve_forever();
    };
    auto task = loop.create_task(main());
    loop.call_later(1ms, [&] {
      client.emplace(port);
      client->send_all("some bytes");
      loop.call_later(1ms, [&] { loop.stop(); });
    });
    loop.run_forever();
    loop.close();
  }
  CHECK(client->ended());
  client.reset();
  CHECK(open_descriptors() == before);
}

}  // namespace uring_input_test
