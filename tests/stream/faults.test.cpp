// SPDX-License-Identifier: MIT
// Every call of the kernel fails once, at each of its turns: the program sees an error or none, and
// nothing leaks or hangs.
#include <hob/hob.hpp>

#include <hob/testing/faults.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

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

}  // namespace stream_faults_test
