// SPDX-License-Identifier: MIT
// The sock_* functions as what they are, awaiters: what a wrong use of them says, when others may
// run, and what a cancellation leaves behind.
#include <hob/hob.hpp>

#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Socket;

namespace socket_awaiter_test {
namespace {

Coro<std::string> receive(Socket& from, std::size_t size) {
  co_return co_await hob::get_running_loop().sock_recv(from, size);
}

/// A receiver that has not tried yet, because it had many results at once before.
Coro<std::string> receive_after_many(Socket& from, Socket& other, Socket& peer, int results) {
  auto& loop = hob::get_running_loop();
  for (int i = 0; i < results; ++i) {
    co_await loop.sock_sendall(peer, "x");
    co_await loop.sock_recv(other, 1);
  }
  co_return co_await loop.sock_recv(from, 10);
}

}  // namespace

TEST_CASE("one task at a time waits for a side of a socket") {
  const auto main = []() -> Coro<> {
    auto& loop = hob::get_running_loop();
    auto [a, b] = Socket::pair();
    auto first = hob::create_task(receive, std::ref(a), 10);
    co_await hob::sleep(0s);
    const auto second = co_await hob::as_result(receive(a, 10));
    CHECK(hob::type_name(second.exception()) == "RuntimeError");
    co_await loop.sock_sendall(a, "the other side is another matter");
    co_await loop.sock_sendall(b, "for the first");
    const std::string got = co_await first;
    CHECK(got == "for the fi");
    const std::string rest = co_await loop.sock_recv(a, 10);
    CHECK(rest == "rst");
  };
  hob::testing::run_virtual(main());
}

TEST_CASE("errors are thrown where the call is awaited") {
  auto other_pair = Socket::pair();
  hob::EventLoop other;
  other.run_until_complete(other.sock_sendall(other_pair.first, "x"));
  const auto main = [&]() -> Coro<> {
    auto& loop = hob::get_running_loop();
    Socket closed;
    const auto received = co_await hob::as_result(loop.sock_recv(closed, 1));
    CHECK(hob::type_name(received.exception()) == "OSError");
    const auto sent = co_await hob::as_result(loop.sock_sendall(closed, "x"));
    CHECK(hob::type_name(sent.exception()) == "OSError");
    const auto foreign = co_await hob::as_result(loop.sock_sendall(other_pair.first, "x"));
    CHECK(hob::type_name(foreign.exception()) == "RuntimeError");
    const auto accepted = co_await hob::as_result(loop.sock_accept(closed));
    CHECK(hob::type_name(accepted.exception()) == "OSError");
  };
  hob::run(main());
}

TEST_CASE("what takes an awaitable takes a call of a socket") {
  const auto main = []() -> Coro<> {
    auto& loop = hob::get_running_loop();
    auto [a, b] = Socket::pair();
    const auto late = co_await hob::as_result(hob::wait_for(loop.sock_recv(a, 10), 1s));
    CHECK(hob::type_name(late.exception()) == "TimeoutError");
    auto [got, sent] = co_await hob::gather(loop.sock_recv(a, 10), loop.sock_sendall(b, "abc"));
    static_cast<void>(sent);
    CHECK(got == "abc");
    auto task = hob::ensure_future(loop.sock_recv(a, 10));
    co_await hob::sleep(0s);
    task.cancel();
    co_await hob::as_result(task);
    CHECK(task.cancelled());
    co_await loop.sock_sendall(b, "not lost");
    const std::string left = co_await loop.sock_recv(a, 10);
    CHECK(left == "not lost");
  };
  hob::testing::run_virtual(main());
}

TEST_CASE("a receiver that is given everything at once lets others run") {
  const auto main = []() -> Coro<> {
    auto& loop = hob::get_running_loop();
    auto [a, b] = Socket::pair();
    bool ran = false;
    loop.call_soon([&ran] { ran = true; });
    int rounds = 0;
    while (!ran && rounds < 100'000) {
      co_await loop.sock_sendall(b, "x");
      const std::string got = co_await loop.sock_recv(a, 1);
      CHECK(got == "x");
      ++rounds;
    }
    CHECK(ran);
  };
  hob::testing::run_virtual(main());
}

// At one of the counts the cancellation comes when the call was not tried yet.
TEST_CASE("a call that was cancelled before it was tried has had no effect") {
  const auto main = []() -> Coro<> {
    auto& loop = hob::get_running_loop();
    for (int results = 0; results < 80; ++results) {
      auto [a, b] = Socket::pair();
      auto [c, d] = Socket::pair();
      co_await loop.sock_sendall(b, "kept");
      auto task =
          hob::create_task(receive_after_many, std::ref(a), std::ref(c), std::ref(d), results);
      co_await hob::sleep(0s);
      if (task.cancel()) {
        co_await hob::as_result(task);
        CHECK(task.cancelled());
        const std::string got = co_await loop.sock_recv(a, 10);
        CHECK(got == "kept");
      } else {
        CHECK(task.result() == "kept");
      }
    }
  };
  hob::testing::run_virtual(main());
}

TEST_CASE("of a stream comes what there is, however much was asked for") {
  const auto main = []() -> Coro<> {
    auto& loop = hob::get_running_loop();
    auto [a, b] = Socket::pair();
    const std::string much(3'000'000, 'm');
    const auto send = [](Socket& to, std::string_view data) -> Coro<> {
      co_await hob::get_running_loop().sock_sendall(to, data);
      to.shutdown_write();
    };
    auto sending = hob::create_task(send, std::ref(b), std::string_view(much));
    std::string all;
    while (true) {
      const std::string part = co_await loop.sock_recv(a, much.size());
      if (part.empty()) break;
      all += part;
    }
    CHECK(all == much);
    co_await sending;
  };
  hob::run(main());
}

TEST_CASE("datagrams are whole, however large") {
  const auto main = []() -> Coro<> {
    auto& loop = hob::get_running_loop();
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
    auto packets = std::pair(Socket::adopt(ends[0]), Socket::adopt(ends[1]));
    packets.first.setsockopt(SOL_SOCKET, SO_SNDBUF, 1 << 20);
    const std::string packet(150'000, 'p');  // more than the loop's buffer holds
    co_await loop.sock_sendall(packets.first, packet);
    const std::string whole = co_await loop.sock_recv(packets.second, 1 << 20);
    CHECK(whole.size() == packet.size());
    co_await loop.sock_sendall(packets.first, "cut off");
    const std::string cut = co_await loop.sock_recv(packets.second, 3);
    CHECK(cut == "cut");
  };
  hob::LoopOptions options;
  options.driver = hob::Driver::epoll;  // the network in memory knows no packet of that size
  hob::run(main(), options);
}

}  // namespace socket_awaiter_test
