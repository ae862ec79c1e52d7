// SPDX-License-Identifier: MIT
// Readers, writers and signals.
#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <csignal>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using hob::EventLoop;

namespace io_test {
namespace {

struct Pipe {
  Pipe() { REQUIRE(::pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(int end) {
    if (fds[end] >= 0) ::close(std::exchange(fds[end], -1));
  }
  void put(const std::string& text) const {
    REQUIRE(::write(fds[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::string take(std::size_t count = 100) const {
    std::string text(count, '\0');
    const ssize_t n = ::read(fds[0], text.data(), count);
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }
  int reader() const { return fds[0]; }
  int writer() const { return fds[1]; }
  int fds[2];
};

void run_for(EventLoop& loop, hob::Duration time) {
  loop.call_later(time, [&loop] { loop.stop(); });
  loop.run_forever();
}

// doctest handles these signals itself while a test runs; Runner respects that.
struct DefaultSignal {
  explicit DefaultSignal(int s) : signal(s), before(std::signal(s, SIG_DFL)) {}
  DefaultSignal(const DefaultSignal&) = delete;
  DefaultSignal& operator=(const DefaultSignal&) = delete;
  ~DefaultSignal() { std::signal(signal, before); }
  int signal;
  void (*before)(int);
};

}  // namespace

TEST_CASE("a reader is called as long as there is something to read") {
  EventLoop loop;
  const Pipe pipe;
  pipe.put("abc");
  std::string got;
  loop.add_reader(pipe.reader(), [&] {
    got += pipe.take(1);
    if (got.size() == 3) loop.stop();
  });
  loop.run_forever();
  CHECK(got == "abc");
  CHECK(loop.remove_reader(pipe.reader()));
  CHECK_FALSE(loop.remove_reader(pipe.reader()));
}

TEST_CASE("a reader is called for the end of the file") {
  EventLoop loop;
  Pipe pipe;
  bool end = false;
  loop.add_reader(pipe.reader(), [&] {
    end = pipe.take().empty();
    loop.remove_reader(pipe.reader());
    loop.stop();
  });
  loop.call_later(1ms, [&] { pipe.close_end(1); });
  loop.run_forever();
  CHECK(end);
}

TEST_CASE("a writer is called when there is room") {
  EventLoop loop;
  const Pipe pipe;
  const std::string chunk(4096, 'x');
  std::size_t written = 0;
  loop.add_writer(pipe.writer(), [&] {
    const ssize_t n = ::write(pipe.writer(), chunk.data(), chunk.size());
    if (n > 0) written += static_cast<std::size_t>(n);
  });
  run_for(loop, 5ms);
  const std::size_t full = written;
  CHECK(full >= 4096);
  run_for(loop, 2ms);
  CHECK(written == full);
  CHECK(pipe.take(8192).size() == 8192);
  run_for(loop, 2ms);
  CHECK(written > full);
  CHECK(loop.remove_writer(pipe.writer()));
}

TEST_CASE("reader and writer of one descriptor are independent") {
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
  EventLoop loop;
  std::string order;
  loop.add_writer(fds[0], [&] {
    order += 'w';
    loop.remove_writer(fds[0]);
    REQUIRE(::write(fds[1], "x", 1) == 1);
  });
  loop.add_reader(fds[0], [&] {
    order += 'r';
    loop.stop();
  });
  loop.run_forever();
  CHECK(order == "wr");
  CHECK_FALSE(loop.remove_writer(fds[0]));
  CHECK(loop.remove_reader(fds[0]));
  ::close(fds[0]);
  ::close(fds[1]);
}

TEST_CASE("a second reader replaces the first") {
  EventLoop loop;
  const Pipe pipe;
  auto token = std::make_shared<int>(0);
  pipe.put("a");
  std::string called;
  loop.add_reader(pipe.reader(), [&, token] { called += '1'; });
  CHECK(token.use_count() == 2);
  loop.add_reader(pipe.reader(), [&] {
    called += '2';
    pipe.take();
  });
  CHECK(token.use_count() == 1);
  run_for(loop, 2ms);
  CHECK(called == "2");
  loop.remove_reader(pipe.reader());
}

TEST_CASE("a reader that was removed in the same iteration is not called") {
  EventLoop loop;
  const Pipe a, b;
  a.put("a");
  b.put("b");
  int called = 0;
  const auto first = [&] {
    ++called;
    loop.remove_reader(a.reader());
    loop.remove_reader(b.reader());
  };
  loop.add_reader(a.reader(), first);
  loop.add_reader(b.reader(), first);
  run_for(loop, 2ms);
  CHECK(called == 1);
}

TEST_CASE("regular files are always ready") {
  char name[] = "/tmp/hob-io-test-XXXXXX";
  const int fd = ::mkstemp(name);
  REQUIRE(fd >= 0);
  ::unlink(name);
  EventLoop loop;
  int reads = 0;
  int writes = 0;
  loop.add_reader(fd, [&] { ++reads; });
  loop.add_writer(fd, [&] { ++writes; });
  run_for(loop, 2ms);
  CHECK(reads > 0);
  CHECK(writes > 0);
  CHECK(loop.remove_reader(fd));
  const int before = reads;
  run_for(loop, 1ms);
  CHECK(reads == before);
  CHECK(loop.remove_writer(fd));
  ::close(fd);
}

TEST_CASE("descriptors that cannot be watched are refused") {
  EventLoop loop;
  CHECK_THROWS_AS(loop.add_reader(-1, [] {}), hob::ValueError);
  CHECK_THROWS_AS(loop.add_writer(-1, [] {}), hob::ValueError);
  try {
    loop.add_reader(1'000'000, [] {});
    FAIL("a closed descriptor was accepted");
  } catch (const hob::OSError& error) {
    CHECK(error.code() == EBADF);
  }
  CHECK_FALSE(loop.remove_reader(-1));
  CHECK_FALSE(loop.remove_reader(1'000'000));
  CHECK_FALSE(loop.remove_writer(5'000'000));
}

TEST_CASE("many ready readers are all called") {
  EventLoop loop;
  std::vector<std::unique_ptr<Pipe>> pipes;
  std::size_t called = 0;
  for (int i = 0; i < 300; ++i) {
    pipes.push_back(std::make_unique<Pipe>());
    const Pipe& pipe = *pipes.back();
    pipe.put("x");
    loop.add_reader(pipe.reader(), [&] {
      pipe.take();
      if (++called == 300) loop.stop();
    });
  }
  loop.run_forever();
  CHECK(called == 300);
  for (const auto& pipe : pipes) loop.remove_reader(pipe->reader());
}

TEST_CASE("busy callbacks do not keep the loop from polling") {
  EventLoop loop;
  const Pipe pipe;
  pipe.put("x");
  int spins = 0;
  bool seen = false;
  const auto spin = [&](const auto& self) -> void {
    ++spins;
    if (!seen && spins < 100'000) loop.call_soon([&self] { self(self); });
    if (seen || spins >= 100'000) loop.stop();
  };
  loop.add_reader(pipe.reader(), [&] {
    pipe.take();
    seen = true;
  });
  spin(spin);
  loop.run_forever();
  CHECK(seen);
  CHECK(spins < 1000);
  loop.remove_reader(pipe.reader());
}

TEST_CASE("a readable descriptor comes before virtual time passes") {
  hob::LoopOptions options;
  options.driver = hob::Driver::sim;
  EventLoop loop(options);
  const Pipe pipe;
  pipe.put("x");
  std::string order;
  loop.add_reader(pipe.reader(), [&] {
    pipe.take();
    loop.remove_reader(pipe.reader());
    order += 'r';
  });
  loop.call_later(1h, [&] {
    order += 't';
    loop.stop();
  });
  loop.run_forever();
  CHECK(order == "rt");
}

TEST_CASE("signal handlers run in the loop") {
  EventLoop loop;
  std::vector<int> seen;
  loop.add_signal_handler(SIGUSR1, [&](int signal) { seen.push_back(signal); }, SIGUSR1);
  loop.call_soon([] {
    std::raise(SIGUSR1);
    std::raise(SIGUSR1);
  });
  run_for(loop, 2ms);
  CHECK(seen == std::vector<int>{SIGUSR1});  // two of a kind are one, as the kernel has it
  int replaced = 0;
  loop.add_signal_handler(SIGUSR1, [&] { ++replaced; });
  std::raise(SIGUSR1);
  run_for(loop, 2ms);
  CHECK(replaced == 1);
  CHECK(seen.size() == 1);
  CHECK(loop.remove_signal_handler(SIGUSR1));
  CHECK_FALSE(loop.remove_signal_handler(SIGUSR1));
  struct sigaction action {};
  ::sigaction(SIGUSR1, nullptr, &action);
  CHECK((action.sa_handler == SIG_DFL));
}

TEST_CASE("a signal wakes a loop that sleeps") {
  EventLoop loop;
  loop.add_signal_handler(SIGALRM, [&] { loop.stop(); });
  ::ualarm(2000, 0);
  loop.run_forever();
  CHECK(loop.remove_signal_handler(SIGALRM));
}

TEST_CASE("signals that cannot be handled are refused") {
  EventLoop loop;
  CHECK_THROWS_AS(loop.add_signal_handler(0, [] {}), hob::ValueError);
  CHECK_THROWS_AS(loop.add_signal_handler(-1, [] {}), hob::ValueError);
  CHECK_THROWS_AS(loop.add_signal_handler(1000, [] {}), hob::ValueError);
  CHECK_THROWS_AS(loop.add_signal_handler(SIGKILL, [] {}), hob::OSError);
  loop.add_signal_handler(SIGUSR2, [] {});
  loop.close();
  CHECK_THROWS_AS(loop.add_signal_handler(SIGUSR2, [] {}), hob::RuntimeError);
}

TEST_CASE("a signal goes to every loop that handles it") {
  EventLoop loop;
  EventLoop other;
  std::string order;
  loop.add_signal_handler(SIGUSR2, [&] { order += '1'; });
  other.add_signal_handler(SIGUSR2, [&] { order += '2'; });
  std::raise(SIGUSR2);
  run_for(loop, 1ms);
  run_for(other, 1ms);
  CHECK(order == "12");
  CHECK(loop.remove_signal_handler(SIGUSR2));
  std::raise(SIGUSR2);
  run_for(loop, 1ms);
  run_for(other, 1ms);
  CHECK(order == "122");
}

TEST_CASE("SIGINT cancels main, which may clean up") {
  const DefaultSignal allowed(SIGINT);
  bool cleaned = false;
  const auto main = [&]() -> hob::Coro<> {
    std::raise(SIGINT);
    const auto slept = co_await hob::as_result(hob::sleep(1h));
    CHECK(slept.cancelled());
    co_await hob::sleep(1ms);
    cleaned = true;
    slept.value();
  };
  CHECK_THROWS_AS(hob::run(main()), hob::KeyboardInterrupt);
  CHECK(cleaned);
  struct sigaction action {};
  ::sigaction(SIGINT, nullptr, &action);
  CHECK((action.sa_handler == SIG_DFL));
}

TEST_CASE("a main that survives the SIGINT gives its result") {
  const DefaultSignal allowed(SIGINT);
  const auto main = []() -> hob::Coro<int> {
    std::raise(SIGINT);
    const auto slept = co_await hob::as_result(hob::sleep(1h));
    co_return slept.cancelled() ? 5 : 6;
  };
  CHECK(hob::run(main()) == 5);
}

TEST_CASE("a second SIGINT is a KeyboardInterrupt at once") {
  const DefaultSignal allowed(SIGINT);
  bool cleaned = false;
  const auto main = [&]() -> hob::Coro<> {
    std::raise(SIGINT);
    const auto slept = co_await hob::as_result(hob::sleep(1h));
    std::raise(SIGINT);
    const auto again = co_await hob::as_result(hob::sleep(1h));
    cleaned = again.cancelled();  // by the shutdown of run
  };
  CHECK_THROWS_AS(hob::run(main()), hob::KeyboardInterrupt);
  CHECK(cleaned);
}

}  // namespace io_test
