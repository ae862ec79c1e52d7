// SPDX-License-Identifier: MIT
// Cancelling with real sockets: what was cancelled has happened or had no effect. Nothing that the
// kernel handed out is lost: no packet, no connection, no byte.
#include <hob/hob.hpp>

#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Socket;

namespace net_cancel_test {
namespace {

const hob::SocketAddress kAnyPort{Socket::Family::ipv4, 0, 0, 0, "127.0.0.1"};

/// Awaits `make()` again and again, cancelling it after `turns` of the loop, one more each time
/// round, until it has happened.
template <class T, class F>
Coro<T> impatiently(F make, int& turns) {
  while (true) {
    auto task = hob::create_task(make);
    const int patience = turns++ % 4;
    for (int i = 0; i < patience && !task.done(); ++i) co_await hob::sleep(0s);
    task.cancel();
    auto ended = co_await hob::as_result(std::move(task));
    if (ended) co_return std::move(ended).value();
    if (!ended.cancelled()) std::rethrow_exception(ended.exception());
    co_await hob::sleep(1ms);
  }
}

Coro<> packets() {
  hob::DatagramOptions here;
  here.local_host = "127.0.0.1";
  auto receiver = co_await hob::create_datagram_endpoint(here);
  hob::DatagramOptions there;
  there.remote_host = "127.0.0.1";
  there.remote_port = receiver.getsockname().port;
  auto sender = co_await hob::create_datagram_endpoint(there);
  int turns = 0;
  for (int i = 0; i < 100; ++i) {
    co_await sender.send(std::to_string(i));
    const auto next = [&receiver]() -> Coro<std::string> {
      auto packet = co_await receiver.recvfrom();
      co_return std::move(packet.data);
    };
    const std::string got = co_await impatiently<std::string>(next, turns);
    CHECK(got == std::to_string(i));  // none twice, none lost
  }
}

Coro<> connections() {
  auto& loop = hob::get_running_loop();
  Socket listener(Socket::Family::ipv4);
  listener.bind(kAnyPort);
  listener.listen(200);
  std::vector<Socket> clients;
  int turns = 0;
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back(Socket::Family::ipv4);
    co_await loop.sock_connect(clients.back(), listener.getsockname());
    co_await loop.sock_sendall(clients.back(), std::to_string(i));
    const auto next = [&]() -> Coro<Socket> {
      auto accepted = co_await loop.sock_accept(listener);
      co_return std::move(accepted.first);
    };
    Socket peer = co_await impatiently<Socket>(next, turns);
    const std::string got = co_await loop.sock_recv(peer, 10);
    CHECK(got == std::to_string(i));  // in order: none was accepted and forgotten
  }
}

Coro<> bytes() {
  auto& loop = hob::get_running_loop();
  auto [a, b] = Socket::pair();
  int turns = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string text = std::to_string(i) + ";";
    co_await loop.sock_sendall(a, text);
    std::string got;
    while (got.size() < text.size()) {
      const auto next = [&]() -> Coro<std::string> { co_return co_await loop.sock_recv(b, 1); };
      got += co_await impatiently<std::string>(next, turns);
    }
    CHECK(got == text);
  }
}

Coro<> exact_reads() {
  std::string seen;
  const auto talk = [](hob::StreamReader, hob::StreamWriter writer) -> Coro<> {
    for (int i = 0; i < 200; ++i) {
      writer.write("0123456789");
      co_await hob::sleep(i % 3 == 0 ? 1ms : 0ms);
    }
    writer.close();
  };
  auto server = co_await hob::start_server(talk, "127.0.0.1", 0);
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
  int turns = 0;
  for (int i = 0; i < 200; ++i) {
    const auto next = [from = reader]() -> Coro<std::string> {
      co_return co_await from.readexactly(10);
    };
    const std::string ten = co_await impatiently<std::string>(next, turns);
    CHECK(ten == "0123456789");
  }
  writer.close();
  server.close();
  co_await server.wait_closed();
}

Coro<> datagrams_both_ways() {
  hob::DatagramOptions here;
  here.local_host = "127.0.0.1";
  auto a = co_await hob::create_datagram_endpoint(here);
  auto b = co_await hob::create_datagram_endpoint(here);
  const auto answer = [](hob::DatagramEndpoint& from) -> Coro<> {
    const auto packet = co_await from.recvfrom();
    co_await from.sendto(packet.data, packet.address);
  };
  auto answering = hob::create_task(answer, std::ref(b));
  const auto ask = [](hob::DatagramEndpoint& from, hob::SocketAddress to) -> Coro<> {
    co_await from.sendto("ping", to);
    const auto packet = co_await from.recvfrom();
    CHECK(packet.data == "ping");
  };
  const auto asked = co_await hob::as_result(ask(a, b.getsockname()));
  answering.cancel();
  while (!answering.done()) co_await hob::as_result(hob::sleep(0s));
  asked.value();
}

Coro<> unix_server() {
  // This process's: the tests of all drivers run beside each other.
  const std::string path = std::string(1, '\0') + "hob.cancel." + std::to_string(::getpid());
  const auto echo = [](hob::StreamReader reader, hob::StreamWriter writer) -> Coro<> {
    const std::string line = co_await reader.readline();
    writer.write(line);
  };
  auto server = co_await hob::start_unix_server(echo, path);
  const auto ask = [](std::string to) -> Coro<> {
    auto [reader, writer] = co_await hob::open_unix_connection(to);
    writer.write("line\n");
    const std::string line = co_await reader.readuntil("\n");
    CHECK(line == "line\n");
    writer.close();
    co_await writer.wait_closed();
  };
  const auto asked = co_await hob::as_result(ask(path));
  server.close();
  server.abort_clients();
  asked.value();
}

Coro<> forever() {
  const auto handler = [](hob::StreamReader, hob::StreamWriter writer) { writer.close(); };
  auto server = co_await hob::start_server(handler, "127.0.0.1", 0, {.start_serving = false});
  auto serving = hob::create_task(server.serve_forever());
  co_await hob::sleep(1ms);
  serving.cancel();
  const auto served = co_await hob::as_result(serving);
  server.close();
  co_await server.wait_closed();
}

void everywhere(Coro<> (*scenario)()) {
  for (const std::uint64_t seed : {0, 1}) {
    hob::testing::CancelOptions options;
    options.seed = seed;
    try {
      CHECK(hob::testing::cancel_everywhere(scenario, options) > 0);
    } catch (const hob::testing::CancelFailure& failure) {
      FAIL(std::string(failure.what()));
    }
  }
}

}  // namespace

TEST_CASE("a cancelled recvfrom has taken no packet") { hob::testing::run_virtual(packets()); }
TEST_CASE("a cancelled accept has taken no connection") {
  hob::testing::run_virtual(connections());
}
TEST_CASE("a cancelled recv has taken no byte") { hob::testing::run_virtual(bytes()); }
TEST_CASE("a cancelled readexactly has taken no byte") { hob::testing::run_virtual(exact_reads()); }
TEST_CASE("datagrams can be cancelled everywhere") { everywhere(datagrams_both_ways); }
TEST_CASE("a Unix server can be cancelled everywhere") { everywhere(unix_server); }
TEST_CASE("serve_forever can be cancelled everywhere") { everywhere(forever); }

}  // namespace net_cancel_test
