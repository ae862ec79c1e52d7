// SPDX-License-Identifier: MIT
// Every call of the kernel fails while a process pool starts, works and ends. With forkserver those
// of this process fail; with fork also those of the server and the workers, which have a copy of
// the plan. Processes take real time.
#include <hob/core/error.hpp>
#include <hob/executor/process_engine.hpp>
#include <hob/executor/process_pool.hpp>
#include <hob/executor/run_in_executor.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/task/as_result.hpp>

#include "support/faults.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace process_pool_every_fault_test {
namespace {

// Forks are slow under sanitizers.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HOB_TEST_FEW_CALLS
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOB_TEST_FEW_CALLS
#endif
#ifdef HOB_TEST_FEW_CALLS
constexpr std::size_t kCallsMax = 4;
#else
constexpr std::size_t kCallsMax = 8;
#endif
constexpr std::size_t kLarge = 30'000;  // ints: more than fits in a packet

int square(int n) { return n * n; }
std::vector<int> twice(std::vector<int> numbers) {
  for (int& n : numbers) n *= 2;
  return numbers;
}
int refuse(int n) { throw hob::ValueError("not " + std::to_string(n)); }

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}
// What a pool maps are results in files that have this name.
int mapped_files() {
  int count = 0;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) count += line.find("memfd:hob") != line.npos;
  return count;
}

hob::Coro<> use_pool(hob::StartMethod method) {
  hob::ProcessPoolOptions options;
  options.start_method = method;
  hob::ProcessPoolExecutor pool(2, std::move(options));

  hob::EventLoop& loop = hob::get_running_loop();
  const int nine = co_await loop.run_in_executor(&pool, square, 3);
  CHECK(nine == 9);

  const std::vector<int> ones(kLarge, 1);
  const std::vector<int> twos = co_await loop.run_in_executor(&pool, twice, ones);
  CHECK(twos == std::vector<int>(kLarge, 2));

  std::vector<int> squares;
  const std::vector<int> numbers = {1, 2, 3};
  for (const int n : pool.map(square, numbers)) squares.push_back(n);
  CHECK(squares == std::vector<int>{1, 4, 9});

  const auto refused = co_await hob::as_result(loop.run_in_executor(&pool, refuse, 4));
  CHECK_FALSE(refused.has_value());
  if (hob::type_name(refused.exception()) != "ValueError") refused.value();
  CHECK(hob::describe(refused.exception()) == "ValueError: not 4");

  pool.shutdown();
}

// Its workers are replaced, after two jobs or when one dies.
hob::Coro<> use_replaced_workers(hob::StartMethod method) {
  hob::ProcessOptions options;
  options.start_method = method;
  options.initializer = {square, 1};
  options.maxtasksperchild = 2;
  hob::Pool pool(1, std::move(options));

  const int nine = co_await pool.apply_async(square, 3);
  CHECK(nine == 9);
  const std::vector<int> ones(kLarge, 1);
  const std::vector<int> twos = co_await pool.apply_async(twice, ones);
  CHECK(twos == std::vector<int>(kLarge, 2));
  const std::vector<int> numbers = {1, 2, 3};
  const std::vector<int> squares = co_await pool.map_async(square, numbers, 1);
  CHECK(squares == std::vector<int>{1, 4, 9});

  pool.close();
  pool.join();
}

using Use = hob::Coro<> (*)(hob::StartMethod);

// A pool that hangs does so in its destructor, too, where no timeout of the loop ends it.
class Alarm {
 public:
  Alarm() { ::alarm(60); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() { ::alarm(0); }
};

hob::Coro<> leave_nothing(Use use, hob::StartMethod method) {
  const Alarm alarm;
  const auto outcome = co_await hob::as_result(use(method));
  CHECK_FALSE(has_children());
  CHECK(mapped_files() == 0);
  outcome.value();
}

// The job fails with the fault or its worker's end, or the pool does. A byte at a time and
// interruptions are never seen.
bool may_throw(const hob::testing::Fault& fault, const std::exception_ptr& error) {
  if (fault.error == 0 || fault.error == EINTR) return false;
  const std::string name = hob::type_name(error);
  return support::errno_of(error) == fault.error || name == "BrokenProcessPool" ||
         name == "WorkerLostError";
}

void fail_everywhere(Use use, hob::StartMethod method) {
  hob::testing::FaultOptions options;
  options.virtual_time = false;
  options.count_blocks = false;  // of the pool's thread, too
  options.calls_max = kCallsMax;
  options.may_throw = &may_throw;
  support::fail_everywhere([=] { return leave_nothing(use, method); }, std::move(options));
  hob::ProcessPoolExecutor next(1);
  CHECK(next.submit(square, 5).result() == 25);
}

}  // namespace

TEST_CASE("a process pool: every call of its own process fails") {
  fail_everywhere(use_pool, hob::StartMethod::forkserver);
}

TEST_CASE("a process pool that was forked: every call fails, of its children, too") {
  fail_everywhere(use_pool, hob::StartMethod::fork);
}

TEST_CASE("a process pool that replaces its workers: every call fails") {
  fail_everywhere(use_replaced_workers, hob::StartMethod::forkserver);
  fail_everywhere(use_replaced_workers, hob::StartMethod::fork);
}

}  // namespace process_pool_every_fault_test
