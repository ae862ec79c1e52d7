// SPDX-License-Identifier: MIT
// The bug museum, room of descriptors: bugs that other libraries had with one that is closed, or is
// somebody else's by now.
#include "museum/drivers.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Socket;

namespace museum_stale {
namespace {

// Both readers are in one batch of events; whoever runs first closes the other's descriptor, whose
// number a silent socket then gets. The other's event is not that socket's.
Coro<> event_of_a_closed_descriptor() {
  auto& loop = hob::get_running_loop();
  int first[2];
  int second[2];
  int silent[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, first) == 0);
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, second) == 0);
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, silent) == 0);
  int calls = 0;
  int wrong = 0;
  const auto replace = [&](int mine, int other) {
    ++calls;
    loop.remove_reader(mine);
    loop.remove_reader(other);
    REQUIRE(::dup2(silent[0], other) == other);  // closes the other, and has its number
    loop.add_reader(other, [&wrong] { ++wrong; });
  };
  loop.add_reader(first[0], [&] { replace(first[0], second[0]); });
  loop.add_reader(second[0], [&] { replace(second[0], first[0]); });
  CHECK(::write(first[1], "x", 1) == 1);
  CHECK(::write(second[1], "x", 1) == 1);
  co_await museum::settle();
  CHECK(calls == 1);
  CHECK(wrong == 0);
  loop.remove_reader(first[0]);
  loop.remove_reader(second[0]);
  for (const int fd : {first[0], first[1], second[0], second[1], silent[0], silent[1]}) ::close(fd);
}

// The descriptor is ready when its watch ends, and the kernel may have said so already. Its number
// then is a silent socket's.
Coro<> event_of_an_ended_watch() {
  auto& loop = hob::get_running_loop();
  auto [watched, peer] = Socket::pair();
  auto [silent, silent_peer] = Socket::pair();
  int wrong = 0;
  for (int i = 0; i < 20; ++i) {
    const int fd = ::dup(watched.fileno());
    loop.add_reader(fd, [&] { ++wrong; });
    for (int turn = 0; turn < i % 4; ++turn) co_await museum::settle();
    CHECK(::send(peer.fileno(), "x", 1, 0) == 1);
    loop.remove_reader(fd);
    REQUIRE(::dup2(silent.fileno(), fd) == fd);
    loop.add_reader(fd, [&] { ++wrong; });
    co_await museum::settle();
    loop.remove_reader(fd);
    ::close(fd);
    char byte;
    CHECK(::recv(watched.fileno(), &byte, 1, 0) == 1);
  }
  CHECK(wrong == 0);
}

// Streams and sockets: one that takes the number of a closed one waits for its own events.
Coro<> socket_with_a_used_number() {
  auto& loop = hob::get_running_loop();
  auto [a, b] = Socket::pair();
  const auto receive = [&loop](Socket& from) -> Coro<std::string> {
    co_return co_await loop.sock_recv(from, 10);
  };
  auto reading = hob::create_task(receive, std::ref(a));
  co_await hob::sleep(0s);
  co_await loop.sock_sendall(b, "old");
  reading.cancel();
  co_await hob::as_result(reading);
  const int number = a.fileno();
  a.close();
  auto [c, d] = Socket::pair();
  CHECK(c.fileno() == number);
  auto again = hob::create_task(receive, std::ref(c));
  co_await museum::settle();
  CHECK(!again.done());
  co_await loop.sock_sendall(d, "new");
  const std::string got = co_await again;
  CHECK(got == "new");
}

// Another process, as a child of fork, has the closed descriptor open, too, so that the kernel goes
// on to report it. Meanwhile its place is that of a connection that gets no answer, which must not
// take the event for one.
Coro<> event_of_a_descriptor_open_elsewhere() {
  auto& loop = hob::get_running_loop();
  Socket full(Socket::Family::ipv4);  // a backlog of one, and nobody accepts
  full.bind({Socket::Family::ipv4, 0, 0, 0, "127.0.0.1"});
  full.listen(0);
  Socket first(Socket::Family::ipv4);
  co_await loop.sock_connect(first, full.getsockname());

  auto [socket, peer] = Socket::pair();
  const int elsewhere = ::dup(socket.fileno());
  const auto receive = [&loop](Socket& from) -> Coro<> { co_await loop.sock_recv(from, 1); };
  auto receiving = hob::create_task(receive, std::ref(socket));
  co_await hob::sleep(0s);
  receiving.cancel();
  co_await hob::as_result(std::move(receiving));
  socket.close();

  Socket second(Socket::Family::ipv4);
  const auto connect = [&]() -> Coro<> { co_await loop.sock_connect(second, full.getsockname()); };
  auto connecting = hob::create_task(connect);
  co_await museum::settle();
  CHECK(::send(peer.fileno(), "x", 1, 0) == 1);
  co_await museum::settle();
  CHECK(!connecting.done());
  connecting.cancel();
  co_await hob::as_result(std::move(connecting));
  ::close(elsewhere);
}

// A connection is given up while it is made from a socket that is there already. Its descriptor is
// closed once, when that is done: before or after that it is somebody else's.
Coro<> socket_given_up_once() {
  const auto before = museum::open_descriptors();
  const auto take_over = [](int fd) -> Coro<> {
    auto stream = co_await hob::open_connection(Socket::adopt(fd));
    co_await stream.reader.read(1);
  };
  for (int turns = 1; turns < 6; ++turns) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    auto connecting = hob::create_task(take_over, int{ends[0]});
    for (int i = 0; i < turns; ++i) co_await hob::sleep(0s);
    const int earlier = ::dup(ends[1]);
    connecting.cancel();
    for (int i = 0; i < turns; ++i) co_await hob::sleep(0s);
    const auto ended = co_await hob::as_result(std::move(connecting));
    CHECK(ended.cancelled());
    const int later = ::dup(ends[1]);
    CHECK(later == ends[0]);
    co_await museum::settle();
    CHECK(::close(earlier) == 0);
    CHECK(::close(later) == 0);
    char byte;
    CHECK(::recv(ends[1], &byte, 1, MSG_DONTWAIT) == 0);
    ::close(ends[1]);
  }
  CHECK(museum::open_descriptors() == before);
}

}  // namespace

TEST_CASE("epoll everywhere: an event for a closed descriptor reaches whoever has its number") {
  museum::on_every_driver(event_of_a_closed_descriptor);
  museum::on_every_driver(event_of_an_ended_watch);
  museum::on_every_driver(socket_with_a_used_number);
}
TEST_CASE("epoll everywhere: a descriptor that was closed is reported, as a child has it, too") {
  museum::on_every_driver(event_of_a_descriptor_open_elsewhere);
}
TEST_CASE("uvloop #645: a connection that is given up closes its descriptor twice") {
  museum::on_every_driver(socket_given_up_once);
}

}  // namespace museum_stale
