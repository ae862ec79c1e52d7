// SPDX-License-Identifier: MIT
// The bug museum, room of completions: bugs that other libraries had with what io_uring delivers.
#include "museum/drivers.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Socket;

namespace museum_uring {
namespace {

std::string numbers(std::size_t from, std::size_t size) {
  std::string text;
  while (text.size() < size) text += std::to_string(from++) + ' ';
  text.resize(size);
  return text;
}

/// A connection of the loop whose other end is only the test's.
struct Connection {
  hob::Stream stream;
  int fd;  // the stream's
  int peer;
  std::string sent = {};

  void send(std::string_view bytes) {
    const ssize_t n = ::send(peer, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) sent.append(bytes.substr(0, static_cast<std::size_t>(n)));
  }
};

Coro<Connection> connect() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  auto stream = co_await hob::open_connection(Socket::adopt(ends[0]));
  co_return Connection{std::move(stream), ends[0], ends[1]};
}

// Twice as many connections get something at once as there are buffers, so that the receives of
// half of them end. Then much more comes than all buffers hold, and nobody reads it.
Coro<> more_bytes_than_buffers() {
  std::vector<Connection> all;
  std::vector<hob::Task<std::string>> first;
  const auto read_one = [](hob::StreamReader reader) -> Coro<std::string> {
    co_return co_await reader.readexactly(1);
  };
  for (int i = 0; i < 64; ++i) {
    all.push_back(co_await connect());
    first.push_back(hob::create_task(read_one, all.back().stream.reader));
  }
  co_await hob::sleep(1ms);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].send(numbers(i, 3000));
  co_await hob::wait(first);
  for (std::size_t round = 1; round < 40; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i].send(numbers(i + round, 3000));
    for (int turn = 0; turn < 3; ++turn) co_await hob::sleep(0s);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    ::shutdown(all[i].peer, SHUT_WR);
    std::string got = first[i].result();
    got += co_await all[i].stream.reader.read();
    CHECK((got == all[i].sent));
    CHECK(got.size() > 32u * 1024);
    all[i].stream.writer.close();
    ::close(all[i].peer);
  }
  // All buffers are there again: the ring receives for who does not even read.
  Connection last = co_await connect();
  auto reading = hob::create_task(read_one, last.stream.reader);
  co_await hob::sleep(1ms);
  last.send("1");
  const std::string one = co_await std::move(reading);
  CHECK(one == "1");
  last.send("2");
  co_await hob::sleep(1ms);
  int in_kernel = 0;
  CHECK(::ioctl(last.fd, FIONREAD, &in_kernel) == 0);
  CHECK(in_kernel == 0);
  const std::string two = co_await last.stream.reader.readexactly(1);
  CHECK(two == "2");
  last.stream.writer.close();
  ::close(last.peer);
}

// All descriptors are non-blocking, as the loop makes them: that must not reach whoever awaits.
Coro<> waits_on_nonblocking_descriptors() {
  auto& loop = hob::get_running_loop();
  auto [a, b] = Socket::pair();
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  auto connection = co_await connect();
  auto pipe_reader = co_await hob::connect_read_pipe(ends[0]);
  auto pipe_writer = co_await hob::connect_write_pipe(ends[1]);
  const std::string much = numbers(1, 4 << 20);

  const auto receive = [&loop](Socket& from) -> Coro<std::string> {
    co_return co_await loop.sock_recv(from, 1);
  };
  const auto read = [](hob::StreamReader reader, std::size_t size) -> Coro<std::string> {
    co_return co_await reader.readexactly(size);
  };
  const auto send_much = [&](Socket& to) -> Coro<> { co_await loop.sock_sendall(to, much); };
  const auto write_much = [&](hob::StreamWriter to) -> Coro<> {
    to.write(much);
    to.close();
    co_await to.wait_closed();
  };
  auto receiving = hob::create_task(receive, std::ref(a));
  auto reading = hob::create_task(read, connection.stream.reader, std::size_t{1});
  auto piping = hob::create_task(read, pipe_reader, much.size());
  auto sending = hob::create_task(send_much, std::ref(a));
  co_await hob::sleep(5ms);
  CHECK(!receiving.done());
  CHECK(!reading.done());
  CHECK(!piping.done());
  CHECK(!sending.done());

  auto writing = hob::create_task(write_much, pipe_writer);
  co_await loop.sock_sendall(b, "x");
  connection.send("x");
  std::string got;
  while (got.size() < much.size()) got += co_await loop.sock_recv(b, 1 << 20);
  CHECK((got == much));
  co_await sending;
  co_await writing;
  const std::string one = co_await receiving;
  const std::string other = co_await reading;
  const std::string all = co_await piping;
  CHECK(one == "x");
  CHECK(other == "x");
  CHECK((all == much));
  connection.stream.writer.close();
  ::close(connection.peer);
}

