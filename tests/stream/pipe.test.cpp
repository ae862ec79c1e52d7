// SPDX-License-Identifier: MIT
// Pipes and files as streams.
#include <hob/hob.hpp>

#include <hob/testing/memory_stream.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <string>

using namespace std::chrono_literals;

namespace pipe_test {

TEST_CASE("bytes go through a pipe, with its borders, to the end") {
  const auto main = []() -> hob::Coro<> {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    auto reader = co_await hob::connect_read_pipe(fds[0]);
    auto writer = co_await hob::connect_write_pipe(fds[1]);
    auto writing = hob::create_task(
        [](hob::StreamWriter w) -> hob::Coro<> {
          for (int i = 0; i < 1000; ++i) {
            w.write(std::string(1000, 'p'));
            co_await w.drain();
          }
          w.close();
          co_await w.wait_closed();
        },
        writer);
    CHECK_FALSE(writer.can_write_eof());
    const std::string all = co_await reader.read();
    CHECK((all == std::string(1'000'000, 'p')));
    co_await writing;
  };
  hob::testing::run_virtual(main());
}

TEST_CASE("a pipe that nobody reads is an error, not a signal") {
  const auto main = []() -> hob::Coro<> {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    auto writer = co_await hob::connect_write_pipe(fds[1]);
    ::close(fds[0]);
    writer.write("x");
    int code = 0;
    try {
      co_await writer.drain();
    } catch (const hob::OSError& error) {
      code = error.code();
    }
    CHECK(code == EPIPE);
  };
  hob::testing::run_virtual(main());
}

TEST_CASE("a file is a stream, too") {
  const auto main = []() -> hob::Coro<> {
    char path[] = "/tmp/hob-pipe-test-XXXXXX";
    const int fd = ::mkstemp(path);
    REQUIRE(fd >= 0);
    auto writer = co_await hob::connect_write_pipe(fd);
    writer.write("one\ntwo\n");
    co_await writer.drain();
    writer.close();
    co_await writer.wait_closed();
    auto reader = co_await hob::connect_read_pipe(::open(path, O_RDONLY | O_CLOEXEC));
    ::unlink(path);
    std::string lines;
    while (auto line = co_await reader.anext()) lines += "[" + *line + "]";
    CHECK(lines == "[one\n][two\n]");
  };
  hob::testing::run_virtual(main());
}

TEST_CASE("sendfile goes behind what was written before it, and nothing comes in between") {
  for (const bool kernel : {true, false}) {
    const auto main = [kernel]() -> hob::Coro<> {
      char path[] = "/tmp/hob-sendfile-test-XXXXXX";
      const int fd = ::mkstemp(path);
      REQUIRE(fd >= 0);
      ::unlink(path);
      const std::string content(3'000'000, 'f');
      REQUIRE(::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
      hob::Stream here;
      hob::Stream there;
      if (kernel) {
        hob::Queue<hob::Stream> accepted;
        const auto keep = [&accepted](hob::StreamReader r, hob::StreamWriter w) {
          accepted.put_nowait(hob::Stream(r, w));
        };
        auto server = co_await hob::start_server(keep, "127.0.0.1", 0);
        here = co_await hob::open_connection("127.0.0.1", server.port());
        there = co_await accepted.get();
        server.close();
      } else {
        auto pair = hob::testing::memory_stream_pair();
        here = pair.first;
        there = pair.second;
      }
      const std::string before(8'000'000, 'b');  // more than a socket takes when nobody reads
      here.writer.write(before);
      auto sending = hob::create_task(hob::sendfile(here.writer, fd, 1'000'000));
      co_await hob::sleep(0s);
      CHECK_THROWS_WITH_AS(here.writer.write("in between"),
                           "unable to write; sendfile is in progress", hob::RuntimeError);
      const auto second = co_await hob::as_result(hob::sendfile(here.writer, fd));
      CHECK(hob::type_name(second.exception()) == "RuntimeError");
      if (kernel) here.writer.write_eof();  // behind the file
      auto reading = hob::create_task(
          [](hob::StreamReader r) -> hob::Coro<std::string> { co_return co_await r.read(); },
          there.reader);
      const std::size_t sent = co_await sending;
      CHECK(sent == 2'000'000);
      if (!kernel) here.writer.close();
      const std::string all = co_await reading;
      CHECK((all == before + content.substr(1'000'000)));
      here.writer.close();
      ::close(fd);
    };
    hob::run(main());
  }
}

}  // namespace pipe_test
