// SPDX-License-Identifier: MIT
// Every call of the kernel fails: plain sockets, packets, names, and connecting in several ways.
#include <hob/hob.hpp>

#include "support/faults.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using hob::Socket;

namespace net_faults_test {
namespace {

const hob::SocketAddress kAnyPort{Socket::Family::ipv4, 0, 0, 0, "127.0.0.1"};

hob::Coro<> serve_one(Socket& listener) {
  auto& loop = hob::get_running_loop();
  auto accepted = co_await loop.sock_accept(listener);
  std::string got;
  while (got.size() < 4) {
    const std::string more = co_await loop.sock_recv(accepted.first, 100);
    if (more.empty()) co_return;
    got += more;
  }
  co_await loop.sock_sendall(accepted.first, got);
}

hob::Coro<> plain_sockets() {
  auto& loop = hob::get_running_loop();
  Socket listener(Socket::Family::ipv4);
  listener.set_reuse_address();
  listener.bind(kAnyPort);
  listener.listen();
  const auto address = listener.getsockname();
  auto serving = hob::create_task(serve_one, std::ref(listener));
  const auto client = [&loop](hob::SocketAddress to) -> hob::Coro<> {
    Socket socket(Socket::Family::ipv4);
    co_await loop.sock_connect(socket, to);
    co_await loop.sock_sendall(socket, "ping");
    std::string got;
    while (got.size() < 4) {
      const std::string more = co_await loop.sock_recv(socket, 4 - got.size());
      if (more.empty()) throw hob::OSError(ECONNRESET, "cut off");
      got += more;
    }
    CHECK(got == "ping");
    const auto peer = socket.getpeername();
    CHECK(peer.port == to.port);
  };
  const auto asked = co_await hob::as_result(client(address));
  if (!asked) serving.cancel();
  const auto served = co_await hob::as_result(serving);
  if (!served && !served.cancelled()) served.value();
  asked.value();
}

// One short count there may be, in which case the answer is short: nothing else is known of it.
hob::Coro<> pair_of_sockets() {
  auto& loop = hob::get_running_loop();
  auto [a, b] = Socket::pair();
  const std::string much(70'000, 'm');
  const auto send = [&loop, &much](Socket& to) -> hob::Coro<> {
    co_await loop.sock_sendall(to, much);
    to.shutdown_write();
  };
  auto sending = hob::create_task(send, std::ref(a));
  const auto receive = [&loop](Socket& from) -> hob::Coro<std::string> {
    std::string all;
    while (true) {
      char bytes[8192];
      const std::size_t n = co_await loop.sock_recv_into(from, bytes, sizeof bytes);
      if (n == 0) break;
      all.append(bytes, n);
    }
    co_return all;
  };
  const auto received = co_await hob::as_result(receive(b));
  if (!received) sending.cancel();
  const auto sent = co_await hob::as_result(sending);
  if (!sent && !sent.cancelled()) sent.value();
  const std::string& all = received.value();
  if (all.size() < much.size()) throw hob::OSError(ECONNRESET, "cut off");
  CHECK(all == much);
}

hob::Coro<> packets() {
  hob::DatagramOptions options;
  options.local_host = "127.0.0.1";
  auto receiver = co_await hob::create_datagram_endpoint(options);
  const auto to = receiver.getsockname();
  hob::DatagramOptions connected;
  connected.remote_host = "127.0.0.1";
  connected.remote_port = to.port;
  auto sender = co_await hob::create_datagram_endpoint(connected);
  co_await sender.send("one");
  co_await sender.send("two");
  const auto first = co_await receiver.recvfrom();
  const auto second = co_await receiver.recvfrom();
  // Packets have borders: a short count cuts one off, and never moves into the next.
  CHECK(std::string_view("one").starts_with(first.data));
  CHECK(std::string_view("two").starts_with(second.data));
}

hob::Coro<> names() {
  const auto found = co_await hob::getaddrinfo("localhost", "80");
  CHECK(!found.empty());
  const auto name = co_await hob::getnameinfo(found.front().address, {.numeric_host = true});
  CHECK(!name.first.empty());
}

hob::Coro<> send_a_file() {
  auto& loop = hob::get_running_loop();
  std::FILE* file = std::tmpfile();
  REQUIRE(file);
  std::fputs("from a file", file);
  std::fflush(file);
  struct Close {
    std::FILE* f;
    ~Close() { std::fclose(f); }
  } const close{file};
  auto [a, b] = Socket::pair();
  const std::size_t sent = co_await loop.sock_sendfile(a, ::fileno(file), 0, 11);
  CHECK(sent == 11);
  std::string all;
  while (all.size() < 11) all += co_await loop.sock_recv(b, 20);
  CHECK(all == "from a file");
}

hob::Coro<> race() {
  const auto handler = [](hob::StreamReader reader, hob::StreamWriter writer) -> hob::Coro<> {
    const std::string line = co_await reader.readline();
    writer.write(line);
  };
  auto server = co_await hob::start_server(handler, "127.0.0.1", 0);
  const auto client = [](hob::Server to) -> hob::Coro<> {
    hob::ConnectionOptions options;
    options.happy_eyeballs_delay = 250ms;
    options.local_host = "127.0.0.1";
    options.family = hob::AddressFamily::ipv4;
    auto [reader, writer] = co_await hob::open_connection("localhost", to.port(), options);
    writer.write("hello\n");
    const std::string line = co_await reader.readline();
    if (line != "hello\n") throw hob::OSError(ECONNRESET, "cut off");
    writer.close();
    co_await writer.wait_closed();
  };
  const auto ended = co_await hob::as_result(client(server));
  server.close();
  server.abort_clients();
  co_await server.wait_closed();
  ended.value();
}

}  // namespace

TEST_CASE("plain sockets: every call fails") {
  hob::testing::FaultOptions options;
  options.may_throw = support::is_fault_or_lost;
  support::fail_everywhere(plain_sockets, std::move(options));
}

TEST_CASE("a pair of sockets and much data: every call fails") {
  hob::testing::FaultOptions options;
  options.may_throw = support::is_fault_or_lost;
  options.calls_max = 12;
  support::fail_everywhere(pair_of_sockets, std::move(options));
}

TEST_CASE("packets: every call fails") { support::fail_everywhere(packets); }

TEST_CASE("names: the resolver fails") {
  hob::testing::FaultOptions options;
  options.count_blocks = false;  // threads
  support::fail_everywhere(names, std::move(options));
}

TEST_CASE("sock_sendfile: every call fails") { support::fail_everywhere(send_a_file); }

TEST_CASE("connecting by name, with a delay: every call fails") {
  hob::testing::FaultOptions options;
  options.count_blocks = false;  // threads
  options.may_throw = [](const hob::testing::Fault& fault, const std::exception_ptr& error) {
    return support::is_fault_or_lost(fault, error) || hob::type_name(error) == "GaiError";
  };
  support::fail_everywhere(race, std::move(options));
}

}  // namespace net_faults_test
