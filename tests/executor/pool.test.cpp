// SPDX-License-Identifier: MIT
// ThreadPool: multiprocessing's Pool over threads.
#include <hob/hob.hpp>
#include <hob/testing/cancel_everywhere.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace pool_test {
namespace {

using hob::ThreadPool;

int square(int n) { return n * n; }
int minus(int a, int b) { return a - b; }
int odd(int n) {
  if (n % 2 == 0) throw hob::ValueError("even: " + std::to_string(n));
  return n;
}
std::vector<int> pool_numbers(int n) {
  std::vector<int> numbers;
  for (int i = 0; i < n; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace
}  // namespace pool_test
using namespace pool_test;

TEST_CASE("apply and apply_async") {
  ThreadPool pool(2);
  CHECK(pool.apply(minus, 5, 3) == 2);
  const hob::AsyncResult<int> result = pool.apply_async(minus, 5, 3);
  CHECK(result.get() == 2);
  CHECK(result.ready());
  CHECK(result.successful());
  const auto failed = pool.apply_async(odd, 2);
  failed.wait();
  CHECK_FALSE(failed.successful());
  CHECK_THROWS_WITH_AS(failed.get(), "even: 2", hob::ValueError);
}

TEST_CASE("an AsyncResult that is not ready") {
  ThreadPool pool(1);
  std::latch open(1);
  const auto result = pool.apply_async([&open] { open.wait(); });
  CHECK_FALSE(result.ready());
  CHECK_THROWS_AS(result.successful(), hob::ValueError);
  CHECK_THROWS_AS(result.get(1us), hob::TimeoutError);
  result.wait(1us);
  open.count_down();
  result.get();
}

TEST_CASE("callbacks") {
  ThreadPool pool(2);
  std::atomic<int> got = 0, errors = 0;
  auto callback = [&got](int n) { got += n; };
  auto error_callback = [&errors](const std::exception_ptr&) { ++errors; };
  pool.apply_async(minus, std::tuple(5, 3), callback, error_callback);
  pool.apply_async(odd, std::tuple(2), callback, error_callback);
  pool.apply_async(odd, std::tuple(3), callback);
  std::atomic<std::size_t> size = 0;
  pool.map_async(square, pool_numbers(10), 3,
                 [&size](const std::vector<int>& all) { size = all.size(); });
  pool.map_async(odd, pool_numbers(3), 0, [](auto&&) {}, error_callback);
  pool.close();
  pool.join();
  CHECK(got == 5);
  CHECK(errors == 2);
  CHECK(size == 10);
}

TEST_CASE("map, starmap: results in order, with any chunk size") {
  ThreadPool pool(3);
  for (const std::size_t chunk : {0u, 1u, 3u, 1000u}) {
    const auto squares = pool.map(square, pool_numbers(100), chunk);
    for (int i = 0; i < 100; ++i) REQUIRE(squares[static_cast<std::size_t>(i)] == i * i);
  }
  CHECK(pool.map(square, std::vector<int>{}).empty());
  const std::vector<std::pair<int, int>> pairs{{5, 3}, {1, 2}};
  CHECK(pool.starmap(minus, pairs) == std::vector<int>{2, -1});
  CHECK(pool.starmap_async(minus, std::vector{std::tuple(9, 1)}).get() == std::vector<int>{8});
  auto boxes = pool.map([](int n) { return std::make_unique<int>(n); }, pool_numbers(3));
  CHECK(*boxes[1] == 1);
}

TEST_CASE("map throws once all have ended") {
  ThreadPool pool(2);
  std::atomic<int> ran = 0;
  auto count = [&ran](int n) {
    ++ran;
    return odd(n);
  };
  CHECK_THROWS_AS(pool.map(count, pool_numbers(10), 1), hob::ValueError);
  CHECK(ran == 10);
}

TEST_CASE("imap gives results in order, and goes on after an error") {
  ThreadPool pool(2);
  for (const std::size_t chunk : {1u, 3u}) {
    auto results = pool.imap(odd, pool_numbers(5), chunk);
    int sum = 0, errors = 0;
    for (int i = 0; i < 5; ++i) {
      try {
        const int n = results.next().value();
        CHECK(n == i);
        sum += n;
      } catch (const hob::ValueError&) {
        ++errors;
      }
    }
    CHECK(sum == 4);
    CHECK(errors == 3);
    CHECK_FALSE(results.next());
  }
  int i = 0;
  for (const int n : pool.imap(square, pool_numbers(50), 4)) CHECK(n == square(i++));
  CHECK(i == 50);
}

TEST_CASE("imap_unordered gives results as they come") {
  ThreadPool pool(2);
  std::latch open(1);
  auto results = pool.imap_unordered(
      [&open](int n) {
        if (n == 0) open.wait();
        return n;
      },
      pool_numbers(3));
  CHECK(*results.next() == 1);
  CHECK(*results.next() == 2);
  CHECK_THROWS_AS(results.next(1us), hob::TimeoutError);
  open.count_down();
  CHECK(*results.next() == 0);
  CHECK_FALSE(results.next());
}

TEST_CASE("the same, awaited") {
  ThreadPool pool(2);
  hob::testing::CancelOptions options;
  options.count_blocks = false;
  hob::testing::cancel_everywhere(
      [&pool]() -> hob::Coro<> {
        const int n = co_await pool.apply_async(minus, 5, 3);
        CHECK(n == 2);
        const std::vector<int> squares = co_await pool.map_async(square, pool_numbers(3));
        CHECK(squares == std::vector<int>{0, 1, 4});
        auto results = pool.imap_unordered(square, pool_numbers(4));
        int sum = 0;
        while (auto square_of = co_await results.anext()) sum += *square_of;
        CHECK(sum == 14);
      },
      options);
}

TEST_CASE("close, terminate, join") {
  ThreadPool pool(1);
  CHECK_THROWS_WITH_AS(pool.join(), "Pool is still running", hob::ValueError);
  std::latch open(1), begun(1);
  const auto first = pool.apply_async([&] {
    begun.count_down();
    open.wait();
    return 1;
  });
  const auto second = pool.apply_async(square, 2);
  pool.close();
  CHECK_THROWS_WITH_AS(pool.apply(square, 2), "Pool not running", hob::ValueError);
  begun.wait();
  const auto mapped = first;
  pool.terminate();
  CHECK_THROWS_AS(second.get(), hob::CancelledError);
  open.count_down();
  pool.join();
  CHECK(first.get() == 1);
}

TEST_CASE("terminate ends a map that waits") {
  ThreadPool pool(1);
  std::latch open(1), begun(1);
  auto wait = [&](int n) {
    if (n == 0) {
      begun.count_down();
      open.wait();
    }
  };
  const auto all = pool.map_async(wait, pool_numbers(3), 1);
  begun.wait();
  pool.terminate();
  open.count_down();
  CHECK_THROWS_AS(all.get(), hob::CancelledError);
}

TEST_CASE("bad input for a Pool") {
  CHECK_THROWS_WITH_AS(ThreadPool(0), "Number of processes must be at least 1", hob::ValueError);
  ThreadPool pool(1);
  CHECK_THROWS_AS(pool.imap(square, pool_numbers(2), 0), hob::ValueError);
  ThreadPool broken(1, {.initializer = [] { throw hob::ValueError("(printed)"); }});
  CHECK_THROWS_AS(broken.apply(square, 2), hob::BrokenThreadPool);
}
