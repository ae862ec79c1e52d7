// SPDX-License-Identifier: MIT
// One call of the kernel fails in a process pool, at a place that is chosen: here, in the server of
// the workers (a forked one has a copy of the plan), or in a worker (whose job makes it fail).
#include <hob/core/error.hpp>
#include <hob/executor/process_pool.hpp>
#include <hob/testing/faults.hpp>

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using hob::testing::Faults;

namespace process_pool_one_fault_test {
namespace {

constexpr std::size_t kLarge = 30'000;  // ints: more than fits in a packet

int square(int n) { return n * n; }

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

std::size_t size_of(const std::vector<int>& numbers) { return numbers.size(); }

// Afterwards the next that the pool receives is a result: all was said about its worker.
void use_until_quiet(hob::ProcessPoolExecutor& pool) {
  REQUIRE(pool.submit(square, 2).result() == 4);
  while (pool.worker_pids().empty()) std::this_thread::yield();
}

std::string first_failure(hob::ProcessPoolExecutor& pool) {
  try {
    for (int i = 0; i < 10'000; ++i) pool.submit(square, i).result();
  } catch (...) {
    return hob::describe(std::current_exception());
  }
  return "none";
}

}  // namespace

TEST_CASE("a forked process that gets no descriptor of its own is no child") {
  {
    Faults faults;
    faults.fail(Faults::Call::pidfd_open, EMFILE);
    hob::ProcessPoolOptions options;
    options.start_method = hob::StartMethod::fork;
    CHECK_THROWS_WITH_AS(hob::ProcessPoolExecutor(1, std::move(options)),
                         "fork: [Errno 24] Too many open files", hob::OSError);
    CHECK_FALSE(has_children());
  }
  Faults faults;
  faults.fail(Faults::Call::pidfd_open, EMFILE, 2);  // the server's second, then
  hob::ProcessPoolOptions options;
  options.start_method = hob::StartMethod::fork;
  options.max_tasks_per_child = 1;
  hob::ProcessPoolExecutor pool(1, std::move(options));
  CHECK(pool.submit(square, 2).result() == 4);
  const std::string text = first_failure(pool);  // the worker may be quicker than its end
  CHECK(text ==
        "BrokenProcessPool: a worker cannot be started: OSError: fork: [Errno 24] Too "
        "many open files");
}

TEST_CASE("a result that cannot be received is an error of its job alone") {
  Faults faults;
  hob::ProcessPoolExecutor pool(1);
  use_until_quiet(pool);
  faults.fail(Faults::Call::recv, ENOMEM);
  const std::string text = hob::describe(pool.submit(square, 3).exception());
  CHECK(text == "OSError: recvmsg: [Errno 12] Cannot allocate memory");
  CHECK(pool.submit(square, 4).result() == 16);  // by another worker
}

TEST_CASE("when the server of the workers cannot be told something, the pool breaks") {
  const std::string why =
      "BrokenProcessPool: the process that makes the workers cannot be told: OSError: sendmsg: "
      "[Errno 105] No buffer space available";
  {
    Faults faults;
    faults.fail(Faults::Call::send, ENOBUFS, 2);  // after the set-up, to start the worker
    hob::ProcessPoolExecutor pool(1);
    CHECK(hob::describe(pool.submit(square, 2).exception()) == why);
    pool.shutdown();
    CHECK_FALSE(has_children());
  }
  Faults faults;
  hob::ProcessPoolExecutor pool(1);
  use_until_quiet(pool);
  const auto future = pool.submit([] { std::this_thread::sleep_for(1h); });
  faults.fail(Faults::Call::send, ENOBUFS);
  pool.kill_workers();
  CHECK(hob::describe(future.exception()) == why);
  pool.shutdown();
  CHECK_FALSE(has_children());
}

TEST_CASE("arguments that cannot become a file are an error that says so") {
  Faults faults;
  hob::ProcessPoolExecutor pool(1);
  use_until_quiet(pool);
  faults.fail(Faults::Call::memfd_create, ENOMEM, 1, 2);  // as they are submitted, and as they go
  const std::string text =
      hob::describe(pool.submit(size_of, std::vector<int>(kLarge)).exception());
  CHECK(text == "OSError: memfd: [Errno 12] Cannot allocate memory");
  CHECK(pool.submit(square, 4).result() == 16);
}

TEST_CASE("a result that a worker cannot send is an error of its job alone") {
  struct Loss {
    Faults::Call call;
    const char* why;
  };
  const Loss losses[] = {
      {Faults::Call::memfd_create, "OSError: memfd: [Errno 105] No buffer space available"},
      {Faults::Call::write, "OSError: memfd: [Errno 105] No buffer space available"},
      {Faults::Call::fcntl, "OSError: memfd: [Errno 105] No buffer space available"},
      {Faults::Call::send, "OSError: sendmsg: [Errno 105] No buffer space available"},
  };
  hob::ProcessPoolExecutor pool(1);
  const int worker = pool.submit([] { return static_cast<int>(::getpid()); }).result();
  for (const Loss& loss : losses) {
    CAPTURE(loss.why);
    const auto lost = pool.submit(
        [](int call) {
          static Faults faults;  // of the worker
          faults.fail(static_cast<Faults::Call>(call), ENOBUFS);
          return std::vector<int>(kLarge);
        },
        static_cast<int>(loss.call));
    CHECK(hob::describe(lost.exception()) == loss.why);
  }
  CHECK(pool.submit([] { return static_cast<int>(::getpid()); }).result() == worker);
}

TEST_CASE("a worker that cannot send anything ends, and not in the program's own functions") {
  for (const auto method : {hob::StartMethod::fork, hob::StartMethod::forkserver}) {
    hob::ProcessPoolOptions options;
    options.start_method = method;
    hob::ProcessPoolExecutor pool(1, std::move(options));
    const auto lost = pool.submit([] {
      static Faults faults;  // of the worker
      faults.fail(Faults::Call::send, ENOBUFS, 1, Faults::kAlways);
    });
    const std::string text = hob::describe(lost.exception());
    CAPTURE(text);
    CHECK(text.find("ended with exit code 1") != std::string::npos);
  }
}

TEST_CASE("start method fork is refused when threads cannot be counted") {
  std::thread([] {}).join();  // there were some
  Faults faults;
  faults.fail(Faults::Call::open, EMFILE);
  hob::ProcessPoolOptions options;
  options.start_method = hob::StartMethod::fork;
  CHECK_THROWS_WITH_AS(hob::ProcessPoolExecutor(1, std::move(options)),
                       "/proc/self/task: [Errno 24] Too many open files", hob::OSError);
}

TEST_CASE("start method fork does not mind a thread that was joined") {
  Faults faults;
  faults.fail(Faults::Call::fork, EAGAIN, 1, Faults::kAlways);  // it comes as far as that
  for (int i = 0; i < 5'000; ++i) {
    std::thread([] {}).join();
    hob::ProcessPoolOptions options;
    options.start_method = hob::StartMethod::fork;
    CHECK_THROWS_AS(hob::ProcessPoolExecutor(1, std::move(options)), hob::OSError);
  }
}

}  // namespace process_pool_one_fault_test
