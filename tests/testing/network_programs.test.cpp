// SPDX-License-Identifier: MIT
// Whole programs over the network in memory: Happy Eyeballs to the millisecond, cancellations at
// every suspension, ten thousand slow clients.
#include <hob/hob.hpp>

#include <hob/testing/cancel_everywhere.hpp>
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

namespace network_programs_test {
namespace {

Duration now() { return hob::get_running_loop().time(); }

Coro<hob::Server> serve_nothing() {
  co_return co_await hob::start_server([](auto, auto) {}, "", 80);
}

/// What connecting to "dual" gives, and after how long.
Coro<std::string> dial(Duration delay, int interleave = -1) {
  hob::ConnectionOptions options;
  options.happy_eyeballs_delay = delay;
  options.interleave = interleave;
  const Duration begin = now();
  const auto tried = co_await hob::as_result(hob::open_connection("dual", 80, options));
  const auto ms = std::to_string((now() - begin).count_ns() / 1'000'000) + " ms";
  if (!tried) co_return "nobody after " + ms;
  const auto& stream = tried.value();
  co_return stream.writer.get_extra_info().peername.host + " after " + ms;
}

/// Three hosts behind one name: a fast one, a slow one, and one with nobody at the port.
class Dual {
 public:
  explicit Dual(Network& network) : network_(network) {
    network.add_host("fast", {"192.0.2.1"});
    network.add_host("slow", {"2001:db8::2"});
    network.add_host("idle", {"2001:db8::3"});
    network.set_link("localhost", "fast", LinkOptions(10ms));
    network.set_link("localhost", "slow", LinkOptions(200ms));
    network.set_link("localhost", "idle", LinkOptions(30ms));
  }
  Dual(const Dual&) = delete;
  Dual& operator=(const Dual&) = delete;
  ~Dual() {
    for (const hob::Server& each : servers_) each.close();
  }
  Coro<> serve() {
    servers_.push_back(co_await network_.create_task("fast", serve_nothing));
    servers_.push_back(co_await network_.create_task("slow", serve_nothing));
  }

 private:
  Network& network_;
  std::vector<hob::Server> servers_;
};

}  // namespace

// RFC 8305: the next attempt starts 250 ms (here) after the last, or at once when that has failed.
TEST_CASE("Happy Eyeballs, to the millisecond") {
  const auto main = []() -> Coro<> {
    Network network;
    Dual dual(network);
    co_await dual.serve();
    const auto expect = [](std::string got, const std::string& wanted) { CHECK(got == wanted); };
    network.add_name("dual", {"2001:db8::2", "192.0.2.1"});
    std::string got = co_await dial(250ms);  // 400 ms for the slow one
    expect(got, "192.0.2.1 after 270 ms");
    got = co_await dial(500ms);
    expect(got, "2001:db8::2 after 400 ms");
    got = co_await dial(Duration::forever());
    expect(got, "2001:db8::2 after 400 ms");
    network.add_name("dual", {"2001:db8::3", "192.0.2.1"});  // refused after 60 ms
    got = co_await dial(250ms);
    expect(got, "192.0.2.1 after 80 ms");
    network.add_name("dual", {"2001:db8::99", "192.0.2.1"});  // nobody's: no answer
    got = co_await dial(250ms);
    expect(got, "192.0.2.1 after 270 ms");
    got = co_await dial(Duration::forever());
    expect(got, "192.0.2.1 after 127020 ms");
    // Families take turns, unless the first is to have more.
    network.add_name("dual", {"2001:db8::98", "2001:db8::99", "192.0.2.1"});
    got = co_await dial(250ms);
    expect(got, "192.0.2.1 after 270 ms");
    got = co_await dial(250ms, 2);
    expect(got, "192.0.2.1 after 520 ms");
    // An answer that comes while another attempt is under way wins.
    network.add_name("dual", {"2001:db8::2", "192.0.2.99"});
    got = co_await dial(250ms);
    expect(got, "2001:db8::2 after 400 ms");
    network.add_name("dual", {"2001:db8::98", "192.0.2.99", "2001:db8::3"});
    got = co_await dial(250ms);
    expect(got, "nobody after 127250 ms");
    co_await hob::sleep(1s);
    CHECK(network.sockets() == 4);  // of two servers, for each family: nothing else is left
  };
  run_virtual(main());
}

namespace {

void everywhere(Coro<> (*scenario)(), std::size_t at_least) {
  for (const std::uint64_t seed : {0, 1, 2}) {
    hob::testing::CancelOptions options;
    options.seed = seed;
    try {
      CHECK(hob::testing::cancel_everywhere(scenario, options) >= at_least);
    } catch (const hob::testing::CancelFailure& failure) {
      FAIL(std::string(failure.what()));
    }
  }
}

LinkOptions rough() {
  LinkOptions link(5ms);
  link.jitter = 5ms;
  link.ragged = true;
  link.segment = 3;
  link.short_reads = link.short_writes = 0.5;
  return link;
}

Coro<> echo(hob::StreamReader reader, hob::StreamWriter writer) {
  while (true) {
    const auto data = co_await reader.read_some();
    if (data.empty()) break;
    writer.write(data);
    co_await writer.drain();
  }
}

Coro<> talk(std::uint16_t port) {
  hob::ConnectionOptions options;
  options.happy_eyeballs_delay = 5ms;
  auto [reader, writer] = co_await hob::open_connection("server", port, options);
  writer.write("hello, ");
  writer.write("world");
  co_await writer.drain();
  writer.write_eof();
  const std::string answer = co_await reader.read();
  if (answer != "hello, world") throw hob::RuntimeError("lost bytes: " + answer);
  writer.close();
  co_await writer.wait_closed();
}

Coro<> streams() {
  NetworkOptions network_options;
  network_options.look_up = 1ms;
  Network network(1, network_options);
  network.add_host("server");
  network.set_links(rough());
  const auto serve = []() -> Coro<hob::Server> {
    co_return co_await hob::start_server(echo, "server", 80);
  };
  auto server = co_await network.create_task("server", serve);
  const auto ended = co_await hob::as_result(talk(80));
  server.close();
  server.abort_clients();
  ended.value();
  co_await server.wait_closed();
}

/// Both ends in one task, so that a cancellation meets each of their calls.
Coro<> sockets() {
  Network network;
  network.add_host("server", {"192.168.0.1"});
  network.set_links(rough());
  auto& loop = hob::get_running_loop();
  hob::SocketAddress address;
  address.family = Family::ipv4;
  address.host = "192.168.0.1";
  address.port = 80;
  const auto scope = network.on("server");
  hob::Socket listener(Family::ipv4);
  listener.bind(address);
  listener.listen();
  hob::Socket client(Family::ipv4);
  co_await loop.sock_connect(client, address);
  auto [server, peer] = co_await loop.sock_accept(listener);
  co_await loop.sock_sendall(client, "0123456789");
  std::string got;
  while (got.size() < 10) got += co_await loop.sock_recv(server, 100);
  if (got != "0123456789") throw hob::RuntimeError("lost bytes: " + got);
  client.shutdown_write();
  got = co_await loop.sock_recv(server, 100);
  if (!got.empty()) throw hob::RuntimeError("no end");
  hob::DatagramOptions options;
  options.local_host = "127.0.0.1";
  auto endpoint = co_await hob::create_datagram_endpoint(options);
  co_await endpoint.sendto("packet", endpoint.getsockname());
  const hob::Datagram packet = co_await endpoint.recvfrom();
  if (packet.data != "packet") throw hob::RuntimeError("a wrong packet");
}

/// What a cancelled read has not given, the next one gives.
Coro<> nothing_is_lost() {
  Network network;
  network.set_links(rough());
  std::string got;
  const auto collect = [&got](hob::StreamReader reader, hob::StreamWriter) -> Coro<> {
    while (true) {
      const auto part = co_await hob::as_result(hob::wait_for(reader.readexactly(7), 3ms));
      if (part) got += part.value();
      if (part || !reader.at_eof()) continue;
      break;
    }
  };
  auto server = co_await hob::start_server(collect, "127.0.0.1", 0);
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
  std::string all;
  for (int i = 0; i < 70; ++i) all += static_cast<char>('a' + i % 26);
  writer.write(all);
  writer.close();
  co_await writer.wait_closed();
  co_await hob::sleep(1min);
  server.close();
  if (got != all) throw hob::RuntimeError("lost bytes: " + got);
}

}  // namespace

TEST_CASE("streams can be cancelled everywhere") { everywhere(streams, 7); }
TEST_CASE("sockets can be cancelled everywhere") { everywhere(sockets, 6); }
TEST_CASE("reads that are cancelled every 3 ms lose nothing") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) run_virtual(nothing_is_lost(), seed);
}

