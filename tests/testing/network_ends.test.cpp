// SPDX-License-Identifier: MIT
// How connections of the network in memory begin, stall and end.
#include <hob/hob.hpp>

#include <hob/testing/network.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Duration;
using hob::testing::LinkOptions;
using hob::testing::Network;
using hob::testing::NetworkOptions;
using hob::testing::run_virtual;
using Family = hob::Socket::Family;

namespace network_ends_test {
namespace {

Duration now() { return hob::get_running_loop().time(); }

int code_of(const std::exception_ptr& error) {
  if (!error) return 0;
  try {
    std::rethrow_exception(error);
  } catch (const hob::OSError& os) {
    return os.code();
  } catch (...) {
    return -1;
  }
}

hob::SocketAddress at(std::string host, std::uint16_t port) {
  hob::SocketAddress address;
  address.family = Family::ipv4;
  address.host = std::move(host);
  address.port = port;
  return address;
}

/// Both ends of a connection, and what it came from.
struct Ends {
  hob::Socket listener{Family::ipv4};
  hob::Socket client{Family::ipv4};
  hob::Socket server;
};

/// From the current host to `host`, which is on the network and has one address.
Coro<> connect(Ends& ends, Network& network, hob::Text host) {
  auto& loop = hob::get_running_loop();
  {
    const auto there = network.on(host);
    ends.listener = hob::Socket(Family::ipv4);
  }
  ends.listener.bind(at("0.0.0.0", 80));
  ends.listener.listen();
  co_await loop.sock_connect(ends.client, at(network.address(host), 80));
  auto accepted = co_await loop.sock_accept(ends.listener);
  ends.server = std::move(accepted.first);
  CHECK(accepted.second == ends.client.getsockname());
}

Coro<int> receive_error(hob::Socket& socket) {
  auto& loop = hob::get_running_loop();
  const auto got = co_await hob::as_result(loop.sock_recv(socket, 100));
  co_return code_of(got.exception());
}

Coro<int> send_error(hob::Socket& socket) {
  auto& loop = hob::get_running_loop();
  const auto sent = co_await hob::as_result(loop.sock_sendall(socket, "x"));
  co_return code_of(sent.exception());
}

}  // namespace

// Each of these was compared with Linux' own sockets.
TEST_CASE("ends and errors come in Linux' order") {
  const auto main = []() -> Coro<> {
    Network network;
    network.add_host("server", {"192.168.0.1"});
    auto& loop = hob::get_running_loop();
    {
      Ends ends;  // closed with unread bytes: a reset, after what was sent
      co_await connect(ends, network, "server");
      co_await loop.sock_sendall(ends.client, "unread");
      co_await loop.sock_sendall(ends.server, "abc");
      co_await hob::sleep(1s);
      ends.server.close();
      co_await hob::sleep(1s);
      const std::string left = co_await loop.sock_recv(ends.client, 100);
      CHECK(left == "abc");
      const int error = co_await receive_error(ends.client);
      CHECK(error == ECONNRESET);
      const std::string end = co_await loop.sock_recv(ends.client, 100);
      CHECK(end.empty());
      const int pipe = co_await send_error(ends.client);
      CHECK(pipe == EPIPE);
      CHECK_THROWS_AS(ends.client.getpeername(), hob::OSError);
    }
    {
      Ends ends;  // a peer that is gone takes one write, and resets
      co_await connect(ends, network, "server");
      ends.server.close();
      co_await hob::sleep(1s);
      const int first = co_await send_error(ends.client);
      CHECK(first == 0);
      co_await hob::sleep(1s);
      const std::string end = co_await loop.sock_recv(ends.client, 100);
      CHECK(end.empty());
      const int second = co_await send_error(ends.client);
      CHECK(second == EPIPE);
    }
    {
      Ends ends;  // half-closed: the other direction goes on
      co_await connect(ends, network, "server");
      ends.client.shutdown_write();
      const int error = co_await send_error(ends.client);
      CHECK(error == EPIPE);
      const std::string end = co_await loop.sock_recv(ends.server, 100);
      CHECK(end.empty());
      co_await loop.sock_sendall(ends.server, "still");
      const std::string still = co_await loop.sock_recv(ends.client, 100);
      CHECK(still == "still");
    }
    hob::Socket fresh(Family::ipv4);
    const int not_connected = co_await receive_error(fresh);
    CHECK(not_connected == ENOTCONN);
    const int pipe = co_await send_error(fresh);
    CHECK(pipe == EPIPE);
    CHECK_THROWS_AS(fresh.shutdown_write(), hob::OSError);
    CHECK(fresh.getsockname().host == "0.0.0.0");
    co_await hob::sleep(1s);
    CHECK(network.sockets() == 1);
  };
  run_virtual(main());
}

TEST_CASE("a reset from outside, and by the seed") {
  const auto main = []() -> Coro<> {
    Network network(5);
    network.add_host("server", {"192.168.0.1"});
    Ends ends;
    co_await connect(ends, network, "server");
    CHECK(network.reset("localhost", "localhost") == 0);
    CHECK(network.reset("localhost", "server") == 1);
    const int here = co_await receive_error(ends.client);
    const int there = co_await receive_error(ends.server);
    CHECK(here == ECONNRESET);
    CHECK(there == ECONNRESET);
    CHECK(network.statistics().resets == 2);
    LinkOptions link;
    link.resets = 0.1;
    network.set_links(link);
    int broken = 0;
    for (int i = 0; i < 300; ++i) {
      hob::Socket client(Family::ipv4);
      auto& loop = hob::get_running_loop();
      const auto server = at("192.168.0.1", 80);
      const auto connected = co_await hob::as_result(loop.sock_connect(client, server));
      const int code = code_of(connected.exception());
      CHECK((code == 0 || code == ECONNREFUSED));
      if (code != 0) ++broken;
      if (code != 0) continue;
      auto accepted = co_await loop.sock_accept(ends.listener);
      const int sent = co_await send_error(client);
      CHECK((sent == 0 || sent == ECONNRESET));
      const int end = co_await receive_error(accepted.first);
      CHECK((end == 0 || end == ECONNRESET));
      if (end != 0) ++broken;
    }
    CHECK(broken > 30);
    CHECK(broken < 100);
  };
  run_virtual(main());
}

TEST_CASE("a partition stalls a connection; healed it loses nothing, else it is given up") {
  const auto main = []() -> Coro<> {
    Network network;
    network.add_host("server", {"192.168.0.1"});
    auto& loop = hob::get_running_loop();
    Ends ends;
    co_await connect(ends, network, "server");
    network.partition("localhost", "server");
    co_await loop.sock_sendall(ends.client, "held back");
    co_await hob::sleep(60s);
    CHECK(network.statistics().bytes == 0);
    network.heal("localhost", "server");
    const std::string got = co_await loop.sock_recv(ends.server, 100);
    CHECK(got == "held back");
    CHECK(now() < Duration(103s));  // the last try doubled 200 ms nine times
    co_await hob::sleep(1s);
    network.cut("server", "localhost");  // only acknowledgements are lost
    const Duration begin = now();
    co_await loop.sock_sendall(ends.client, "never acknowledged");
    const int error = co_await receive_error(ends.client);
    CHECK(error == ETIMEDOUT);
    CHECK(now() - begin > Duration(15min));
    CHECK(now() - begin < Duration(16min));
    const std::string read = co_await loop.sock_recv(ends.server, 100);
    CHECK(read == "never acknowledged");
    network.heal();
    const int sent = co_await send_error(ends.server);  // its peer has forgotten it
    CHECK(sent == 0);
    const int reset = co_await receive_error(ends.server);
    CHECK(reset == ECONNRESET);
  };
  run_virtual(main());
}

TEST_CASE("a full backlog drops attempts, which come again") {
  const auto main = []() -> Coro<> {
    Network network;
    network.add_host("server", {"192.168.0.1"});
    auto& loop = hob::get_running_loop();
    Ends first;
    co_await connect(first, network, "server");
    first.listener.listen(1);  // one more than that, as on Linux
    std::vector<hob::Task<hob::Stream>> clients;
    const auto dial = [] { return hob::open_connection("192.168.0.1", 80); };
    for (int i = 0; i < 3; ++i) clients.push_back(hob::create_task(dial));
    co_await hob::sleep(500ms);
    CHECK(clients[0].done());
    CHECK(clients[1].done());
    CHECK_FALSE(clients[2].done());
    CHECK(network.statistics().backlog_drops == 1);
    const auto one = co_await loop.sock_accept(first.listener);
    CHECK_FALSE(clients[2].done());
    co_await clients[2];
    CHECK(now() > Duration(1s));
    CHECK(now() < Duration(1100ms));
  };
  run_virtual(main());
}

TEST_CASE("a crash tells nobody; after the restart what is sent is answered by a reset") {
  const auto main = []() -> Coro<> {
    Network network;
    network.add_host("server", {"192.168.0.1"});
    Ends ends;
    co_await connect(ends, network, "server");
    network.crash("server");
    const int there = co_await receive_error(ends.server);
    CHECK(there == ENETDOWN);
    auto reading = hob::create_task(receive_error, std::ref(ends.client));
    co_await hob::sleep(1h);
    CHECK_FALSE(reading.done());  // half open
    const auto open_there = [](Network& net) -> Coro<int> {
      const auto scope = net.on("server");
      const auto tried = co_await hob::as_result(hob::start_server([](auto, auto) {}, "", 80));
      co_return code_of(tried.exception());
    };
    const int down = co_await open_there(network);
    CHECK(down == ENETDOWN);
    network.restart("server");
    const int sent = co_await send_error(ends.client);
    CHECK(sent == 0);
    const int error = co_await reading;
    CHECK(error == ECONNRESET);
    const int again = co_await open_there(network);
    CHECK(again == 0);
  };
  run_virtual(main());
}

TEST_CASE("a peer that never reads: memory stays at the marks, until it reads") {
  const auto main = []() -> Coro<> {
    NetworkOptions options;
    options.send_buffer = options.receive_buffer = 10'000;
    Network network(1, options);
    hob::Stream held;
    const auto keep = [&held](hob::StreamReader reader, hob::StreamWriter writer) {
      held = hob::Stream(reader, writer);
    };
    auto server = co_await hob::start_server(keep, "127.0.0.1", 0);
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    writer.set_write_buffer_limits(20'000);
    std::size_t written = 0;
    const auto flood = [&written](hob::StreamWriter to) -> Coro<> {
      const std::string part(1000, 'x');
      for (int i = 0; i < 1000; ++i) {
        to.write(part);
        written += part.size();
        co_await to.drain();
      }
      to.write_eof();
    };
    auto flooding = hob::create_task(flood, writer);
    co_await hob::sleep(1h);
    CHECK_FALSE(flooding.done());
    CHECK(network.buffered() == 20'000);
    CHECK(written <= 42'000);  // both buffers, the mark, and the write that went over it
    const std::string all = co_await held.reader.read();
    CHECK(all.size() == 1'000'000);
    co_await flooding;
    CHECK(network.buffered() == 0);
    server.close();
  };
  run_virtual(main());
}

// An edge tells of bytes and end together; a short read says "no more bytes", and must not say "no
// end". (A classic of edge-triggered loops: the connection then hangs.)
TEST_CASE("the end that comes with the last bytes is seen") {
  const auto main = []() -> Coro<> {
    Network network;
    network.set_links(LinkOptions(Duration()));
    const auto greet = [](hob::StreamReader, hob::StreamWriter writer) -> Coro<> {
      co_await hob::sleep(1s);
      writer.write("bye");
      writer.close();
    };
    auto server = co_await hob::start_server(greet, "127.0.0.1", 0);
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    const std::string all = co_await reader.read();
    CHECK(all == "bye");
    CHECK(now() == Duration(1s));
    server.close();
  };
  run_virtual(main());
}

TEST_CASE("Unix sockets: by path, abstract, in pairs") {
  const auto main = []() -> Coro<> {
    Network network;
    network.add_host("other");
    const auto echo = [](hob::StreamReader reader, hob::StreamWriter writer) -> Coro<> {
      const std::string all = co_await reader.read();
      writer.write(all);
    };
    const std::string abstract("\0name", 5);
    for (const std::string& path : {std::string("/run/echo"), abstract}) {
      auto server = co_await hob::start_unix_server(echo, path);
      auto [reader, writer] = co_await hob::open_unix_connection(path);
      CHECK(writer.get_extra_info().peername.host == path);
      writer.write("at once");
      writer.write_eof();
      const std::string answer = co_await reader.read();
      CHECK(answer == "at once");
      CHECK(now() == Duration());
      {
        const auto scope = network.on("other");  // files are a host's own
        const auto missing = co_await hob::as_result(hob::open_unix_connection(path));
        CHECK(code_of(missing.exception()) == ENOENT);
      }
      if (path == abstract) {  // a path would be taken over, as by asyncio
        const auto second = co_await hob::as_result(hob::start_unix_server(echo, path));
        CHECK(code_of(second.exception()) == EADDRINUSE);
      }
      server.close();
      co_await server.wait_closed();
      const auto gone = co_await hob::as_result(hob::open_unix_connection(path));
      CHECK(gone.exception());
    }
    auto& loop = hob::get_running_loop();
    auto [a, b] = hob::Socket::pair();
    co_await loop.sock_sendall(a, "pair");
    const std::string got = co_await loop.sock_recv(b, 100);
    CHECK(got == "pair");
    auto [c, d] = hob::Socket::pair(hob::SocketType::datagram);
    co_await loop.sock_sendall(c, "packet");
    const std::string packet = co_await loop.sock_recv(d, 100);
    CHECK(packet == "packet");
  };
  run_virtual(main());
}

TEST_CASE("when nothing can come any more that is a deadlock, and no hang") {
  const auto main = []() -> Coro<> {
    Network network;
    auto server = co_await hob::start_server([](auto, auto) {}, "127.0.0.1", 0);
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    hob::Stream kept(reader, writer);
    co_await hob::create_future();
  };
  CHECK_THROWS_AS(run_virtual(main()), hob::DeadlockError);
}

TEST_CASE("sockets that outlive their network are no more") {
  hob::Socket kept;
  const auto main = [&kept]() -> Coro<> {
    auto& loop = hob::get_running_loop();
    hob::Socket before(Family::ipv4);
    auto waits = [&](hob::Socket& socket) -> Coro<int> {
      co_return co_await receive_error(socket);
    };
    hob::Task<int> waiting;
    {
      Network network;
      CHECK_THROWS_AS(Network(), hob::RuntimeError);  // one at a time
      auto pair = hob::Socket::pair();
      kept = std::move(pair.first);
      waiting = hob::create_task(waits, std::ref(kept));
      co_await hob::sleep(1s);
      CHECK_THROWS_AS(loop.add_reader(kept.fileno(), [] {}), hob::ValueError);
      CHECK(before.fileno() < 1000);
    }
    const int error = co_await waiting;
    CHECK(error == EBADF);
    Network next;
    CHECK(hob::Socket(Family::ipv4).fileno() != kept.fileno());
    const int still = co_await send_error(kept);
    CHECK(still == EBADF);
  };
  run_virtual(main());
}

}  // namespace network_ends_test
