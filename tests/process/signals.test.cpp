// SPDX-License-Identifier: MIT
// signals(): awaiting Unix signals; several loops and handlers for one of them.
#include <hob/hob.hpp>
#include <hob/process/signals.hpp>
#include <hob/testing/cancel_everywhere.hpp>

#include <doctest/doctest.h>

#include <sys/types.h>
#include <unistd.h>
#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;

namespace signals_test {
namespace {

bool is_default(int signal) {
  struct sigaction action{};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}

// doctest handles SIGINT itself while a test runs; run respects that.
struct DefaultSignal {
  explicit DefaultSignal(int s) : signal(s), before(std::signal(s, SIG_DFL)) {}
  DefaultSignal(const DefaultSignal&) = delete;
  DefaultSignal& operator=(const DefaultSignal&) = delete;
  ~DefaultSignal() { std::signal(signal, before); }
  int signal;
  void (*before)(int);
};

Coro<> collect(hob::SignalReceiver& receiver, std::vector<int>& seen) {
  while (auto signal = co_await receiver.anext()) seen.push_back(*signal);
}

}  // namespace

TEST_CASE("signals are awaited") {
  const auto main = []() -> Coro<> {
    auto receiver = hob::signals(SIGUSR1, SIGUSR2);
    std::raise(SIGUSR2);
    std::raise(SIGUSR1);
    std::raise(SIGUSR1);
    const auto first = co_await receiver.anext();
    const auto second = co_await receiver.anext();
    CHECK(first == SIGUSR1);  // two of a kind are one; the lowest number first
    CHECK(second == SIGUSR2);
    const auto none = co_await hob::as_result(hob::wait_for(receiver.anext(), 1ms));
    CHECK_FALSE(none.has_value());
    hob::get_running_loop().call_later(1ms, [] { std::raise(SIGUSR2); });
    const auto third = co_await receiver.anext();
    CHECK(third == SIGUSR2);
    receiver.close();
    receiver.close();
    const auto end = co_await receiver.anext();
    CHECK_FALSE(end.has_value());
  };
  hob::run(main());
  CHECK(is_default(SIGUSR1));
  CHECK(is_default(SIGUSR2));
}

TEST_CASE("every receiver and the handler get a signal") {
  const auto main = []() -> Coro<> {
    int handled = 0;
    hob::get_running_loop().add_signal_handler(SIGUSR1, [&] { ++handled; });
    std::vector<int> a, b;
    auto first = hob::signals(SIGUSR1);
    auto second = hob::signals(SIGUSR1, SIGHUP);
    auto task_a = hob::create_task(collect(first, a));
    auto task_b = hob::create_task(collect(second, b));
    std::raise(SIGUSR1);
    while (a.empty() || b.empty() || handled == 0) co_await hob::sleep(1ms);
    CHECK(handled == 1);
    CHECK(hob::get_running_loop().remove_signal_handler(SIGUSR1));
    CHECK_FALSE(is_default(SIGUSR1));
    first.close();
    std::raise(SIGUSR1);
    while (b.size() < 2) co_await hob::sleep(1ms);
    second.close();
    co_await hob::gather(task_a, task_b);
    CHECK(a == std::vector<int>{SIGUSR1});
    CHECK(b == std::vector<int>{SIGUSR1, SIGUSR1});
  };
  hob::run(main());
  CHECK(is_default(SIGUSR1));
  CHECK(is_default(SIGHUP));
}

TEST_CASE("a signal reaches every loop that wants it") {
  std::atomic<int> listening{0};
  std::atomic<int> received{0};
  const auto wait_once = [&]() -> Coro<> {
    auto receiver = hob::signals(SIGUSR1);
    ++listening;
    co_await receiver.anext();
    ++received;
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { hob::run(wait_once()); });
  while (listening < 4) std::this_thread::yield();
  ::kill(::getpid(), SIGUSR1);
  for (std::thread& thread : threads) thread.join();
  CHECK(received == 4);
  CHECK(is_default(SIGUSR1));
}

TEST_CASE("loops come and go under a storm of signals") {
  hob::EventLoop keeps_it_handled;
  keeps_it_handled.add_signal_handler(SIGUSR1, [] {});
  std::atomic<bool> stop{false};
  std::thread storm([&] {
    while (!stop) ::kill(::getpid(), SIGUSR1);
  });
  const auto main = []() -> Coro<> {
    auto receiver = hob::signals(SIGUSR1);
    for (int i = 0; i < 3; ++i) co_await receiver.anext();
  };
  for (int i = 0; i < 100; ++i) hob::run(main());
  stop = true;
  storm.join();
}

TEST_CASE("a signal is never lost: each one that is sent after the last was taken arrives") {
  const auto main = []() -> Coro<> {
    auto receiver = hob::signals(SIGUSR1);
    for (int i = 0; i < 1000; ++i) {
      ::kill(::getpid(), SIGUSR1);
      const auto signal = co_await receiver.anext();
      REQUIRE(signal == SIGUSR1);
    }
  };
  hob::run(main());
}

// Real processes and signals, so real time. Every system call of the loop may be interrupted.
TEST_CASE("a hundred thousand signals while children come and go: no child is lost") {
  const auto main = []() -> hob::Coro<> {
    constexpr int kSignals = 100'000;
    constexpr int kChildren = 60;
    auto receiver = hob::signals(SIGUSR1, SIGCHLD);
    std::atomic<bool> go_on{true};
    std::atomic<int> sent{0};
    std::thread sender([&] {
      while (go_on.load() || sent.load() < kSignals) {
        ::kill(::getpid(), ++sent % 3 == 0 ? SIGCHLD : SIGUSR1);
        if (sent.load() > 10 * kSignals) std::this_thread::yield();
      }
    });
    int received = 0;
    const auto count = [&]() -> hob::Coro<> {
      while (true) {
        co_await receiver.anext();
        ++received;
      }
    };
    auto counting = hob::create_task(count);
    int ended = 0;
    const auto child = [&ended](int code) -> hob::Coro<> {
      const auto process = co_await hob::create_subprocess_shell("exit " + std::to_string(code),
                                                                 hob::SubprocessOptions());
      const int got = co_await process.wait();
      ended += got == code;
    };
    for (int batch = 0; batch < kChildren / 10; ++batch) {
      std::vector<hob::Task<>> children;
      for (int i = 0; i < 10; ++i) children.push_back(hob::create_task(child, batch * 10 + i));
      for (auto& each : children) co_await each;
    }
    go_on = false;
    while (sent.load() < kSignals) co_await hob::sleep(1ms);
    sender.join();
    counting.cancel();
    co_await hob::as_result(counting);
    CHECK(ended == kChildren);
    CHECK(received > 0);
    CHECK(sent.load() >= kSignals);
  };
  hob::run(main());
}

TEST_CASE("a receiver of SIGINT goes before run's own handler") {
  const DefaultSignal allowed(SIGINT);
  const auto main = []() -> Coro<int> {
    {
      auto receiver = hob::signals(SIGINT);
      std::raise(SIGINT);
      const auto signal = co_await receiver.anext();
      if (signal != SIGINT) co_return 1;
    }
    std::raise(SIGINT);
    const auto slept = co_await hob::as_result(hob::sleep(1h));
    co_return slept.cancelled() ? 2 : 3;
  };
  CHECK(hob::run(main()) == 2);
}

TEST_CASE("signals that cannot be received are refused") {
  const auto main = []() -> Coro<> {
    CHECK_THROWS_AS(static_cast<void>(hob::signals(0)), hob::ValueError);
    CHECK_THROWS_AS(static_cast<void>(hob::signals(65)), hob::ValueError);
    CHECK_THROWS_AS(static_cast<void>(hob::signals(SIGUSR1, SIGKILL)), hob::OSError);
    CHECK(is_default(SIGUSR1));
    co_return;
  };
  hob::run(main());
  CHECK_THROWS_AS(static_cast<void>(hob::signals(SIGUSR1)), hob::RuntimeError);
}

TEST_CASE("a receiver may outlive its loop") {
  std::optional<hob::SignalReceiver> receiver;
  const auto main = [&]() -> Coro<> {
    receiver.emplace(hob::detail::checked_signal_bit(SIGUSR1));
    co_return;
  };
  hob::run(main());
  CHECK(is_default(SIGUSR1));
  receiver->close();
  receiver.reset();
}

TEST_CASE("waiting for signals, cancelled everywhere") {
  const auto scenario = []() -> Coro<> {
    auto receiver = hob::signals(SIGUSR1);
    std::raise(SIGUSR1);
    co_await receiver.anext();
    auto timer = hob::get_running_loop().call_later(1s, [] { std::raise(SIGUSR1); });
    const auto outcome = co_await hob::as_result(receiver.anext());
    timer.cancel();
    outcome.value();
  };
  CHECK(hob::testing::cancel_everywhere(scenario) > 0);
}

}  // namespace signals_test
