// SPDX-License-Identifier: MIT
// The bug museum, room of streams: bugs that other libraries had, one test each, which fails where
// the bug is. The title names the library and the bug.
#include "museum/drivers.hpp"

#include <unistd.h>

#include <string>
#include <utility>

using namespace std::chrono_literals;
using hob::Coro;

namespace museum_io {
namespace {

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
    if (i % 3 == 0) first.cancel();
    const auto given_up = co_await hob::as_result(first);
    CHECK(given_up.cancelled());
    auto second = hob::create_task(read, reader);
    co_await museum::settle();
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

Coro<int> one_at_once() { co_return 1; }

// Waits that end at once must not nest, be they for coroutines or for what they read.
Coro<> many_inline_waits() {
  int sum = 0;
  for (int i = 0; i < 300'000; ++i) sum += co_await one_at_once();
  CHECK(sum == 300'000);
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

}  // namespace

TEST_CASE("edge-triggered epoll everywhere: a short read with a hang-up loses the end") {
  museum::on_every_driver(bytes_and_end_at_once);
}
TEST_CASE("seastar 08ec5dfd1: a wait is ended by the wake-up of the one before it") {
  museum::on_every_driver(wake_up_of_an_earlier_wait);
}
TEST_CASE("corosio #132: a cancellation is lost when the operation completes inline") {
  museum::on_every_driver(cancelled_before_an_inline_read);
}
TEST_CASE("libcoro #273: operations that complete at once eat up the stack") {
  museum::on_every_driver(many_inline_waits);
}

}  // namespace museum_io
