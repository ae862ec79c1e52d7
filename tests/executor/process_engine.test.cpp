// SPDX-License-Identifier: MIT
// Pool, of processes: the calls of multiprocessing.Pool, and workers that die under it.
#include <hob/core/error.hpp>
#include <hob/executor/process_engine.hpp>
#include <hob/task/run.hpp>

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace std::chrono_literals;

namespace process_engine_test {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HOB_TEST_FEWER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOB_TEST_FEWER
#endif
#ifdef HOB_TEST_FEWER
constexpr int kJobs = 1'000;
#else
constexpr int kJobs = 10'000;
#endif

int cube(int n) { return n * n * n; }
int slow_cube(int n) {
  std::this_thread::sleep_for(300us);
  return n * n * n;
}
std::string join(std::string a, int b) { return a + std::to_string(b); }
std::vector<int> numbers(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}
bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

hob::Coro<int> awaited(hob::Pool* pool) {
  const int one = co_await pool->apply_async(cube, 3);
  const std::vector<int> all = co_await pool->map_async(cube, numbers(10));
  co_return one + all.back();
}

}  // namespace

TEST_CASE("a pool of processes has multiprocessing's calls") {
  hob::Pool pool(2);
  CHECK(pool.apply(cube, 3) == 27);
  CHECK(pool.apply([](std::string a, std::string b) { return a + b; }, "x", "y") == "xy");
  const auto later = pool.apply_async(cube, 4);
  CHECK(later.get() == 64);
  CHECK(later.successful());
  const std::vector<int> cubes = pool.map(cube, numbers(50));
  CHECK(cubes.at(49) == 49 * 49 * 49);
  const std::vector<std::tuple<std::string, int>> pairs{{"a", 1}, {"b", 2}};
  CHECK(pool.starmap(join, pairs) == std::vector<std::string>{"a1", "b2"});
  int sum = 0;
  for (const int n : pool.imap(cube, numbers(5), 2)) sum += n;
  CHECK(sum == 100);
  std::set<int> unordered;
  for (const int n : pool.imap_unordered(cube, numbers(5))) unordered.insert(n);
  CHECK(unordered == std::set<int>{0, 1, 8, 27, 64});
  CHECK_THROWS_WITH_AS(pool.apply(
                           [](int n) -> int {
                             throw hob::ValueError("no");
                             return n;
                           },
                           1),
                       "no", hob::ValueError);
  pool.close();
  CHECK_THROWS_AS(pool.apply(cube, 1), hob::ValueError);
  pool.join();
  CHECK_FALSE(has_children());
}

TEST_CASE("a pool of processes can be awaited") {
  hob::Pool pool(2);
  CHECK(hob::run(awaited(&pool)) == 27 + 729);
}

TEST_CASE("callbacks are told results and errors") {
  hob::Pool pool(1);
  std::atomic<int> result = 0;
  std::atomic<bool> failed = false;
  pool.apply_async(cube, std::tuple(2), [&](int n) { result = n; }).wait();
  pool.apply_async([](int n) -> int { throw hob::ValueError(std::to_string(n)); }, std::tuple(2),
                   [&](int) {}, [&](const std::exception_ptr&) { failed = true; })
      .wait();
  pool.close();
  pool.join();
  CHECK(result == 8);
  CHECK(failed);
}

TEST_CASE("a worker that dies is replaced, and its job fails") {
  hob::Pool pool(1);
  const auto fate = pool.apply_async(
      [](int n) {
        ::raise(SIGKILL);
        return n;
      },
      1);
  const auto next = pool.apply_async(cube, 5);
  CHECK(next.get() == 125);
  try {
    fate.get();
    FAIL("no exception");
  } catch (const hob::WorkerLostError& e) {
    CHECK(std::string(e.what()).find("was killed by SIGKILL (signal 9)") != std::string::npos);
  }
}

TEST_CASE("workers that cannot even start break the pool instead of being started for ever") {
  hob::Pool pool(2, {.initializer = {[] { ::_exit(1); }}});
  CHECK_THROWS_AS(pool.apply(cube, 1), hob::BrokenProcessPool);
}

TEST_CASE("maxtasksperchild replaces workers") {
  hob::Pool pool(1, {.maxtasksperchild = 1});
  std::set<int> pids;
  for (int i = 0; i < 4; ++i) pids.insert(pool.apply([] { return static_cast<int>(::getpid()); }));
  CHECK(pids.size() == 4);
}

TEST_CASE("terminate ends jobs that run and cancels those that wait") {
  hob::Pool pool(1);
  const auto running = pool.apply_async([] {
    std::this_thread::sleep_for(1h);
    return 1;
  });
  const auto waiting = pool.apply_async(cube, 1);
  while (!running.future().running()) std::this_thread::yield();
  pool.terminate();
  pool.join();
  CHECK_THROWS_AS(running.get(), hob::WorkerLostError);
  CHECK_THROWS_AS(waiting.get(), hob::CancelledError);
  CHECK_FALSE(has_children());
}

TEST_CASE("a pool goes on while random workers are killed every few milliseconds") {
  int values = 0, lost = 0;
  std::atomic<int> endings = 0;
  int kills = 0;
  {
    hob::Pool pool(3);
    std::atomic<bool> stop = false;
    std::thread killer([&] {
      std::mt19937 random(5);
      while (!stop) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2 + random() % 8));
        const std::vector<int> pids = pool.engine().worker_pids();
        // A number that was reused meanwhile would be somebody else's: they are not that soon.
        if (!pids.empty() && ::kill(pids[random() % pids.size()], SIGKILL) == 0) ++kills;
      }
    });
    std::vector<hob::AsyncResult<int>> results;
    for (int i = 0; i < kJobs; ++i) {
      results.push_back(pool.apply_async(slow_cube, i % 100));
      results.back().future().add_done_callback([&](const auto&) { ++endings; });
    }
    for (int i = 0; i < kJobs; ++i) {
      try {
        const int value = results[static_cast<std::size_t>(i)].get();
        CHECK(value == cube(i % 100));
        ++values;
      } catch (const hob::WorkerLostError&) {
        ++lost;
      }
    }
    stop = true;
    killer.join();
    pool.close();
    pool.join();
  }
  MESSAGE(kJobs << " jobs, " << kills << " kills: " << values << " results, " << lost << " lost");
  CHECK(values + lost == kJobs);
  CHECK(endings == kJobs);
  CHECK(lost <= kills);
  CHECK(values > kJobs / 2);
  CHECK_FALSE(has_children());
}

}  // namespace process_engine_test
