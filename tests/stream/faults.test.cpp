// SPDX-License-Identifier: MIT
// Every call of the kernel fails, once or for good, at each of its turns: the program sees an error
// or none, and nothing leaks or hangs.
#include <hob/hob.hpp>

#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/faults.hpp>
#include <hob/testing/run_virtual.hpp>

#include "support/faults.hpp"

#include <doctest/doctest.h>

#include <unistd.h>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <string>

using namespace std::chrono_literals;
using hob::testing::Faults;
using Call = hob::testing::Faults::Call;

namespace stream_faults_test {
namespace {

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

hob::Coro<> echo(hob::StreamReader reader, hob::StreamWriter writer) {
  while (true) {
    const auto data = co_await reader.read_some();
    if (data.empty()) break;
    writer.write(data);
    co_await writer.drain();
  }
}

// Gives whether the echo came back whole. Errors of the connection are allowed, lost bytes are not.
hob::Coro<bool> converse() {
  auto server = co_await hob::start_server(echo, "127.0.0.1", 0);
  const auto client = [](std::uint16_t port) -> hob::Coro<> {
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", port);
    writer.writelines("hello, ", "world");
    co_await writer.drain();
    writer.write_eof();
    const std::string answer = co_await reader.read();
    CHECK((answer == "hello, world" || answer.size() < 12));
    if (answer != "hello, world") throw hob::OSError(ECONNRESET, "cut off");
    writer.close();
    co_await writer.wait_closed();
  };
  const auto ended = co_await hob::as_result(hob::wait_for(client(server.port()), 60s));
  server.close();
  server.abort_clients();
  co_await server.wait_closed();
  if (!ended) CHECK(hob::type_name(ended.exception()) != "TimeoutError");
  co_return ended.has_value();
}

struct Kind {
  Call call;
  std::initializer_list<int> errors;
  bool harmless;  // the program does not notice
};

// The same, and it must come out well, or with an error that says why.
hob::Coro<> tcp() {
  auto server = co_await hob::start_server(echo, "127.0.0.1", 0);
  const auto client = [](hob::Server to) -> hob::Coro<> {
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", to.port());
    writer.writelines("hello, ", "world\n");
    co_await writer.drain();
    const std::string line = co_await reader.readexactly(13);
    writer.write_eof();
    const std::string rest = co_await reader.read();
    CHECK(line == "hello, world\n");
    CHECK(rest.empty());
    writer.close();
    co_await writer.wait_closed();
  };
  const auto ended = co_await hob::as_result(client(server));
  server.close();
  server.abort_clients();
  co_await server.wait_closed();
  ended.value();
}

hob::Coro<> local() {
  // Abstract, and this process's: the tests of all drivers run beside each other.
  const std::string path = std::string(1, '\0') + "hob.faults." + std::to_string(::getpid());
  auto server = co_await hob::start_unix_server(echo, path);
  const auto client = [](std::string to) -> hob::Coro<> {
    auto [reader, writer] = co_await hob::open_unix_connection(to);
    const std::string much(300'000, 'x');
    writer.write(much);
    writer.write_eof();
    const std::string back = co_await reader.read();
    if (back.size() < much.size()) throw hob::OSError(ECONNRESET, "cut off");
    CHECK(back == much);
    writer.close();
    co_await writer.wait_closed();
  };
  const auto ended = co_await hob::as_result(client(path));
  server.close();
  server.abort_clients();
  co_await server.wait_closed();
  ended.value();
}

hob::Coro<> pipe_echo() {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  // Both take their descriptor over, also when they throw.
  auto reading = co_await hob::as_result(hob::connect_read_pipe(ends[0]));
  auto writing = co_await hob::as_result(hob::connect_write_pipe(ends[1]));
  const auto reader = reading.value();
  const auto writer = writing.value();
  writer.write(std::string(100'000, 'a'));
  writer.close();
  const std::string all = co_await reader.read();
  const auto closed = co_await hob::as_result(writer.wait_closed());
  closed.value();
  CHECK(all == std::string(100'000, 'a'));
}

}  // namespace

TEST_CASE("each call fails with each of its errors") {
  const Kind kinds[] = {
      {Call::accept, {EINTR, ECONNABORTED, EPROTO}, false},
      {Call::accept, {EMFILE, ENFILE, ENOBUFS, ENOMEM}, true},
      {Call::recv, {EINTR}, false},
      {Call::recv, {ECONNRESET, ETIMEDOUT, ENOMEM}, false},
      {Call::send, {EINTR}, false},
      {Call::send, {EPIPE, ECONNRESET, ENOBUFS, ENOMEM}, false},
      {Call::socket, {EMFILE, ENFILE, ENOMEM, ENOBUFS}, false},
      {Call::bind, {EADDRINUSE, EACCES}, false},
      {Call::listen, {EADDRINUSE}, false},
      {Call::connect, {ECONNREFUSED, ETIMEDOUT, EINTR}, false},
      {Call::setsockopt, {ENOPROTOOPT, ENOMEM}, true},
      {Call::shutdown, {ENOTCONN}, false},
  };
  for (const Kind& kind : kinds) {
    for (const int error : kind.errors) {
      for (std::size_t nth = 1; nth <= 6; ++nth) {
        CAPTURE(static_cast<int>(kind.call));
        CAPTURE(error);
        CAPTURE(nth);
        const auto before = open_descriptors();
        Faults faults;
        faults.fail(kind.call, error, nth);
        const auto main = []() -> hob::Coro<bool> {
          // Out of descriptors is reported; nobody needs to see it here.
          hob::get_running_loop().set_exception_handler([](hob::EventLoop&, const auto&) {});
          const auto ended = co_await hob::as_result(converse());
          co_return ended.has_value() && ended.value();
        };
        const bool fine = hob::testing::run_virtual(main());
        if (kind.harmless || faults.injected() == 0) CHECK(fine);
        if (error == EINTR && kind.call != Call::connect) CHECK(fine);  // those go on by themselves
        CHECK(open_descriptors() == before);
      }
    }
  }
}

TEST_CASE("a byte at a time") {
  Faults faults;
  faults.shorten(Call::recv, 1);
  faults.shorten(Call::send, 1);
  const bool fine = hob::testing::run_virtual(converse());
  CHECK(fine);
  CHECK(faults.calls(Call::recv) >= 24);
  CHECK(faults.injected() >= 20);
}

TEST_CASE("TCP: every call fails") {
  hob::testing::FaultOptions options;
  options.may_throw = support::is_fault_or_lost;
  support::fail_everywhere(tcp, std::move(options));
}

TEST_CASE("a Unix socket: every call fails, in the middle of much data") {
  hob::testing::FaultOptions options;
  options.may_throw = support::is_fault_or_lost;
  options.calls_max = 6;
  support::fail_everywhere(local, std::move(options));
}

TEST_CASE("pipes can be cancelled everywhere") {
  const std::size_t suspensions = hob::testing::cancel_everywhere(pipe_echo);
  CHECK(suspensions >= 1);
}

TEST_CASE("pipes: every call fails") {
  hob::testing::FaultOptions options;
  options.calls_max = 6;
  support::fail_everywhere(pipe_echo, std::move(options));
}

}  // namespace stream_faults_test
