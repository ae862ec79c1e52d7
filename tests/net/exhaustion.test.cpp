// SPDX-License-Identifier: MIT
// What runs out: descriptors, and the patience of peers. The server neither spins nor grows, and
// goes on when it is over. A process of its own each, with limits of its own.
#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace exhaustion_test {
namespace {

constexpr int kConnects = 10'000;
constexpr int kRoundTrips = 20;  // at once, of the clients

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

hob::Coro<> echo(hob::StreamReader reader, hob::StreamWriter writer) {
  while (auto line = co_await reader.anext()) {
    writer.write(*line);
    co_await writer.drain();
  }
}

// The clients: a process with descriptors enough.

int connect_to(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return fd;
}

// Connects as many as it was told, two hundred at a time, which stay for a moment and go.
void storm(std::uint16_t port) {
  for (int done = 0; done < kConnects;) {
    std::vector<int> open;
    for (int i = 0; i < 200; ++i, ++done) open.push_back(connect_to(port));
    ::usleep(10'000);
    for (const int fd : open) ::close(fd);
  }
}

struct Outcome {
  double cpu = 0;       // of the server during the storm
  double wall = 0;      // of the storm
  double recovery = 0;  // seconds until a client is served
  int reports = 0;
  int answers = 0;
};

hob::Coro<> serve_through_storm(Outcome& outcome) {
  auto& loop = hob::get_running_loop();
  loop.set_exception_handler([&outcome](hob::EventLoop&, const hob::ExceptionContext& context) {
    outcome.reports += context.message == "socket.accept() out of system resource";
  });
  auto server = co_await hob::start_server(echo, "127.0.0.1", 0, {.backlog = 4096});
  const std::uint16_t port = server.port();
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit many{20'000, 20'000};
    ::setrlimit(RLIMIT_NOFILE, &many);
    storm(port);
    ::_exit(0);
  }
  // UBSan looks at an object it has not seen before through a pipe: here, while there are any.
  static_cast<void>(hob::describe(std::make_exception_ptr(hob::OSError(EMFILE, "accept"))));
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 64;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const auto began = loop.time();
  const double cpu = cpu_seconds();
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) co_await hob::sleep(20ms);
  outcome.wall = (loop.time() - began).seconds();
  outcome.cpu = cpu_seconds() - cpu;
  // Whoever comes now is behind those that the kernel still has.
  const auto after = loop.time();
  for (int i = 0; i < kRoundTrips; ++i) {
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", port);
    writer.write("still there?\n");
    const std::string line = co_await reader.readline();
    outcome.answers += line == "still there?\n";
    if (i == 0) outcome.recovery = (loop.time() - after).seconds();
    writer.close();
    co_await writer.wait_closed();
  }
  server.close();
  server.abort_clients();
  co_await server.wait_closed();
}

/// Runs `body` in a child, because limits of descriptors and memory are a process's.
template <class F>
Outcome in_child(F body) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Outcome outcome;
    try {
      hob::run(body(outcome));
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(::write(ends[1], &outcome, sizeof outcome) == sizeof outcome ? 0 : 1);
  }
  ::close(ends[1]);
  Outcome outcome;
  CHECK(::read(ends[0], &outcome, sizeof outcome) == sizeof outcome);
  ::close(ends[0]);
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  return outcome;
}

}  // namespace

// Real time: the kernel's queue of connections, and a server's pause, are what it is about.
TEST_CASE("64 descriptors under 10,000 connects: no spin, and recovery") {
  const Outcome outcome = in_child([](Outcome& o) { return serve_through_storm(o); });
  CHECK(outcome.answers == kRoundTrips);
  // Each report is a pause of a second: a server that spins makes thousands of them.
  CHECK(outcome.reports >= 1);
  CHECK(outcome.reports <= static_cast<int>(outcome.wall + outcome.recovery) + 2);
  MESSAGE("storm " << outcome.wall << " s, server's CPU " << outcome.cpu << " s, recovery "
                   << outcome.recovery << " s, reports " << outcome.reports);
}

// Virtual time; the bytes go through the kernel's buffers.
TEST_CASE("a peer that never reads: the server keeps no more than the high-water mark") {
  const auto main = []() -> hob::Coro<> {
    std::size_t most = 0;
    std::size_t written = 0;
    const auto flood = [&](hob::StreamReader, hob::StreamWriter writer) -> hob::Coro<> {
      const std::string block(16 << 10, 'x');
      while (true) {
        writer.write(block);
        written += block.size();
        most = std::max(most, writer.get_write_buffer_size());
        co_await writer.drain();
      }
    };
    auto server = co_await hob::start_server(flood, "127.0.0.1", 0);
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    co_await hob::sleep(60s);
    CHECK(written > (64 << 10));
    CHECK(most <= (64 << 10) + (16 << 10));
    const std::size_t stalled = written;
    co_await hob::sleep(60s);
    CHECK(written == stalled);
    writer.abort();
    server.close();
    server.abort_clients();
    co_await server.wait_closed();
  };
  hob::LoopOptions virtual_time;
  virtual_time.driver = hob::Driver::sim;
  hob::run(main(), virtual_time);
}

// A request that comes a byte at a time, one in ten seconds: those who do it cost what a waiting
// coroutine costs, and the others do not notice.
TEST_CASE("clients that send a byte every ten seconds harm nobody") {
  const auto main = []() -> hob::Coro<> {
    constexpr int kSlow = 500;
    auto server = co_await hob::start_server(echo, "127.0.0.1", 0, {.backlog = 1000});
    std::vector<hob::Stream> slow;
    for (int i = 0; i < kSlow; ++i)
      slow.push_back(co_await hob::open_connection("127.0.0.1", server.port()));
    auto quick = co_await hob::open_connection("127.0.0.1", server.port());
    for (int round = 0; round < 10; ++round) {
      for (auto& each : slow) each.writer.write("x");
      co_await hob::sleep(10s);
      quick.writer.write("quick\n");
      const std::string line = co_await quick.reader.readline();
      CHECK(line == "quick\n");
    }
    int whole = 0;
    for (auto& each : slow) each.writer.write("\n");
    for (auto& each : slow) {
      const std::string line = co_await each.reader.readline();
      whole += line == "xxxxxxxxxx\n";
    }
    CHECK(whole == kSlow);
    server.close();
    server.abort_clients();
    co_await server.wait_closed();
  };
  hob::LoopOptions virtual_time;
  virtual_time.driver = hob::Driver::sim;
  hob::run(main(), virtual_time);
}

}  // namespace exhaustion_test
