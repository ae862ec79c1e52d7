// SPDX-License-Identifier: MIT
// fork(2) in a program with a running loop: the child may run a loop of its own, with all that
// belongs to one, is told when it uses the old one, and does the parent no harm.
#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <string>

using namespace std::chrono_literals;

namespace fork_test {
namespace {

/// Forks; gives what `body`, in the child, gives, as its exit code. 99: it threw.
template <class F>
int in_child(F body) {
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 99;
    try {
      code = body();
    } catch (...) {
    }
    ::_exit(code);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

template <class F>
bool is_refused(F use) {
  try {
    use();
  } catch (const hob::RuntimeError& error) {
    return std::string(error.what()).find("belongs to the parent") != std::string::npos;
  }
  return false;
}

hob::Coro<> echo(hob::StreamReader reader, hob::StreamWriter writer) {
  while (auto line = co_await reader.anext()) writer.write(*line);
}

hob::Coro<std::string> ask(std::uint16_t port) {
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", port);
  writer.write("hello\n");
  std::string line = co_await reader.readline();
  writer.close();
  co_await writer.wait_closed();
  co_return line;
}

// A whole life: server, client, name, process, file, signal.
hob::Coro<int> live() {
  auto server = co_await hob::start_server(echo, "127.0.0.1", 0);
  const std::string line = co_await ask(server.port());
  if (line != "hello\n") co_return 1;
  const auto found = co_await hob::getaddrinfo("localhost", "1");
  if (found.empty()) co_return 2;
  const auto process = co_await hob::create_subprocess_exec("/bin/true");
  const int code = co_await process.wait();
  if (code != 0) co_return 3;
  const std::string text = co_await hob::read_file("/proc/self/comm");
  if (text.empty()) co_return 4;
  auto receiver = hob::signals(SIGUSR1);
  ::raise(SIGUSR1);
  const auto signal = co_await receiver.anext();
  if (signal != SIGUSR1) co_return 5;
  server.close();
  server.abort_clients();
  co_await server.wait_closed();
  co_return 0;
}

hob::Coro<> parent() {
  auto& loop = hob::get_running_loop();
  auto server = co_await hob::start_server(echo, "127.0.0.1", 0);
  const std::string before = co_await ask(server.port());
  CHECK(before == "hello\n");
  co_await hob::getaddrinfo("localhost", "1");  // so that its threads exist
  auto receiver = hob::signals(SIGUSR1);

  const int lived = in_child([] { return hob::run(live()); });
  CHECK(lived == 0);

  const int refused = in_child([&] {
    if (hob::detail::running_loop) return 1;
    if (!is_refused([&] { loop.call_soon([] {}); })) return 2;
    if (!is_refused([&] { loop.call_soon_threadsafe([] {}); })) return 3;
    if (!is_refused([&] { loop.call_later(1s, [] {}); })) return 4;
    if (!is_refused([&] { loop.add_reader(0, [] {}); })) return 5;
    if (!is_refused([&] { loop.run_forever(); })) return 6;
    try {
      hob::get_running_loop();
      return 7;
    } catch (const hob::RuntimeError&) {
    }
    return 0;
  });
  CHECK(refused == 0);

  // Destroying what was copied takes nothing out of the parent's epoll, and a signal for the child
  // is not the parent's.
  const int destroyed = in_child([&] {
    server.close();
    server.abort_clients();
    receiver.close();
    ::raise(SIGUSR1);  // which kills, by default
    return 0;
  });
  CHECK(destroyed == -SIGUSR1);

  const std::string after = co_await ask(server.port());
  CHECK(after == "hello\n");
  ::raise(SIGUSR1);
  const auto signal = co_await receiver.anext();
  CHECK(signal == SIGUSR1);
  server.close();
  server.abort_clients();
  co_await server.wait_closed();
}

}  // namespace

// ThreadSanitizer supports no new threads in the child of a process that had several.
#ifndef __SANITIZE_THREAD__
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#endif
#ifndef __SANITIZE_THREAD__
TEST_CASE("a child of fork may run a new loop, and the old one is refused") { hob::run(parent()); }
#else
TEST_CASE("a child of fork may run a new loop, and the old one is refused" * doctest::skip()) {
  hob::run(parent());
}
#endif

TEST_CASE("a child that goes back into the loop it came from is told so") {
  const pid_t self = ::getpid();
  const auto main = []() -> hob::Coro<int> {
    const pid_t child = ::fork();
    if (child == 0) {
      co_await hob::sleep(0s);  // back into the loop of the parent
      co_return 1;
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    co_return WEXITSTATUS(status);
  };
  int code = 0;
  try {
    code = hob::run(main());
  } catch (const hob::RuntimeError& error) {
    const bool clear = std::string(error.what()).find("belongs to the parent") != std::string::npos;
    if (::getpid() != self) ::_exit(clear ? 42 : 43);
    throw;
  }
  if (::getpid() != self) ::_exit(44);
  CHECK(code == 42);
}

}  // namespace fork_test
