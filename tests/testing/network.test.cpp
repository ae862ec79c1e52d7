// SPDX-License-Identifier: MIT
// The network in memory: each of its features, by what a program sees of it.
#include <hob/hob.hpp>

#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/network.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <algorithm>
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

namespace network_test {
namespace {

Duration now() { return hob::get_running_loop().time(); }

Coro<> echo(hob::StreamReader reader, hob::StreamWriter writer) {
  while (true) {
    const auto data = co_await reader.read_some();
    if (data.empty()) break;
    writer.write(data);
    co_await writer.drain();
  }
}

/// A server on a host, at port 80.
Coro<hob::Server> serve_echo(hob::Text host) {
  co_return co_await hob::start_server(echo, host, 80);
}

int error_code(const std::exception_ptr& error) {
  if (!error) return 0;
  try {
    std::rethrow_exception(error);
  } catch (const hob::OSError& os) {
    return os.code();
  } catch (...) {
    return -1;
  }
}

/// Connects, and says how long that took and how it failed.
Coro<std::string> try_connect(hob::Text host, std::uint16_t port) {
  const Duration begin = now();
  const auto tried = co_await hob::as_result(hob::open_connection(host, port));
  const auto ms = (now() - begin).count_ns() / 1'000'000;
  const int code = error_code(tried.exception());
  const char* how = code == 0              ? "connected"
                    : code == ECONNREFUSED ? "refused"
                    : code == ETIMEDOUT    ? "timed out"
                    : code == ENETUNREACH  ? "unreachable"
                                           : "failed otherwise";
  co_return std::string(how) + " after " + std::to_string(ms) + " ms";
}

Coro<std::string> ask(hob::Text host, std::string question) {
  auto [reader, writer] = co_await hob::open_connection(host, 80);
  writer.write(question);
  writer.write_eof();
  std::string answer = co_await reader.read();
  writer.close();
  co_await writer.wait_closed();
  co_return answer;
}

}  // namespace

TEST_CASE("an echo, in exactly the time that its packets take") {
  const auto main = []() -> Coro<> {
    Network network;
    network.add_host("server");
    network.set_link("localhost", "server", LinkOptions(10ms));
    auto server = co_await network.create_task("server", serve_echo, "server");
    CHECK(server.port() == 80);
    const std::string answer = co_await ask("server", "hello");
    CHECK(answer == "hello");
    // There and back for the connection, and again for the question and its answer.
    CHECK(now() == Duration(40ms));
    CHECK(network.statistics().connections == 1);
    CHECK(network.statistics().bytes == 10);
    server.close();
    co_await server.wait_closed();
    co_await hob::sleep(1s);
    CHECK(network.sockets() == 0);
  };
  run_virtual(main());
}

TEST_CASE("who does not answer, who refuses, and who is not there") {
  const auto main = []() -> Coro<> {
    Network network;
    network.add_host("here", {"192.168.0.1"});
    network.add_host("there", {"192.168.0.2"});
    network.add_host("six", {"2001:db8::6"});
    network.set_link("here", "there", LinkOptions(10ms));
    const auto scope = network.on("here");
    const std::string refused = co_await try_connect("there", 80);
    CHECK(refused == "refused after 20 ms");
    const std::string nobodys = co_await try_connect("192.0.2.1", 80);
    CHECK(nobodys == "timed out after 127000 ms");
    network.partition("here", "there");
    const std::string parted = co_await try_connect("there", 80);
    CHECK(parted == "timed out after 127000 ms");
    CHECK(network.statistics().timeouts == 2);
    CHECK(network.statistics().refused == 1);
    const std::string own = co_await try_connect("127.0.0.1", 80);
    CHECK(own == "refused after 0 ms");
    const auto from_six = [](Network& net) -> Coro<std::string> {
      const auto on_six = net.on("six");
      co_return co_await try_connect("192.0.2.1", 80);
    };
    const std::string unreachable = co_await from_six(network);
    CHECK(unreachable == "unreachable after 0 ms");
    network.heal();
    auto server = co_await network.create_task("there", serve_echo, "");
    const std::string connected = co_await try_connect("there", 80);
    CHECK(connected == "connected after 20 ms");
    server.close();
    co_await server.wait_closed();
  };
  run_virtual(main());
}

TEST_CASE("names are those of the network, and take the time that was chosen") {
  const auto main = []() -> Coro<> {
    NetworkOptions options;
    options.look_up = 30ms;
    Network network(1, options);
    network.add_host("api.example", {"192.0.2.1", "2001:db8::1"});
    network.add_name("www.example", {"192.0.2.1"});
    network.add_name("flaky.example", {});
    const auto infos = co_await hob::getaddrinfo("api.example", "https");
    CHECK(now() == Duration(30ms));
    CHECK(infos.size() == 2);
    CHECK(infos.at(0).address.host == "192.0.2.1");
    CHECK(infos.at(1).address.host == "2001:db8::1");
    CHECK(infos.at(1).address.port == 443);
    const auto names = co_await hob::getnameinfo(infos[1].address);
    CHECK(names.first == "api.example");
    const auto unknown = co_await hob::as_result(hob::open_connection("nowhere.example", 80));
    CHECK(hob::type_name(unknown.exception()) == "GaiError");
    const auto flaky = co_await hob::as_result(hob::open_connection("flaky.example", 80));
    CHECK(hob::type_name(flaky.exception()) == "GaiError");
    CHECK(hob::describe(unknown.exception()) != hob::describe(flaky.exception()));
    CHECK(network.address("api.example") == "192.0.2.1");
    CHECK_THROWS_AS(network.address("nowhere"), hob::LookupError);
    CHECK_THROWS_AS(network.add_host("api.example"), hob::ValueError);
    CHECK_THROWS_AS(network.add_host("other", {"192.0.2.1"}), hob::ValueError);
    CHECK_THROWS_AS(network.add_name("x", {"not an address"}), hob::ValueError);
  };
  run_virtual(main());
}

TEST_CASE("tasks are on the host of whoever made them, and handlers on their server's") {
  const auto main = []() -> Coro<> {
    Network network;
    network.add_host("proxy");
    network.add_host("origin");
    auto origin = co_await network.create_task("origin", serve_echo, "");
    std::string seen;
    const auto relay = [&seen](hob::StreamReader reader, hob::StreamWriter writer) -> Coro<> {
      seen = writer.get_extra_info().peername.host;
      const std::string question = co_await reader.read();
      const std::string answer = co_await ask("origin", question);
      writer.write(answer);
    };
    const auto serve_proxy = [&relay]() -> Coro<hob::Server> {
      co_return co_await hob::start_server(relay, "", 80);
    };
    auto proxy = co_await network.create_task("proxy", serve_proxy);
    network.partition("localhost", "origin");  // only the proxy reaches it
    const std::string answer = co_await ask("proxy", "through");
    CHECK(answer == "through");
    CHECK(seen != network.address("proxy"));
    {
      const auto scope = network.on("proxy");
      const std::string own = co_await ask("proxy", "own");
      CHECK(own == "own");
      CHECK(seen == network.address("proxy"));
    }
    proxy.close();
    origin.close();
    co_await proxy.wait_closed();
  };
  run_virtual(main());
}

TEST_CASE("bandwidth: a megabyte at 100 kB/s takes ten seconds, and jitter reorders no byte") {
  const auto main = []() -> Coro<> {
    Network network(3);
    network.add_host("server");
    LinkOptions link(5ms);
    link.bandwidth = 100'000;
    link.jitter = 50ms;
    link.ragged = true;
    network.set_link("localhost", "server", link);
    std::string got;
    const auto collect = [&got](hob::StreamReader reader, hob::StreamWriter) -> Coro<> {
      got = co_await reader.read();
    };
    const auto serve = [&collect]() -> Coro<hob::Server> {
      co_return co_await hob::start_server(collect, "", 80);
    };
    auto server = co_await network.create_task("server", serve);
    auto [reader, writer] = co_await hob::open_connection("server", 80);
    std::string bytes(1'000'000, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i % 251);
    writer.write(bytes);
    writer.close();
    co_await writer.wait_closed();
    while (server.connections() > 0) co_await hob::sleep(1ms);
    CHECK((got == bytes));
    CHECK(now() > Duration(10s));
    CHECK(now() <
          Duration(16s));  // with the headers of segments of 700 bytes on average, and waits
    server.close();
  };
  run_virtual(main());
}

TEST_CASE("a loss is a stall of a connection, and the end of a datagram") {
  const auto main = []() -> Coro<> {
    Network network(1);
    network.add_host("server");
    auto server = co_await network.create_task("server", serve_echo, "");
    auto [reader, writer] = co_await hob::open_connection("server", 80);
    LinkOptions lossy(1ms);
    lossy.loss = 0.5;
    network.set_link("localhost", "server", lossy);
    for (int i = 0; i < 100; ++i) {
      writer.write("12345");
      const std::string back = co_await reader.readexactly(5);
      CHECK(back == "12345");
    }
    CHECK(network.statistics().stalls > 50);
    CHECK(now() > Duration(10s));
    writer.close();
    server.close();
    co_await server.wait_closed();
    hob::DatagramOptions here;
    here.local_host = "127.0.0.1";
    auto receiver = co_await hob::create_datagram_endpoint(here);
    auto sender = co_await hob::create_datagram_endpoint(here);
    lossy.duplicates = 0.25;
    network.set_link("localhost", "localhost", lossy);
    for (int i = 0; i < 1000; ++i) co_await sender.sendto("x", receiver.getsockname());
    int got = 0;
    while (true) {
      const auto one = co_await hob::as_result(hob::wait_for(receiver.recvfrom(), 1s));
      if (!one) break;
      ++got;
    }
    CHECK(got > 550);  // half of 1000, and a quarter of those twice
    CHECK(got < 700);
    CHECK(network.statistics().datagrams == static_cast<std::uint64_t>(got));
  };
  run_virtual(main());
}

TEST_CASE("datagrams overtake each other, are refused, and fall from a full queue") {
  const auto main = []() -> Coro<> {
    NetworkOptions options;
    options.receive_buffer = 1000;
    Network network(7, options);
    network.add_host("server");
    LinkOptions link(1ms);
    link.jitter = 100ms;
    network.set_link("localhost", "server", link);
    const auto open = []() -> Coro<hob::DatagramEndpoint> {
      hob::DatagramOptions any;
      any.local_host = "0.0.0.0";
      any.local_port = 53;
      co_return co_await hob::create_datagram_endpoint(any);
    };
    auto server = co_await network.create_task("server", open);
    hob::DatagramOptions to;
    to.remote_host = "server";
    to.remote_port = 53;
    auto client = co_await hob::create_datagram_endpoint(to);
    std::string sent;
    for (char c = 'a'; c <= 'z'; ++c) {
      sent += c;
      co_await client.send(std::string(1, c));
    }
    std::string got;
    while (got.size() < sent.size()) {
      const auto one = co_await server.recvfrom();
      got += one.data;
      CHECK(one.address == client.getsockname());
    }
    CHECK(got != sent);
    std::string sorted = got;
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted == sent);
    for (int i = 0; i < 30; ++i) co_await client.send(std::string(100, 'x'));
    co_await hob::sleep(1s);
    CHECK(network.statistics().drops == 20);
    CHECK(network.buffered() == 1000);
    to.remote_port = 54;  // nobody's
    auto wrong = co_await hob::create_datagram_endpoint(to);
    co_await wrong.send("?");
    const auto refused = co_await hob::as_result(wrong.recvfrom());
    CHECK(error_code(refused.exception()) == ECONNREFUSED);
    const auto too_long = co_await hob::as_result(client.send(std::string(70'000, 'x')));
    CHECK(error_code(too_long.exception()) == EMSGSIZE);
  };
  run_virtual(main());
}

TEST_CASE("a broadcast and a group reach all hosts that want them") {
  const auto main = []() -> Coro<> {
    Network network;
    network.add_host("a");
    network.add_host("b");
    const auto open = [](const char* group) -> Coro<hob::DatagramEndpoint> {
      hob::DatagramOptions any;
      any.local_host = "0.0.0.0";
      any.local_port = 5353;
      auto endpoint = co_await hob::create_datagram_endpoint(any);
      if (group) endpoint.socket().join_group(group);
      co_return endpoint;
    };
    auto a = co_await network.create_task("a", open, "239.1.1.1");
    auto b = co_await network.create_task("b", open, nullptr);
    hob::DatagramOptions options;
    options.local_host = "0.0.0.0";
    auto sender = co_await hob::create_datagram_endpoint(options);
    hob::SocketAddress group;
    group.family = hob::SocketAddress::Family::ipv4;
    group.host = "239.1.1.1";
    group.port = 5353;
    co_await sender.sendto("group", group);
    const auto at_a = co_await a.recvfrom();
    CHECK(at_a.data == "group");
    const auto not_at_b = co_await hob::as_result(hob::wait_for(b.recvfrom(), 1s));
    CHECK(not_at_b.exception());
    group.host = "255.255.255.255";
    const auto forbidden = co_await hob::as_result(sender.sendto("all", group));
    CHECK(error_code(forbidden.exception()) == EACCES);
    sender.socket().set_broadcast();
    co_await sender.sendto("all", group);
    const auto all_a = co_await a.recvfrom();
    const auto all_b = co_await b.recvfrom();
    CHECK(all_a.data + all_b.data == "allall");
  };
  run_virtual(main());
}

}  // namespace network_test