// Each sends a byte every ten seconds and never ends its line: the attack called slowloris.
TEST_CASE("ten thousand slow clients: bounded memory, and others are served") {
  static constexpr int kSlow = 10'000;
  const auto main = []() -> Coro<> {
    NetworkOptions network_options;
    network_options.log_events = 0;
    Network network(1, network_options);
    network.add_host("server");
    network.add_host("slow");
    const auto lines = [](hob::StreamReader reader, hob::StreamWriter writer) -> Coro<> {
      while (true) {
        const std::string line = co_await reader.readline();
        if (line.empty()) break;
        writer.write(line);
      }
    };
    const auto serve = [&lines]() -> Coro<hob::Server> {
      hob::ServerOptions options;
      options.backlog = kSlow;
      co_return co_await hob::start_server(lines, "", 80, options);
    };
    auto server = co_await network.create_task("server", serve);
    const auto slow = []() -> Coro<> {
      auto [reader, writer] = co_await hob::open_connection("server", 80);
      while (true) {
        writer.write("x");
        co_await hob::sleep(10s);
      }
    };
    std::vector<hob::Task<>> attack;
    for (int i = 0; i < kSlow; ++i) attack.push_back(network.create_task("slow", slow));
    co_await hob::sleep(5s);  // those beyond the system's largest backlog come again after 1 s
    CHECK(server.connections() == kSlow);
    auto [reader, writer] = co_await hob::open_connection("server", 80);
    for (int i = 0; i < 60; ++i) {
      const Duration begin = now();
      writer.write("ping\n");
      const std::string pong = co_await reader.readline();
      CHECK(pong == "ping\n");
      CHECK(now() - begin == Duration(2ms));  // there and back
      co_await hob::sleep(1s);
    }
    CHECK(network.buffered() == 0);  // all is in the readers: six or seven bytes each
    CHECK(network.statistics().bytes >= 6 * kSlow);
    for (auto& each : attack) each.cancel();
    server.close();
    server.abort_clients();
    co_await server.wait_closed();
  };
  run_virtual(main());
}

}  // namespace network_programs_test
