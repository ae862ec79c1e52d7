// SPDX-License-Identifier: MIT
// The bug museum, room of input and output: bugs that other libraries had, one test each, which
// fails where the bug is. The title names the library and the bug.
#include <hob/hob.hpp>

#include <hob/testing/faults.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Socket;
using hob::testing::Faults;
using hob::testing::run_virtual;
using Call = hob::testing::Faults::Call;

namespace museum_io {
namespace {

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

hob::LoopOptions real_time() {
  hob::LoopOptions options;
  options.driver = hob::Driver::epoll;
  return options;
}

/// Two ends as streams.
Coro<std::pair<hob::StreamReader, hob::StreamWriter>> pipe_streams() {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  auto reader = co_await hob::connect_read_pipe(ends[0]);
  auto writer = co_await hob::connect_write_pipe(ends[1]);
  co_return std::pair(std::move(reader), std::move(writer));
}

// The reader waits, is registered edge-triggered, and gets bytes and the end in one event. The read
// is short, so "nothing more" is concluded, and no further edge comes for the end.
Coro<> bytes_and_end_at_once() {
  const auto say_and_go = [](hob::StreamReader reader, hob::StreamWriter writer) -> Coro<> {
    co_await reader.readline();
    writer.write("bye");
    writer.close();
  };
  auto server = co_await hob::start_server(say_and_go, "127.0.0.1", 0);
  for (int i = 0; i < 20; ++i) {
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    writer.write("go\n");
    const std::string bytes = co_await hob::wait_for(reader.read(1000), 10s);
    CHECK(bytes == "bye");
    const std::string end = co_await hob::wait_for(reader.read(1000), 10s);
    CHECK(end.empty());
    writer.close();
    co_await writer.wait_closed();
  }
  server.close();
  co_await server.wait_closed();
}

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
  for (int i = 0; i < 5; ++i) co_await hob::sleep(0s);
  CHECK(calls == 1);
  CHECK(wrong == 0);
  loop.remove_reader(first[0]);
  loop.remove_reader(second[0]);
  for (const int fd : {first[0], first[1], second[0], second[1], silent[0], silent[1]}) ::close(fd);
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
  for (int i = 0; i < 5; ++i) co_await hob::sleep(0s);
  CHECK(!again.done());
  co_await loop.sock_sendall(d, "new");
  const std::string got = co_await again;
  CHECK(got == "new");
}

Coro<> accept_without_descriptors(Faults& faults) {
  auto& loop = hob::get_running_loop();
  loop.set_exception_handler([](hob::EventLoop&, const auto&) {});
  const auto handler = [](hob::StreamReader, hob::StreamWriter writer) { writer.close(); };
  auto server = co_await hob::start_server(handler, "127.0.0.1", 0);
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
  faults.fail(Call::accept, EMFILE, 1, Faults::kAlways);
  const std::size_t accepts = faults.calls(Call::accept);
  co_await hob::sleep(10s);
  CHECK(faults.calls(Call::accept) - accepts <= 12);
  faults.fail(Call::accept, 0, 1, 0);
  const std::string end = co_await reader.read();  // now it is accepted, and closed
  CHECK(end.empty());
  writer.close();
  server.close();
  co_await server.wait_closed();
}

// The connection has arrived and the task's wake-up is queued when the cancellation comes.
Coro<> accept_cancelled_with_a_connection() {
  auto& loop = hob::get_running_loop();
  Socket listener(Socket::Family::ipv4);
  listener.bind({Socket::Family::ipv4, 0, 0, 0, "127.0.0.1"});
  listener.listen();
  const auto accept = [&]() -> Coro<> { co_await loop.sock_accept(listener); };
  auto accepting = hob::create_task(accept);
  co_await hob::sleep(0s);
  Socket client(Socket::Family::ipv4);
  co_await loop.sock_connect(client, listener.getsockname());
  const auto before = open_descriptors();
  accepting.cancel();
  const auto ended = co_await hob::as_result(accepting);
  if (ended.cancelled()) {  // it had no effect: the connection is still there to accept
    CHECK(open_descriptors() == before);
    auto accepted = co_await hob::wait_for(loop.sock_accept(listener), 1s);
    CHECK(accepted.first);
  }
}

// A wait's wake-up is queued when the wait is given up; the next wait on the same stream must not
// be ended by it.
Coro<> wake_up_of_an_earlier_wait() {
  auto streams = co_await pipe_streams();
  auto& [reader, writer] = streams;
  const auto read = [](hob::StreamReader from) -> Coro<std::string> {
    co_return co_await from.readexactly(3);
  };
  for (int i = 0; i < 20; ++i) {
    auto first = hob::create_task(read, reader);
    co_await hob::sleep(0s);
    writer.write("a");
    for (int turn = 0; turn < i % 4; ++turn) co_await hob::sleep(0s);
    first.cancel();
    const auto given_up = co_await hob::as_result(first);
    CHECK(given_up.cancelled());
    auto second = hob::create_task(read, reader);
    for (int turn = 0; turn < 4; ++turn) co_await hob::sleep(0s);
    CHECK(!second.done());
    writer.write("bc");
    const std::string got = co_await second;
    CHECK(got == "abc");
  }
  writer.close();
  co_await writer.wait_closed();
}

// What is there at once needs no wait, and so has no place where a cancellation could strike: it
// must strike at the next one, and not get lost.
Coro<> cancelled_before_an_inline_read() {
  auto streams = co_await pipe_streams();
  auto& [reader, writer] = streams;
  writer.write("ready");
  bool read_it = false;
  bool went_on = false;
  const auto task = [&](hob::StreamReader from) -> Coro<> {
    hob::current_task()->cancel();
    const std::string bytes = co_await from.read(5);
    read_it = bytes == "ready";
    co_await hob::sleep(1h);
    went_on = true;
  };
  const auto ended = co_await hob::as_result(hob::create_task(task, reader));
  CHECK(ended.cancelled());
  CHECK(!went_on);
  if (!read_it) {  // then it had no effect
    const std::string bytes = co_await reader.read(5);
    CHECK(bytes == "ready");
  }
  writer.close();
  co_await writer.wait_closed();
}

// Waits that end at once must not nest.
Coro<> many_inline_reads() {
  auto streams = co_await pipe_streams();
  auto& [reader, writer] = streams;
  const auto feed = [](hob::StreamWriter to) -> Coro<> {
    for (int i = 0; i < 200; ++i) {
      to.write(std::string(1000, 'x'));
      co_await to.drain();
    }
    to.close();
    co_await to.wait_closed();
  };
  auto feeding = hob::create_task(feed, writer);
  const auto one = [](hob::StreamReader from) -> Coro<std::size_t> {
    const std::string byte = co_await from.read(1);
    co_return byte.size();
  };
  std::size_t count = 0;
  while (true) {
    const std::size_t n = co_await one(reader);
    if (n == 0) break;
    count += n;
  }
  CHECK(count == 200'000);
  co_await feeding;
}

// A descriptor that has hung up and that nobody reads: level-triggered it wakes the loop for ever.
Coro<> hang_up_that_nobody_reads(Faults& faults) {
  const auto keep = [](hob::StreamReader reader, hob::StreamWriter writer) -> Coro<> {
    co_await reader.readline();
    writer.abort();
  };
  auto server = co_await hob::start_server(keep, "127.0.0.1", 0);
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
  const auto early = co_await hob::as_result(hob::wait_for(reader.readline(), 1ms));
  CHECK(!early);  // but now it is registered
  writer.write("go away\n");
  co_await hob::sleep(5ms);
  const std::size_t polls = faults.calls(Call::epoll_wait);
  co_await hob::sleep(50ms);
  CHECK(faults.calls(Call::epoll_wait) - polls < 10);
  writer.abort();
  server.close();
  co_await server.wait_closed();
}

// A fraction of a millisecond, rounded down to none, is a loop that asks the kernel without end.
Coro<> short_sleeps(Faults& faults) {
  constexpr std::size_t kSleeps = 20;
  const std::size_t polls = faults.calls(Call::epoll_wait);
  for (std::size_t i = 0; i < kSleeps; ++i) co_await hob::sleep(300us);
  CHECK(faults.calls(Call::epoll_wait) - polls <= 3 * kSleeps);
}

// Timers that are due at once, again and again, must not keep the loop from its descriptors.
Coro<> timers_without_delay() {
  auto& loop = hob::get_running_loop();
  auto [a, b] = Socket::pair();
  bool going = true;
  hob::Function<void()> again;
  const auto tick = [&](auto& self) -> void {
    if (going) loop.call_later(0s, [&self] { self(self); });
  };
  tick(tick);
  co_await loop.sock_sendall(b, "x");
  const std::string got = co_await hob::wait_for(loop.sock_recv(a, 1), 10s);
  CHECK(got == "x");
  going = false;
  co_await hob::sleep(1ms);
}

}  // namespace

TEST_CASE("edge-triggered epoll everywhere: a short read with a hang-up loses the end") {
  run_virtual(bytes_and_end_at_once());
}
TEST_CASE("epoll everywhere: an event for a closed descriptor reaches whoever has its number") {
  run_virtual(event_of_a_closed_descriptor());
  run_virtual(socket_with_a_used_number());
}
TEST_CASE("libuv, tokio, Node: accept without descriptors spins") {
  Faults faults;
  run_virtual(accept_without_descriptors(faults));
}
TEST_CASE("asio, tokio: a cancelled accept leaks the connection") {
  run_virtual(accept_cancelled_with_a_connection());
}
TEST_CASE("seastar 08ec5dfd1: a wait is ended by the wake-up of the one before it") {
  run_virtual(wake_up_of_an_earlier_wait());
}
TEST_CASE("corosio #132: a cancellation is lost when the operation completes inline") {
  run_virtual(cancelled_before_an_inline_read());
}
TEST_CASE("libcoro #273: operations that complete at once eat up the stack") {
  run_virtual(many_inline_reads());
}
// Real time: it is about how often the kernel is asked.
TEST_CASE("seastar 157c7a376: a hang-up that nobody reads makes the loop spin") {
  Faults faults;
  hob::run(hang_up_that_nobody_reads(faults), real_time());
}
TEST_CASE("libuv: a timeout that is rounded to zero makes the loop spin") {
  Faults faults;
  hob::run(short_sleeps(faults), real_time());
}
TEST_CASE("libuv: timers without delay starve descriptors") {
  hob::run(timers_without_delay(), real_time());
}

}  // namespace museum_io
