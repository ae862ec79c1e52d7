// SPDX-License-Identifier: MIT
// call_soon_threadsafe, and debug mode's checks of threads and times.
#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using hob::EventLoop;

namespace loop_threads_test {
namespace {

hob::LoopOptions debugging() {
  hob::LoopOptions options;
  options.debug = true;
  return options;
}

// What is written to stderr while it lives.
class StderrCapture {
 public:
  StderrCapture() : file_(std::tmpfile()), before_(::dup(STDERR_FILENO)) {
    ::dup2(::fileno(file_), STDERR_FILENO);
  }
  StderrCapture(const StderrCapture&) = delete;
  StderrCapture& operator=(const StderrCapture&) = delete;
  ~StderrCapture() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    std::fclose(file_);
  }
  std::string text() const {
    std::string all(4096, '\0');
    const ssize_t n = ::pread(::fileno(file_), all.data(), all.size(), 0);
    all.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return all;
  }

 private:
  std::FILE* file_;
  int before_;
};

}  // namespace

TEST_CASE("calls from many threads arrive, each thread's in its order") {
  constexpr int kThreads = 4;
  constexpr int kCalls = 2000;
  EventLoop loop;
  std::vector<int> next(kThreads, 0);
  int wrong = 0;
  int total = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        loop.call_soon_threadsafe([&, t, i] {
          if (std::exchange(next[static_cast<std::size_t>(t)], i + 1) != i) ++wrong;
          if (++total == kThreads * kCalls) loop.stop();
        });
        if (i % 500 == 0) std::this_thread::sleep_for(100us);  // lets the loop fall asleep
      }
    });
  }
  loop.run_forever();
  for (auto& thread : threads) thread.join();
  CHECK(total == kThreads * kCalls);
  CHECK(wrong == 0);
}

TEST_CASE("a call from another thread wakes a loop that sleeps") {
  EventLoop loop;
  for (int round = 0; round < 20; ++round) {
    std::thread thread([&] {
      std::this_thread::sleep_for(200us);
      loop.call_soon_threadsafe([&] { loop.stop(); });
    });
    loop.run_forever();
    thread.join();
  }
}

TEST_CASE("a call that was posted can be cancelled from any thread until it runs") {
  EventLoop loop;
  std::atomic<int> ran{0};
  int cancelled = 0;
  std::thread thread([&] {
    for (int i = 0; i < 2000; ++i) {
      auto handle = loop.call_soon_threadsafe([&] { ++ran; });
      if (handle.cancel()) {
        ++cancelled;
        CHECK(handle.cancelled());
        CHECK_FALSE(handle.cancel());
      }
    }
    loop.call_soon_threadsafe([&] { loop.stop(); });
  });
  loop.run_forever();
  thread.join();
  CHECK(ran + cancelled == 2000);
}

TEST_CASE("a callback is destroyed on the loop's thread, also when it was cancelled") {
  struct Witness {
    explicit Witness(std::vector<std::thread::id>* s) : seen(s) {}
    Witness(Witness&& other) noexcept : seen(std::exchange(other.seen, nullptr)) {}
    ~Witness() {
      if (seen) seen->push_back(std::this_thread::get_id());
    }
    void operator()() {}
    std::vector<std::thread::id>* seen;
  };
  std::vector<std::thread::id> seen;
  EventLoop loop;
  std::thread thread([&] {
    loop.call_soon_threadsafe(Witness(&seen));
    auto handle = loop.call_soon_threadsafe(Witness(&seen));
    handle.cancel();
    loop.call_soon_threadsafe([&] { loop.stop(); });
  });
  loop.run_forever();
  thread.join();
  CHECK(seen == std::vector<std::thread::id>(2, std::this_thread::get_id()));
}

TEST_CASE("posting to a loop while it is closed either arrives or fails") {
  for (int round = 0; round < 10; ++round) {
    auto token = std::make_shared<int>(0);
    EventLoop loop;
    std::atomic<bool> started{false};
    std::thread thread([&] {
      for (;;) {
        try {
          loop.call_soon_threadsafe([token] {});
        } catch (const hob::RuntimeError&) {
          return;
        }
        started = true;
      }
    });
    while (!started) std::this_thread::yield();
    loop.call_soon([&] { loop.stop(); });
    loop.run_forever();
    loop.close();
    thread.join();
    CHECK(token.use_count() == 1);
  }
}

TEST_CASE("a handle of a posted call may outlive the loop") {
  hob::ThreadSafeHandle handle;
  {
    EventLoop loop;
    handle = loop.call_soon_threadsafe([] {});
  }
  hob::ThreadSafeHandle copy = handle;
  copy.cancel();
  hob::ThreadSafeHandle empty;
  CHECK_FALSE(empty.cancel());
}

TEST_CASE("debug mode refuses calls from a wrong thread") {
  EventLoop loop(debugging());
  CHECK(loop.get_debug());
  std::atomic<int> refused{0};
  loop.call_soon([&] {
    std::thread thread([&] {
      try {
        loop.call_soon([] {});
      } catch (const hob::RuntimeError& error) {
        refused += std::string(error.what()).find("call_soon_threadsafe") != std::string::npos;
      }
      loop.call_soon_threadsafe([&] { loop.stop(); });
    });
    thread.join();
  });
  loop.run_forever();
  CHECK(refused == 1);
}

TEST_CASE("debug mode reports callbacks and steps that take long") {
  EventLoop loop(debugging());
  CHECK(loop.slow_callback_duration() == hob::Duration(100ms));
  loop.set_slow_callback_duration(2ms);
  const StderrCapture capture;
  const auto slow = [] { std::this_thread::sleep_for(3ms); };
  const auto slow_step = [&slow]() -> hob::Coro<> {
    slow();
    co_return;
  };
  loop.call_soon(slow);
  loop.call_soon_threadsafe(slow);
  hob::TaskOptions named;
  named.name = "slow one";
  loop.run_until_complete(loop.create_task(slow_step(), named));
  const std::string text = capture.text();
  CHECK(text.find("Executing a callback took 0.") != std::string::npos);
  CHECK(text.find("Executing <Task finished name='slow one'> took 0.") != std::string::npos);
}

TEST_CASE("without debug mode nobody looks at the time") {
  EventLoop loop;
  loop.set_debug(false);
  loop.set_slow_callback_duration(0s);
  const StderrCapture capture;
  loop.call_soon([] { std::this_thread::sleep_for(1ms); });
  loop.call_soon([&] { loop.stop(); });
  loop.run_forever();
  CHECK(capture.text().empty());
}

TEST_CASE("each thread runs its own loop") {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto main = [](int n) -> hob::Coro<int> {
        co_await hob::sleep(1ms);
        co_return n;
      };
      if (hob::run(main(t)) == t) ++right;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 4);
}

}  // namespace loop_threads_test
