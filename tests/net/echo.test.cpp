// SPDX-License-Identifier: MIT
// Streams over real sockets: open_connection and start_server.
#include <hob/hob.hpp>

#include <hob/testing/cancel_everywhere.hpp>

#include <doctest/doctest.h>

#include <unistd.h>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace echo_test {
namespace {

hob::Coro<> echo(hob::StreamReader reader, hob::StreamWriter writer) {
  while (true) {
    const auto data = co_await reader.read_some();
    if (data.empty()) break;
    writer.write(data);
    co_await writer.drain();
  }
}

hob::Coro<std::string> ask(std::uint16_t port, std::string question) {
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", port);
  writer.write(question);
  writer.write_eof();
  std::string answer = co_await reader.read();
  writer.close();
  co_await writer.wait_closed();
  co_return answer;
}

hob::Coro<> stop(hob::Server server) {
  server.close();
  co_await server.wait_closed();
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + i * 7 % 26);
  return bytes;
}

}  // namespace

TEST_CASE("a server echoes to one client") {
  const auto main = []() -> hob::Coro<> {
    auto server = co_await hob::start_server(echo, "127.0.0.1", 0);
    CHECK(server.is_serving());
    const std::string answer = co_await ask(server.port(), "hello");
    CHECK(answer == "hello");
    co_await stop(server);
    CHECK_FALSE(server.is_serving());
  };
  hob::run(main());
}

TEST_CASE("a megabyte goes through, in both directions at once") {
  const auto main = []() -> hob::Coro<> {
    auto server = co_await hob::start_server(echo, "127.0.0.1", 0);
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    const std::string bytes = pattern(1 << 20);
    const auto send = [](hob::StreamWriter to, const std::string& all) -> hob::Coro<> {
      for (std::size_t at = 0; at < all.size(); at += 10'000) {
        to.write(std::string_view(all).substr(at, 10'000));
        co_await to.drain();
      }
      to.write_eof();
    };
    auto sending = hob::create_task(send(writer, bytes));
    const std::string got = co_await reader.readexactly(bytes.size());
    CHECK((got == bytes));
    const std::string rest = co_await reader.read();
    CHECK(rest.empty());
    CHECK(reader.at_eof());
    co_await sending;
    co_await stop(server);
  };
  hob::run(main());
}

TEST_CASE("fifty clients at once") {
  const auto main = []() -> hob::Coro<> {
    auto server = co_await hob::start_server(echo, "127.0.0.1", 0);
    std::vector<hob::Task<std::string>> tasks;
    for (int i = 0; i < 50; ++i)
      tasks.push_back(hob::create_task(ask(server.port(), "client " + std::to_string(i))));
    const auto answers = co_await hob::gather(tasks);
    for (std::size_t i = 0; i < answers.size(); ++i)
      CHECK(answers[i] == "client " + std::to_string(i));
    co_await stop(server);
  };
  hob::run(main());
}

TEST_CASE("the addresses are known") {
  const auto main = []() -> hob::Coro<> {
    hob::SocketAddress seen;
    const auto handler = [&seen](hob::StreamReader, hob::StreamWriter writer) -> hob::Coro<> {
      seen = writer.get_extra_info().peername;
      writer.write("x");
      co_return;
    };
    auto server = co_await hob::start_server(handler, "127.0.0.1", 0);
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    const auto info = writer.get_extra_info();
    CHECK(info.peername.host == "127.0.0.1");
    CHECK(info.peername.port == server.port());
    CHECK(info.fd >= 0);
    const std::string all = co_await reader.read();
    CHECK(all == "x");
    CHECK(seen == info.sockname);
    CHECK(seen.to_string() == "127.0.0.1:" + std::to_string(info.sockname.port));
    co_await stop(server);
  };
  hob::run(main());
}

TEST_CASE("nobody listens") {
  const auto main = []() -> hob::Coro<> {
    auto server = co_await hob::start_server(echo, "127.0.0.1", 0);
    const std::uint16_t port = server.port();
    co_await stop(server);
    const auto refused = co_await hob::as_result(hob::open_connection("127.0.0.1", port));
    CHECK(hob::type_name(refused.exception()) == "OSError");
  };
  hob::run(main());
}

TEST_CASE("a Unix socket, and its file") {
  const auto main = []() -> hob::Coro<> {
    const std::string path = "/tmp/hob-echo-test-" + std::to_string(::getpid());
    auto server = co_await hob::start_unix_server(echo, path);
    auto [reader, writer] = co_await hob::open_unix_connection(path);
    writer.write("over a file\n");
    const std::string line = co_await reader.readline();
    CHECK(line == "over a file\n");
    writer.close();
    co_await stop(server);
    const auto gone = co_await hob::as_result(hob::open_unix_connection(path));
    CHECK_FALSE(gone.has_value());
  };
  hob::run(main());
}

TEST_CASE("an echo can be cancelled everywhere") {
  const auto scenario = []() -> hob::Coro<> {
    auto server = co_await hob::start_server(echo, "127.0.0.1", 0);
    const auto client = [](std::uint16_t port) -> hob::Coro<> {
      const std::string answer = co_await ask(port, "hello");
      CHECK(answer == "hello");
    };
    const auto ended = co_await hob::as_result(client(server.port()));
    server.close();
    server.abort_clients();
    ended.value();
  };
  const std::size_t suspensions = hob::testing::cancel_everywhere(scenario);
  CHECK(suspensions >= 3);
}

// asyncio's `sock=`.
TEST_CASE("a server and a connection on sockets that are there already") {
  const auto main = []() -> hob::Coro<> {
    hob::Socket listener(hob::SocketAddress::Family::ipv4);
    listener.bind({hob::SocketAddress::Family::ipv4, 0, 0, 0, "127.0.0.1"});
    auto server = co_await hob::start_server(echo, std::move(listener));
    auto& loop = hob::get_running_loop();
    hob::Socket socket(hob::SocketAddress::Family::ipv4);
    co_await loop.sock_connect(socket, server.sockets().front());
    auto [reader, writer] = co_await hob::open_connection(std::move(socket));
    writer.write("hello");
    writer.write_eof();
    const std::string answer = co_await reader.read();
    CHECK(answer == "hello");
    server.close();
    co_await server.wait_closed();

    const auto packets = [] {
      return hob::Socket(hob::SocketAddress::Family::ipv4, hob::SocketType::datagram);
    };
    const auto refused = co_await hob::as_result(hob::open_connection(packets()));
    CHECK(hob::type_name(refused.exception()) == "ValueError");
    const auto no_server = co_await hob::as_result(hob::start_server(echo, packets()));
    CHECK(hob::type_name(no_server.exception()) == "ValueError");
    const auto closed = co_await hob::as_result(hob::open_connection(hob::Socket()));
    CHECK(hob::type_name(closed.exception()) == "OSError");
  };
  hob::run(main());
}

}  // namespace echo_test