// What waits for one descriptor is given up, and its memory goes to a wait for another one before
// the kernel has said that the first has ended: that is no news about the second.
Coro<> memory_of_a_cancelled_poll() {
  auto& loop = hob::get_running_loop();
  auto [a, a_peer] = Socket::pair();
  auto [b, b_peer] = Socket::pair();
  int wrong = 0;
  for (int i = 0; i < 300; ++i) {
    loop.add_reader(a.fileno(), [&] { ++wrong; });
    for (int turn = 0; turn < i % 3; ++turn) co_await hob::sleep(0s);
    loop.remove_reader(a.fileno());
    int right = 0;
    loop.add_reader(b.fileno(), [&] {
      ++right;
      loop.remove_reader(b.fileno());
    });
    for (int turn = 0; turn < i % 5; ++turn) co_await hob::sleep(0s);
    CHECK(right == 0);
    CHECK(::send(b_peer.fileno(), "x", 1, 0) == 1);
    while (right == 0) co_await hob::sleep(0s);
    co_await hob::sleep(0s);
    CHECK(right == 1);
    char byte;
    CHECK(::recv(b.fileno(), &byte, 1, MSG_DONTWAIT) == 1);
  }
  CHECK(wrong == 0);
}

// The same for connections: each is closed while the ring receives for it, and the next one takes
// its place, its number and its memory.
Coro<> memory_of_a_cancelled_receive() {
  const auto read = [](hob::StreamReader reader) -> Coro<std::string> {
    co_return co_await reader.read(10);
  };
  for (int i = 0; i < 300; ++i) {
    Connection first = co_await connect();
    auto given_up = hob::create_task(read, first.stream.reader);
    for (int turn = 0; turn < i % 3; ++turn) co_await hob::sleep(0s);
    first.send("old");
    given_up.cancel();
    co_await hob::as_result(std::move(given_up));
    first.stream.writer.abort();
    Connection second = co_await connect();
    auto reading = hob::create_task(read, second.stream.reader);
    for (int turn = 0; turn < i % 5; ++turn) co_await hob::sleep(0s);
    CHECK(!reading.done());
    second.send("new");
    const std::string got = co_await std::move(reading);
    CHECK(got == "new");
    second.stream.writer.close();
    ::close(first.peer);
    ::close(second.peer);
  }
}

}  // namespace

TEST_CASE("liburing #758: a receive ends for want of buffers, and nobody begins it again") {
  museum::on_ring(more_bytes_than_buffers);
}
TEST_CASE("seastar b4eaa9f59: EAGAIN of a non-blocking descriptor reaches whoever awaits") {
  museum::on_ring(waits_on_nonblocking_descriptors);
}
TEST_CASE("seastar 08ec5dfd1, photon: a completion comes for memory that is used again") {
  museum::on_ring(memory_of_a_cancelled_poll);
  museum::on_ring(memory_of_a_cancelled_receive);
}

}  // namespace museum_uring
