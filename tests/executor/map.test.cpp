// SPDX-License-Identifier: MIT
// Executor map: order, chunks, buffers, errors.
#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace map_test {
namespace {

using hob::ThreadPoolExecutor;

int map_square(int n) { return n * n; }
std::vector<int> map_numbers(int n) {
  std::vector<int> numbers;
  for (int i = 0; i < n; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace
}  // namespace map_test
using namespace map_test;

TEST_CASE("map gives results in order, whatever the chunks") {
  ThreadPoolExecutor pool(3);
  const std::vector<int> numbers = map_numbers(100);
  for (const std::size_t chunk : {1u, 7u, 1000u}) {
    for (const std::size_t buffer : {0u, 1u, 5u}) {
      int i = 0;
      for (const int n :
           pool.map(map_square, numbers, {.chunksize = chunk, .buffersize = buffer})) {
        REQUIRE(n == i * i);
        ++i;
      }
      CHECK(i == 100);
    }
  }
  CHECK(pool.map(map_square, std::vector<int>{}).all().empty());
}

TEST_CASE("map takes several ranges and ends with the shortest") {
  ThreadPoolExecutor pool(2);
  auto join = [](int n, const std::string& s) { return s + std::to_string(n); };
  const std::vector<std::string> names{"a", "b"};
  CHECK(pool.map(join, map_numbers(5), names).all() == std::vector<std::string>{"a0", "b1"});
  const int plain[] = {1, 2};
  CHECK(pool.map(map_square, plain).all() == std::vector<int>{1, 4});
  const std::vector<bool> flags{true, false};
  CHECK(pool.map([](bool b) { return !b; }, flags).all() == std::vector<bool>{false, true});
}

TEST_CASE("map with results that can only be moved, and with none") {
  ThreadPoolExecutor pool(2);
  auto boxes = pool.map([](int n) { return std::make_unique<int>(n); }, map_numbers(3)).all();
  CHECK(*boxes[2] == 2);
  std::atomic<int> sum = 0;
  CHECK(pool.map([&sum](int n) { sum += n; }, map_numbers(4)).all().size() == 4);
  CHECK(sum == 6);
}

TEST_CASE("an exception comes at its place and ends the results") {
  ThreadPoolExecutor pool(2);
  for (const std::size_t chunk : {1u, 2u, 10u}) {
    auto results = pool.map(
        [](int n) {
          if (n == 3) throw hob::ValueError("three");
          return n;
        },
        map_numbers(10), {.chunksize = chunk});
    for (int i = 0; i < 3; ++i) CHECK(*results.next() == i);
    CHECK_THROWS_AS(results.next(), hob::ValueError);
    CHECK_FALSE(results.next());
  }
}

TEST_CASE("results that nobody will ask for are cancelled") {
  ThreadPoolExecutor pool(1);
  std::latch begun(1), open(1);
  std::atomic<int> ran = 0;
  {
    auto results = pool.map(
        [&](int n) {
          if (n == 0) {
            begun.count_down();
            open.wait();
          }
          ++ran;
        },
        map_numbers(100));
    begun.wait();
  }
  open.count_down();
  pool.shutdown();
  CHECK(ran == 1);
}

TEST_CASE("a buffer bounds what is submitted ahead") {
  ThreadPoolExecutor pool(2);
  std::atomic<int> ran = 0;
  auto results = pool.map([&ran](int) { ++ran; }, map_numbers(100), {.buffersize = 3});
  results.next();
  results.next();
  CHECK(ran <= 5);
}

TEST_CASE("map in time") {
  ThreadPoolExecutor pool(1);
  std::latch open(1);
  auto results = pool.map([&open](int) { open.wait(); }, map_numbers(3), {.timeout = 1us});
  CHECK_THROWS_AS(results.next(), hob::TimeoutError);
  CHECK_FALSE(results.next());
  open.count_down();
}

TEST_CASE("bad input for map") {
  ThreadPoolExecutor pool(1);
  CHECK_THROWS_WITH_AS(pool.map(map_square, map_numbers(2), {.chunksize = 0}),
                       "chunksize must be >= 1.", hob::ValueError);
  pool.shutdown();
  CHECK_THROWS_AS(pool.map(map_square, map_numbers(2)), hob::RuntimeError);
}
