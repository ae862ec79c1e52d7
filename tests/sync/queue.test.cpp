// SPDX-License-Identifier: MIT
#include "support/virtual.hpp"
#include "sync/turns.hpp"

#include <hob/core/error.hpp>
#include <hob/sync/queue.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/task.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using hob::Coro;
using hob::Queue;
using support::run_sim;
using sync_tests::turns;
using sync_tests::Words;

namespace queue_tests {

Coro<> get(Queue<int>& queue, Words& words, std::string name) {
  auto outcome = co_await hob::as_result(queue.get());
  words(name + (outcome ? std::to_string(*outcome) : support::error_name(outcome)));
}

Coro<> put(Queue<int>& queue, Words& words, std::string name, int item) {
  auto outcome = co_await hob::as_result(queue.put(item));
  words(name + (outcome ? std::to_string(item) : support::error_name(outcome)));
}

TEST_CASE("without a limit put never suspends, and get does not while there is something") {
  const auto main = []() -> Coro<> {
    Queue<int> queue;
    auto other = hob::create_task(turns(1));
    for (int i = 0; i < 100; ++i) co_await queue.put(i);
    CHECK(queue.qsize() == 100);
    CHECK_FALSE(queue.full());
    bool in_order = true;
    for (int i = 0; i < 100; ++i) {
      int item = co_await queue.get();
      in_order = in_order && item == i;
    }
    CHECK(in_order);
    CHECK(queue.empty());
    CHECK_FALSE(other.done());
    co_await other;
  };
  run_sim(main());
}

TEST_CASE("get_nowait and put_nowait throw when there is nothing, or no room") {
  Queue<std::string> queue(2);
  CHECK(queue.maxsize() == 2);
  CHECK_THROWS_AS(queue.get_nowait(), hob::QueueEmpty);
  const std::string first = "first";
  queue.put_nowait(first);
  queue.put_nowait("second");
  CHECK(queue.full());
  std::string third = "third, too long for the small string buffer";
  CHECK_THROWS_AS(queue.put_nowait(std::move(third)), hob::QueueFull);
  CHECK(third.size() > 0);  // NOLINT(bugprone-use-after-move): it was not moved
  CHECK(queue.get_nowait() == "first");
  CHECK(queue.get_nowait() == "second");
  CHECK_FALSE(Queue<int>(-1).full());
}

TEST_CASE("those who wait to get are served in order of arrival") {
  const auto main = []() -> Coro<> {
    Queue<int> queue;
    Words words;
    auto a = hob::create_task(get(queue, words, "a"));
    auto b = hob::create_task(get(queue, words, "b"));
    co_await turns(1);
    queue.put_nowait(1);
    queue.put_nowait(2);
    co_await turns(1);
    CHECK(words.take() == "a1 b2");
  };
  run_sim(main());
}

TEST_CASE("a woken getter that finds the queue empty goes to the end of the line") {
  const auto main = []() -> Coro<> {
    Queue<int> queue;
    Words words;
    auto a = hob::create_task(get(queue, words, "a"));
    auto b = hob::create_task(get(queue, words, "b"));
    co_await turns(1);
    queue.put_nowait(1);
    CHECK(queue.get_nowait() == 1);  // faster than a
    co_await turns(1);
    queue.put_nowait(2);
    co_await turns(1);
    CHECK(words.take() == "b2");
    queue.put_nowait(3);
    co_await turns(1);
    CHECK(words.take() == "a3");
  };
  run_sim(main());
}

TEST_CASE("put suspends while the queue is full, and putters are served in order") {
  const auto main = []() -> Coro<> {
    Queue<int> queue(1);
    Words words;
    auto a = hob::create_task(put(queue, words, "a", 1));
    auto b = hob::create_task(put(queue, words, "b", 2));
    auto c = hob::create_task(put(queue, words, "c", 3));
    co_await turns(1);
    CHECK(words.take() == "a1");
    for (int i = 1; i <= 3; ++i) {
      int item = co_await queue.get();
      words(std::to_string(item));
    }
    CHECK(words.take() == "1 b2 2 c3 3");
  };
  run_sim(main());
}

TEST_CASE("a cancelled get loses no item") {
  const auto main = []() -> Coro<> {
    Queue<int> queue;
    Words words;
    auto a = hob::create_task(get(queue, words, "a"));
    auto b = hob::create_task(get(queue, words, "b"));
    auto c = hob::create_task(get(queue, words, "c"));
    co_await turns(1);
    a.cancel();  // in line
    queue.put_nowait(1);
    b.cancel();  // woken already
    b.cancel();
    co_await turns(1);
    CHECK(words.take() == "aCancelledError bCancelledError");
    co_await turns(1);
    CHECK(words.take() == "c1");
    auto d = hob::create_task(get(queue, words, "d"));
    co_await turns(1);
    queue.put_nowait(2);
    d.cancel();
    co_await turns(1);
    CHECK(queue.get_nowait() == 2);
  };
  run_sim(main());
}

TEST_CASE("a cancelled put has put nothing, and lets the next one in") {
  const auto main = []() -> Coro<> {
    Queue<int> queue(1);
    Words words;
    queue.put_nowait(0);
    auto a = hob::create_task(put(queue, words, "a", 1));
    auto b = hob::create_task(put(queue, words, "b", 2));
    auto c = hob::create_task(put(queue, words, "c", 3));
    co_await turns(1);
    a.cancel();
    CHECK(queue.get_nowait() == 0);
    b.cancel();
    co_await turns(2);
    CHECK(words.take() == "aCancelledError bCancelledError c3");
    CHECK(queue.qsize() == 1);
    CHECK(queue.get_nowait() == 3);
  };
  run_sim(main());
}

TEST_CASE("join waits until every item is done") {
  const auto main = []() -> Coro<> {
    Queue<int> queue;
    co_await queue.join();
    CHECK_THROWS_AS(queue.task_done(), hob::ValueError);
    queue.put_nowait(1);
    queue.put_nowait(2);
    const auto wait = [](Queue<int>& q) -> Coro<> { co_await q.join(); };
    auto joined = hob::create_task(wait(queue));
    co_await turns(1);
    queue.get_nowait();
    queue.task_done();
    queue.get_nowait();
    co_await turns(2);
    CHECK_FALSE(joined.done());
    queue.task_done();
    queue.put_nowait(3);  // too late to stop it
    co_await turns(1);
    CHECK(joined.done());
    CHECK(queue.get_nowait() == 3);
    queue.task_done();
    CHECK_THROWS_AS(queue.task_done(), hob::ValueError);
  };
  run_sim(main());
}

TEST_CASE("shutdown lets getters have what is left, and stops putters") {
  const auto main = []() -> Coro<> {
    Queue<int> queue(1);
    Words words;
    queue.put_nowait(1);
    auto p = hob::create_task(put(queue, words, "p", 2));
    co_await turns(1);
    queue.shutdown();
    co_await turns(1);
    CHECK(words.take() == "pQueueShutDown");
    CHECK_THROWS_AS(queue.put_nowait(2), hob::QueueShutDown);
    int left = co_await queue.get();
    CHECK(left == 1);
    CHECK_THROWS_AS(queue.get_nowait(), hob::QueueShutDown);
    co_await get(queue, words, "g");
    co_await put(queue, words, "p", 3);
    CHECK(words.take() == "gQueueShutDown pQueueShutDown");
  };
  run_sim(main());
}

TEST_CASE("shutdown wakes those who wait to get") {
  const auto main = []() -> Coro<> {
    Queue<int> queue;
    Words words;
    auto a = hob::create_task(get(queue, words, "a"));
    auto b = hob::create_task(get(queue, words, "b"));
    co_await turns(1);
    queue.shutdown();
    b.cancel();
    co_await turns(1);
    CHECK(words.take() == "aQueueShutDown bCancelledError");
  };
  run_sim(main());
}

TEST_CASE("an immediate shutdown drops the items and ends join") {
  const auto main = []() -> Coro<> {
    Queue<std::shared_ptr<int>> queue;
    auto item = std::make_shared<int>(1);
    queue.put_nowait(item);
    queue.put_nowait(item);
    queue.get_nowait();
    const auto wait = [](Queue<std::shared_ptr<int>>& q) -> Coro<> { co_await q.join(); };
    auto joined = hob::create_task(wait(queue));
    co_await turns(1);
    queue.shutdown(true);
    CHECK(item.use_count() == 1);
    CHECK(queue.empty());
    co_await turns(1);
    CHECK_FALSE(joined.done());  // the item that was got is not done
    queue.task_done();
    co_await joined;
    CHECK_THROWS_AS(queue.get_nowait(), hob::QueueShutDown);
  };
  run_sim(main());
}

TEST_CASE("items may be move-only") {
  const auto main = []() -> Coro<> {
    Queue<std::unique_ptr<int>> queue(1);
    const auto produce = [](Queue<std::unique_ptr<int>>& q) -> Coro<> {
      for (int i = 0; i < 20; ++i) co_await q.put(std::make_unique<int>(i));
      q.shutdown();
    };
    auto producer = hob::create_task(produce(queue));
    int sum = 0;
    for (;;) {
      auto item = co_await hob::as_result(queue.get());
      if (!item) break;
      sum += **item;
    }
    CHECK(sum == 190);
    co_await producer;
  };
  run_sim(main());
}

TEST_CASE("a queue that was waited for in one loop throws RuntimeError in another") {
  Queue<int> queue;
  const auto wait = [](Queue<int>& q) -> Coro<std::string> {
    Words words;
    auto task = hob::create_task(get(q, words, ""));
    co_await turns(1);
    task.cancel();
    co_await turns(1);
    co_return words.take();
  };
  CHECK(run_sim(wait(queue)) == "CancelledError");
  CHECK(run_sim(wait(queue)) == "RuntimeError");
}

TEST_CASE("a priority queue gives the smallest first, a lifo queue the latest") {
  hob::PriorityQueue<int> smallest;
  hob::PriorityQueue<int, std::greater<>> largest;
  hob::LifoQueue<int> latest;
  std::string out;
  for (int item : {5, 3, 8, 1, 9, 2, 7, 4, 6, 0}) {
    smallest.put_nowait(item);
    largest.put_nowait(item);
    latest.put_nowait(item);
  }
  while (!smallest.empty()) out += std::to_string(smallest.get_nowait());
  CHECK(out == "0123456789");
  out.clear();
  while (!largest.empty()) out += std::to_string(largest.get_nowait());
  CHECK(out == "9876543210");
  out.clear();
  while (!latest.empty()) out += std::to_string(latest.get_nowait());
  CHECK(out == "0647291835");
}

struct Job {
  int priority;
  char name;
  friend bool operator<(const Job& a, const Job& b) {
    if (a.name == '!' || b.name == '!') throw hob::ValueError("cannot be compared");
    return a.priority < b.priority;
  }
};

TEST_CASE("equal priorities come out in the order of Python's heapq") {
  hob::PriorityQueue<Job> queue;
  std::string out;
  for (int i = 0; i < 12; ++i) queue.put_nowait({i * 5 % 3, static_cast<char>('a' + i)});
  while (!queue.empty()) out += queue.get_nowait().name;
  CHECK(out == "agdjclfihkeb");
}

TEST_CASE("a comparison that throws leaves the priority queue as it was") {
  hob::PriorityQueue<Job> queue;
  queue.put_nowait({2, 'b'});
  queue.put_nowait({1, 'a'});
  CHECK_THROWS_AS(queue.put_nowait({0, '!'}), hob::ValueError);
  CHECK(queue.qsize() == 2);
  CHECK(queue.get_nowait().name == 'a');
  CHECK(queue.get_nowait().name == 'b');
  queue.task_done();
  queue.task_done();
  CHECK_THROWS_AS(queue.task_done(), hob::ValueError);
}

}  // namespace queue_tests
