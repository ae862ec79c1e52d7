// SPDX-License-Identifier: MIT
// concurrent::wait and concurrent::as_completed.
#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace concurrent_wait_test {
namespace {

using Future = hob::concurrent::Future<int>;

std::vector<Future> make(int count) {
  std::vector<Future> futures;
  for (int i = 0; i < count; ++i) futures.push_back(Future::make());
  return futures;
}

}  // namespace
}  // namespace concurrent_wait_test
using namespace concurrent_wait_test;

TEST_CASE("concurrent::wait gives at once what is done") {
  const auto f = make(3);
  f[1].set_result(1);
  const auto first = hob::concurrent::wait(f, {.return_when = hob::FIRST_COMPLETED});
  CHECK(first.done == std::vector<Future>{f[1]});
  CHECK(first.not_done == std::vector<Future>{f[0], f[2]});
  f[2].set_exception(hob::ValueError("x"));
  CHECK(hob::concurrent::wait(f, {.return_when = hob::FIRST_EXCEPTION}).done.size() == 2);
  f[0].set_result(0);
  CHECK(hob::concurrent::wait(f).not_done.empty());
  CHECK(hob::concurrent::wait(std::vector<Future>{}).done.empty());
}

TEST_CASE("concurrent::wait ends by time, and leaves nothing behind") {
  const auto f = make(2);
  CHECK(hob::concurrent::wait(f, {.timeout = 1us}).not_done.size() == 2);
  CHECK(hob::concurrent::wait(f, {.timeout = 0s}).not_done.size() == 2);
  f[0].set_result(0);
  CHECK(hob::concurrent::wait(f, {.timeout = 1us}).done.size() == 1);
}

TEST_CASE("concurrent::wait is woken by what its mode asks for") {
  for (const auto mode : {hob::FIRST_COMPLETED, hob::FIRST_EXCEPTION, hob::ALL_COMPLETED}) {
    const auto f = make(3);
    std::jthread other([&f] {
      f[0].set_result(0);
      f[1].set_exception(hob::ValueError("x"));
      f[2].set_result(2);
    });
    const auto result = hob::concurrent::wait(f, {.return_when = mode});
    CHECK(f[0].done());
    CHECK(f[1].done() >= (mode != hob::FIRST_COMPLETED));
    if (mode == hob::ALL_COMPLETED) CHECK(result.not_done.empty());
  }
}

TEST_CASE("a cancelled future is done for concurrent::wait once its executor has noticed") {
  const auto f = make(1);
  f[0].cancel();
  CHECK(hob::concurrent::wait(f, {.timeout = 0s}).not_done.size() == 1);
  std::jthread executor([&f] { f[0].set_running_or_notify_cancel(); });
  CHECK(hob::concurrent::wait(f).done.size() == 1);
}

TEST_CASE("duplicates count once") {
  const auto f = make(1);
  f[0].set_result(1);
  CHECK(hob::concurrent::wait(std::vector<Future>{f[0], f[0]}).done.size() == 1);
  auto all = hob::concurrent::as_completed(std::vector<Future>{f[0], f[0]});
  CHECK(all.next().has_value());
  CHECK_FALSE(all.next().has_value());
}

TEST_CASE("concurrent::as_completed gives futures in the order of their completion") {
  const auto f = make(4);
  f[2].set_result(2);
  f[1].set_result(1);
  auto all = hob::concurrent::as_completed(f);
  CHECK(*all.next() == f[1]);  // done before: in the order given
  CHECK(*all.next() == f[2]);
  f[3].set_result(3);
  f[0].set_exception(hob::ValueError("x"));
  CHECK(*all.next() == f[3]);
  CHECK(*all.next() == f[0]);
  CHECK_FALSE(all.next());
}

TEST_CASE("concurrent::as_completed in a loop, from a pool") {
  hob::ThreadPoolExecutor pool(3);
  std::vector<Future> futures;
  for (int i = 0; i < 500; ++i) futures.push_back(pool.submit([i] { return i; }));
  int sum = 0;
  for (const Future& future : hob::concurrent::as_completed(futures)) sum += future.result();
  CHECK(sum == 499 * 500 / 2);
}

TEST_CASE("concurrent::as_completed ends by time") {
  const auto f = make(3);
  f[0].set_result(0);
  auto all = hob::concurrent::as_completed(f, {.timeout = 1us});
  CHECK(*all.next() == f[0]);
  CHECK_THROWS_WITH_AS(all.next(), "2 (of 3) futures unfinished", hob::TimeoutError);
}

TEST_CASE("many threads wait for the same futures") {
  for (int round = 0; round < 50; ++round) {
    const auto f = make(8);
    std::vector<std::jthread> waiters;
    for (int i = 0; i < 3; ++i) {
      waiters.emplace_back([&f, i] {
        if (i == 0 && hob::concurrent::wait(f).done.size() != 8) std::abort();
        if (i == 1 && f[7].result() != 7) std::abort();
        if (i == 2) {
          auto all = hob::concurrent::as_completed(f);
          int count = 0;
          while (all.next()) ++count;
          if (count != 8) std::abort();
        }
      });
    }
    for (int i = 0; i < 8; ++i) f[static_cast<std::size_t>(i)].set_result(i);
  }
}
