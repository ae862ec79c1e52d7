// SPDX-License-Identifier: MIT
// The driver `uring`: when it is there and when not, threads, fork, and what is only true of a
// ring. That a loop on it does all that loops do is shown by the other tests, which run on it as
// well (test.loop.uring and so on).
#include <hob/hob.hpp>

#include <hob/testing/faults.hpp>

#include "support/child.hpp"
#include "support/no_io_uring.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using hob::Driver;
using hob::EventLoop;
using hob::testing::Faults;

namespace uring_test {
namespace {

struct Pair {
  Pair() {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    for (const int fd : fds) {
      if (fd >= 0) ::close(fd);
    }
  }
  int fds[2];
};

// Whether io_uring is to be had here; a test that needs it ends when not, and says so.
bool available() {
  static const bool there = EventLoop({.driver = Driver::uring}).driver() == Driver::uring;
  if (!there) MESSAGE("skipped: no io_uring here");
  return there;
}

// What every loop must do: a timer, a reader, a call from another thread.
bool works(EventLoop& loop) {
  const Pair pair;
  int seen = 0;
  loop.add_reader(pair.fds[0], [&] {
    char byte;
    seen += static_cast<int>(::read(pair.fds[0], &byte, 1));
    loop.remove_reader(pair.fds[0]);
  });
  if (::write(pair.fds[1], "x", 1) != 1) return false;
  std::thread other(
      [&] { loop.call_soon_threadsafe([&] { loop.call_later(1ms, [&] { loop.stop(); }); }); });
  loop.run_forever();
  other.join();
  return seen == 1;
}

support::Ended without_io_uring(int error) {
  return support::in_child([error]() -> int {
    if (!support::forbid_io_uring(error)) return 77;
    EventLoop first({.driver = Driver::uring});
    if (first.driver() != Driver::epoll || !works(first)) return 1;
    ::setenv("HOB_DRIVER", "uring", 1);
    EventLoop second;
    return second.driver() == Driver::epoll && works(second) ? 0 : 2;
  });
}

}  // namespace

TEST_CASE("where io_uring is forbidden a loop uses epoll, and one line says why") {
  if (!available()) return;  // that line was printed, once for the process
  for (const auto& [error, why] : {std::pair{EPERM, "Operation not permitted"},
                                   std::pair{ENOSYS, "Function not implemented"}}) {
    const support::Ended ended = without_io_uring(error);
    if (ended.code == 77) {
      MESSAGE("skipped: no seccomp here");
      return;
    }
    CAPTURE(ended.printed);
    CHECK(ended.code == 0);
    CHECK(ended.printed ==
          std::string("hob: no io_uring, using epoll: io_uring_setup: ") + why + "\n");
  }
}

TEST_CASE("a loop whose ring cannot be made uses epoll, and says why") {
  if (!available()) return;
  const support::Ended ended = support::in_child([]() -> int {
    Faults faults;
    faults.fail(Faults::Call::io_uring_setup, EMFILE);
    EventLoop loop({.driver = Driver::uring});
    return loop.driver() == Driver::epoll && works(loop) ? 0 : 1;
  });
  CHECK(ended.code == 0);
  CHECK(ended.printed == "hob: no io_uring, using epoll: io_uring_setup: Too many open files\n");
}

TEST_CASE("nobody gets a ring who did not ask") {
  EventLoop plain({.driver = Driver::epoll});
  CHECK(plain.driver() == Driver::epoll);
  const support::Ended ended = support::in_child([]() -> int {
    ::unsetenv("HOB_DRIVER");
    if (!support::forbid_io_uring(EPERM)) return 0;
    EventLoop loop;
    return loop.driver() == Driver::epoll && works(loop) ? 0 : 1;
  });
  CHECK(ended.code == 0);
  CHECK(ended.printed.empty());
}

TEST_CASE("a loop on io_uring works, and says what it is") {
  if (!available()) return;
  EventLoop loop({.driver = Driver::uring});
  CHECK(loop.driver() == Driver::uring);
  CHECK(works(loop));
  CHECK(works(loop));
}

TEST_CASE("a ring may be made here, run there, and be closed here") {
  if (!available()) return;
  Pair pair;
  auto loop = std::make_unique<EventLoop>(hob::LoopOptions{.driver = Driver::uring});
  bool good = false;
  std::thread([&] {
    good = works(*loop);
    loop->add_reader(pair.fds[0], [] {});  // under way when the thread ends
    loop->call_soon([&] { loop->stop(); });
    loop->run_forever();
  }).join();
  CHECK(good);
  CHECK_THROWS_WITH_AS(loop->run_forever(),
                       "an event loop on io_uring stays in the thread that ran it first",
                       hob::RuntimeError);
  loop->close();
  ::close(std::exchange(pair.fds[0], -1));
  char byte;
  CHECK(::recv(pair.fds[1], &byte, 1, 0) == 0);  // the ring does not hold it open
}

TEST_CASE("in a child of fork the parent's loop refuses, and a new one works") {
  if (!available()) return;
  EventLoop loop({.driver = Driver::uring});
  REQUIRE(works(loop));
  const Pair pair;
  loop.add_reader(pair.fds[0], [] {});
  const support::Ended ended = support::in_child([&]() -> int {
    try {
      loop.run_forever();
      return 1;
    } catch (const hob::RuntimeError&) {
    }
    EventLoop own({.driver = Driver::uring});
    if (own.driver() != Driver::uring || !works(own)) return 2;
    loop.close();
    return 0;
  });
  CHECK(ended.printed.empty());
  CHECK(ended.code == 0);
  CHECK(works(loop));
}

TEST_CASE("a loop that forks while it runs leaves with an error in the child") {
  if (!available()) return;
  EventLoop loop({.driver = Driver::uring});
  loop.add_signal_handler(SIGUSR1, [] {});  // something that keeps it waiting
  pid_t child = -1;
  loop.call_soon([&] {
    child = ::fork();
    if (child != 0) loop.stop();
  });
  bool refused = false;
  try {
    loop.run_forever();
  } catch (const hob::RuntimeError&) {
    refused = true;
  }
  if (child == 0) ::_exit(refused ? 7 : 8);
  CHECK_FALSE(refused);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
  CHECK(works(loop));
}

TEST_CASE("a descriptor that nobody watches any more is closed by close(2)") {
  if (!available()) return;
  EventLoop loop({.driver = Driver::uring});
  Pair pair;
  loop.add_reader(pair.fds[0], [] {});
  loop.call_soon([&] { loop.stop(); });
  loop.run_forever();
  char byte;
  CHECK(::recv(pair.fds[1], &byte, 1, 0) == -1);
  loop.remove_reader(pair.fds[0]);
  ::close(std::exchange(pair.fds[0], -1));
  CHECK(::recv(pair.fds[1], &byte, 1, 0) == 0);
}

TEST_CASE("a loop that closes with thousands of polls under way leaves none") {
  if (!available()) return;
  std::vector<std::unique_ptr<Pair>> pairs;
  EventLoop loop({.driver = Driver::uring});
  for (int i = 0; i < 400; ++i) {  // more than the queue of requests holds
    pairs.push_back(std::make_unique<Pair>());
    loop.add_reader(pairs.back()->fds[0], [] {});
    loop.add_writer(pairs.back()->fds[1], [] {});
  }
  int turns = 0;
  std::function<void()> again = [&] {
    if (++turns == 3) return loop.stop();
    loop.call_soon(std::ref(again));
  };
  loop.call_soon(std::ref(again));
  loop.run_forever();
  loop.close();
  char byte;
  for (const auto& pair : pairs) {
    ::close(std::exchange(pair->fds[0], -1));
    CHECK(::recv(pair->fds[1], &byte, 1, 0) == 0);
  }
}

TEST_CASE("whatever io_uring_enter answers, the loop goes on") {
  if (!available()) return;
  for (const int error : {EINTR, EAGAIN, EBUSY, ETIME, ENOMEM}) {
    CAPTURE(error);
    EventLoop loop({.driver = Driver::uring});
    Faults faults;
    for (std::size_t nth = 1; nth <= 4; ++nth) {
      faults.fail(Faults::Call::io_uring_enter, error, nth);
      CHECK(works(loop));
    }
    CHECK(faults.injected() != 0);
  }
}

}  // namespace uring_test
