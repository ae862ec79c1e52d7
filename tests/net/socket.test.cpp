// SPDX-License-Identifier: MIT
// Plain sockets with the loop's sock_* functions, and UDP.
#include <hob/hob.hpp>

#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <string>

using namespace std::chrono_literals;
using Family = hob::Socket::Family;

namespace socket_test {
namespace {

hob::SocketAddress loopback(std::uint16_t port = 0) {
  hob::SocketAddress address;
  address.family = Family::ipv4;
  address.host = "127.0.0.1";
  address.port = port;
  return address;
}

hob::Coro<> echo_once(hob::Socket& listener) {
  auto& loop = hob::get_running_loop();
  auto [connection, peer] = co_await loop.sock_accept(listener);
  CHECK(peer.host == "127.0.0.1");
  while (true) {
    const std::string data = co_await loop.sock_recv(connection, 1000);
    if (data.empty()) break;
    co_await loop.sock_sendall(connection, data);
  }
}

}  // namespace

TEST_CASE("connect, accept, send and receive") {
  const auto main = []() -> hob::Coro<> {
    auto& loop = hob::get_running_loop();
    hob::Socket listener(Family::ipv4);
    listener.set_reuse_address();
    listener.bind(loopback());
    listener.listen(5);
    auto serving = hob::create_task([](hob::Socket& l) -> hob::Coro<> { co_await echo_once(l); },
                                    std::ref(listener));
    hob::Socket socket(Family::ipv4);
    co_await loop.sock_connect(socket, listener.getsockname());
    CHECK(socket.getpeername() == listener.getsockname());
    const std::string big(3'000'000, 'x');
    auto sending = hob::create_task(
        [](hob::Socket& s, const std::string& all) -> hob::Coro<> {
          co_await hob::get_running_loop().sock_sendall(s, all);
          s.shutdown_write();
        },
        std::ref(socket), std::ref(big));
    std::size_t got = 0;
    std::string bytes(100'000, '\0');
    while (true) {
      const std::size_t n = co_await loop.sock_recv_into(socket, bytes.data(), bytes.size());
      if (n == 0) break;
      got += n;
    }
    CHECK(got == big.size());
    co_await sending;
    co_await serving;
  };
  hob::run(main());
}

TEST_CASE("closing a socket ends the wait for it") {
  const auto main = []() -> hob::Coro<> {
    auto pair = hob::Socket::pair();
    auto waiting = hob::create_task(
        [](hob::Socket& s) -> hob::Coro<std::string> {
          co_return co_await hob::get_running_loop().sock_recv(s, 10);
        },
        std::ref(pair.first));
    co_await hob::sleep(0s);
    pair.first.close();
    const auto ended = co_await hob::as_result(waiting);
    CHECK(hob::type_name(ended.exception()) == "OSError");
    CHECK(pair.first.fileno() == -1);
  };
  hob::testing::run_virtual(main());
}

TEST_CASE("a socket belongs to the loop that waits for it first") {
  auto pair = hob::Socket::pair();
  const auto receive = [](hob::Socket& from, hob::Socket& to) -> hob::Coro<> {
    auto& loop = hob::get_running_loop();
    co_await loop.sock_sendall(to, "abc");
    const std::string got = co_await loop.sock_recv(from, 10);
    CHECK(got == "abc");
  };
  hob::EventLoop other;
  hob::run(receive(pair.first, pair.second));
  CHECK_THROWS_AS(hob::run(receive(pair.first, pair.second)), hob::RuntimeError);
}

TEST_CASE("sock_sendfile sends a part of a file") {
  const auto main = []() -> hob::Coro<> {
    auto& loop = hob::get_running_loop();
    std::FILE* file = std::tmpfile();
    REQUIRE(file);
    std::fputs("0123456789", file);
    std::fflush(file);
    auto [here, there] = hob::Socket::pair();
    const std::size_t some = co_await loop.sock_sendfile(here, fileno(file), 3, 4);
    CHECK(some == 4);
    const std::string got = co_await loop.sock_recv(there, 100);
    CHECK(got == "3456");
    const std::size_t rest = co_await loop.sock_sendfile(here, fileno(file), 8);
    CHECK(rest == 2);
    std::fclose(file);
  };
  hob::run(main());
}

TEST_CASE("datagrams go to addresses, and to the one that is connected") {
  const auto main = []() -> hob::Coro<> {
    hob::DatagramOptions here;
    here.local_host = "127.0.0.1";
    auto server = co_await hob::create_datagram_endpoint(here);
    hob::DatagramOptions there;
    there.remote_host = "127.0.0.1";
    there.remote_port = server.getsockname().port;
    auto client = co_await hob::create_datagram_endpoint(there);
    co_await client.send("ping");
    co_await client.send("");  // an empty packet is one, too
    const hob::Datagram ping = co_await server.recvfrom();
    CHECK(ping.data == "ping");
    const hob::Datagram empty = co_await server.recvfrom();
    CHECK(empty.data.empty());
    co_await server.sendto("pong, and more", ping.address);
    const hob::Datagram pong = co_await client.recvfrom(4);
    CHECK(pong.data == "pong");
    CHECK(pong.address == server.getsockname());
    const auto nothing = co_await hob::as_result(hob::wait_for(client.recvfrom(), 1s));
    CHECK(hob::type_name(nothing.exception()) == "TimeoutError");  // the rest was cut off
    const auto unclear = co_await hob::as_result(hob::create_datagram_endpoint({}));
    CHECK(hob::type_name(unclear.exception()) == "ValueError");
  };
  hob::testing::run_virtual(main());
}

TEST_CASE("multicast reaches those who joined the group") {
  const auto main = []() -> hob::Coro<> {
    hob::DatagramOptions options;
    options.local_host = "0.0.0.0";
    options.reuse_port = true;
    auto receiver = co_await hob::create_datagram_endpoint(options);
    const auto joined = [&] {
      try {
        receiver.socket().join_group("239.1.2.3", "127.0.0.1");
        return true;
      } catch (const hob::OSError&) {  // a system without multicast
        return false;
      }
    }();
    if (!joined) co_return;
    hob::DatagramOptions from;
    from.local_host = "127.0.0.1";
    auto sender = co_await hob::create_datagram_endpoint(from);
    hob::SocketAddress group = loopback(receiver.getsockname().port);
    group.host = "239.1.2.3";
    const auto sent = co_await hob::as_result(sender.sendto("to all", group));
    if (!sent) co_return;  // no route for it
    const hob::Datagram got = co_await receiver.recvfrom();
    CHECK(got.data == "to all");
    receiver.socket().leave_group("239.1.2.3", "127.0.0.1");
  };
  hob::run(main());
}

TEST_CASE("plain sockets can be cancelled everywhere") {
  const auto scenario = []() -> hob::Coro<> {
    auto& loop = hob::get_running_loop();
    hob::Socket listener(Family::ipv4);
    listener.bind(loopback());
    listener.listen(5);
    const auto answer = [](hob::Socket& l) -> hob::Coro<> { co_await echo_once(l); };
    auto serving = hob::create_task(answer, std::ref(listener));
    hob::Socket socket(Family::ipv4);
    const auto ask = [](hob::EventLoop& on, hob::Socket& s, hob::SocketAddress to) -> hob::Coro<> {
      co_await on.sock_connect(s, to);
      co_await on.sock_sendall(s, "question");
      const std::string got = co_await on.sock_recv(s, 100);
      CHECK(got == "question");
    };
    const auto ended = co_await hob::as_result(ask(loop, socket, listener.getsockname()));
    socket.close();
    serving.cancel();
    while (!serving.done()) co_await hob::as_result(hob::sleep(0s));
    ended.value();
  };
  const std::size_t suspensions = hob::testing::cancel_everywhere(scenario);
  CHECK(suspensions >= 4);
}

}  // namespace socket_test
