// SPDX-License-Identifier: MIT
// Every primitive and combinator, cancelled at every suspension point: cancel, cancel twice, one
// iteration later, and by a time-out, in order and in three shuffled orders. Nothing may be left,
// and nothing lost.
#include <hob/hob.hpp>
#include <hob/testing/cancel_everywhere.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::TaskGroup;

namespace everything_tests {
namespace {

void try_everywhere(Coro<> (*scenario)()) {
  for (const std::uint64_t seed : {0, 1, 2, 3}) {
    hob::testing::CancelOptions options;
    options.seed = seed;
    try {
      const std::size_t suspensions = hob::testing::cancel_everywhere(scenario, options);
      CHECK(suspensions > 0);
    } catch (const hob::testing::CancelFailure& failure) {
      FAIL(std::string(failure.what()));
    }
  }
}

Coro<int> slow(int n) {
  co_await hob::sleep(1s);
  co_await hob::sleep(0s);
  co_return n;
}
Coro<> boom() {
  co_await hob::sleep(1s);
  throw hob::ValueError("boom");
}
// For what is expected to fail: only a cancellation may leave.
template <class R>
void pass_cancellation(R&& result) {
  if (result.cancelled()) result.value();
}

// Tasks and futures.

Coro<> tasks() {
  auto a = hob::create_task(slow(1));
  auto b = hob::create_task(slow, 2);
  const int one = co_await a;
  const int two = co_await std::move(b);
  if (one + two != 3) throw hob::RuntimeError("wrong");
}
Coro<> futures() {
  auto future = hob::create_future<int>();
  future.add_done_callback([](hob::Future<int>) {});
  auto timer = hob::get_running_loop().call_later(1s, [future] {
    if (!future.done()) future.set_result(1);
  });
  auto outcome = co_await hob::as_result(future);
  timer.cancel();
  outcome.value();
}
Coro<> eager_tasks() {
  auto coro = slow(1);
  auto task = hob::create_task(std::move(coro), {.name = "eager", .eager_start = true});
  co_await task;
}

// Combinators.

Coro<> gather_tuple() { co_await hob::gather(slow(1), slow(2), hob::sleep(2s)); }
Coro<> gather_vector() {
  std::vector<hob::Task<int>> children;
  for (int i = 0; i < 3; ++i) children.push_back(hob::create_task(slow(i)));
  co_await hob::gather(children);
}
Coro<> gather_failures() {
  auto results = co_await hob::gather(hob::return_exceptions, slow(1), boom());
  if (std::get<1>(results).has_value()) throw hob::RuntimeError("wrong");
}
Coro<> gather_nested() { co_await hob::gather(hob::gather(slow(1), slow(2)), slow(3)); }
Coro<> wait_all() {
  std::vector<hob::Task<int>> children;
  for (int i = 0; i < 3; ++i) children.push_back(hob::create_task(slow(i)));
  auto some = co_await hob::wait(children, {.timeout = 500ms});
  auto first = co_await hob::wait(children, {.return_when = hob::FIRST_COMPLETED});
  auto all = co_await hob::wait(children, {.return_when = hob::FIRST_EXCEPTION});
}
Coro<> completed() {
  std::vector<hob::Task<int>> children;
  for (int i = 0; i < 3; ++i) children.push_back(hob::create_task(slow(i)));
  auto iteration = hob::as_completed(children, {.timeout = 10s});
  while (auto child = co_await iteration.anext()) co_await *child;
}
Coro<> wait_for_coroutine() { co_await hob::wait_for(slow(1), 5s); }
Coro<> wait_for_task() {
  auto task = hob::create_task(slow(1));
  co_await hob::wait_for(task, 5s);
}
Coro<> wait_for_too_long() {
  pass_cancellation(co_await hob::as_result(hob::wait_for(slow(1), 500ms)));
}
Coro<> timeouts() {
  const auto inner = [](hob::Timeout& limit) -> Coro<> {
    limit.reschedule(limit.when() + 1s);
    co_await slow(1);
  };
  const auto outer = [&inner]() -> Coro<> { co_await hob::timeout(2s, inner); };
  co_await hob::timeout(10s, outer);
  pass_cancellation(co_await hob::as_result(hob::timeout(500ms, slow, 1)));
}
Coro<> shields() {
  auto inner = hob::create_task(slow(1));
  co_await hob::shield(inner);
}
Coro<> groups() {
  const auto body = [](TaskGroup& group) -> Coro<int> {
    group.create_task(slow, 1);
    auto two = group.create_task(slow(2));
    co_return co_await two;
  };
  co_await hob::task_group(body);
}
Coro<> failing_groups() {
  const auto inner = [](TaskGroup& group) -> Coro<> {
    group.create_task(boom());
    group.create_task(slow(1));
    co_await hob::sleep(5s);
  };
  const auto outer = [&inner](TaskGroup& group) -> Coro<> {
    group.create_task(slow(1));
    auto result = co_await hob::as_result(hob::task_group(inner));
    pass_cancellation(result);
  };
  co_await hob::task_group(outer);
}

// Generators and resources.

hob::AsyncGenerator<int> numbers(int n) {
  for (int i = 0; i < n; ++i) {
    co_await hob::sleep(1s);
    co_yield i;
  }
}
Coro<> async_generators() {
  auto generator = numbers(3);
  while (auto n = co_await generator.anext()) co_await hob::sleep(0s);
  auto unfinished = numbers(3);
  co_await unfinished.anext();
  co_await unfinished.aclose();
}
struct Resource {
  int entered = 0;
  Coro<> aenter() {
    co_await hob::sleep(1s);
    ++entered;
  }
  Coro<> aexit(std::exception_ptr) {
    --entered;
    co_await hob::sleep(1s);
  }
};
Coro<> resources() {
  Resource resource;
  const auto body = [](Resource& r) -> Coro<> {
    co_await hob::sleep(1s);
    if (r.entered != 1) throw hob::RuntimeError("not entered");
  };
  co_await hob::async_with(resource, body);
}
Coro<> exit_stacks() {
  Resource first;
  Resource second;
  hob::AsyncExitStack stack;
  const auto body = [&](hob::AsyncExitStack& s) -> Coro<> {
    co_await s.enter_async_context(first);
    co_await s.enter_async_context(second);
    co_await hob::sleep(1s);
  };
  co_await hob::async_with(stack, body);
}

// Primitives. Three children and the body contend; whatever is cancelled, the primitive is free at
// the end.

template <class P, class Use>
Coro<> contend(P& primitive, Use use) {
  const auto body = [&](TaskGroup& group) -> Coro<> {
    for (int i = 0; i < 3; ++i) group.create_task(use, std::ref(primitive));
    co_await use(primitive);
  };
  co_await hob::task_group(body);
}
Coro<> hold_lock(hob::Lock& lock) {
  const auto guard = co_await lock.scoped();
  co_await hob::sleep(1s);
}
Coro<> locks() {
  hob::Lock lock;
  auto outcome = co_await hob::as_result(contend(lock, hold_lock));
  if (lock.locked()) throw hob::RuntimeError("the lock was not given back");
  outcome.value();
}
Coro<> hold_permit(hob::Semaphore& semaphore) {
  co_await semaphore.acquire();
  auto slept = co_await hob::as_result(hob::sleep(1s));
  semaphore.release();
  slept.value();
}
Coro<> semaphores() {
  hob::Semaphore semaphore(2);
  auto outcome = co_await hob::as_result(contend(semaphore, hold_permit));
  if (semaphore.locked()) throw hob::RuntimeError("a permit was lost");
  co_await semaphore.acquire();
  if (semaphore.locked()) throw hob::RuntimeError("a permit was lost");
  semaphore.release();
  outcome.value();
}
Coro<> hold_bounded(hob::BoundedSemaphore& semaphore) {
  const auto guard = co_await semaphore.scoped();
  co_await hob::sleep(1s);
}
Coro<> bounded_semaphores() {
  hob::BoundedSemaphore semaphore(1);
  auto outcome = co_await hob::as_result(contend(semaphore, hold_bounded));
  if (semaphore.locked()) throw hob::RuntimeError("the permit was lost");
  outcome.value();
}
Coro<> wait_event(hob::Event& event) { co_await event.wait(); }
Coro<> events() {
  hob::Event event;
  const auto body = [&](TaskGroup& group) -> Coro<> {
    for (int i = 0; i < 3; ++i) group.create_task(wait_event, std::ref(event));
    co_await hob::sleep(1s);
    event.set();
    co_await event.wait();
  };
  co_await hob::task_group(body);
}
struct Shared {
  hob::Condition condition;
  int ready = 0;
};
Coro<> wait_condition(Shared& shared) {
  const auto guard = co_await shared.condition.scoped();
  while (shared.ready == 0) co_await shared.condition.wait();
  --shared.ready;
}
Coro<> conditions() {
  Shared shared;
  const auto body = [&](TaskGroup& group) -> Coro<> {
    for (int i = 0; i < 3; ++i) group.create_task(wait_condition, std::ref(shared));
    for (int i = 0; i < 3; ++i) {
      co_await hob::sleep(1s);
      const auto guard = co_await shared.condition.scoped();
      ++shared.ready;
      shared.condition.notify();
    }
    const auto guard = co_await shared.condition.scoped();
    const auto none = [&shared] { return shared.ready == 0; };
    if (!none()) shared.condition.notify_all();
  };
  auto outcome = co_await hob::as_result(hob::task_group(body));
  if (shared.condition.locked()) throw hob::RuntimeError("the lock was not given back");
  outcome.value();
}
Coro<> wait_barrier(hob::Barrier& barrier) { co_await barrier.wait(); }
Coro<> barriers() {
  hob::Barrier barrier(4);
  co_await contend(barrier, wait_barrier);
  co_await contend(barrier, wait_barrier);
}

// Every item that was put is taken, or still there.
struct Account {
  hob::Queue<int> queue{1};
  int put = 0;
  int got = 0;
};
Coro<> produce(Account& account) {
  for (int i = 0; i < 3; ++i) {
    co_await account.queue.put(i);
    ++account.put;
  }
}
Coro<> consume(Account& account) {
  for (int i = 0; i < 3; ++i) {
    co_await account.queue.get();
    ++account.got;
    auto slept = co_await hob::as_result(hob::sleep(1s));
    account.queue.task_done();
    slept.value();
  }
}
Coro<> queues() {
  Account account;
  const auto body = [&](TaskGroup& group) -> Coro<> {
    group.create_task(produce, std::ref(account));
    group.create_task(consume, std::ref(account));
    co_await hob::sleep(1s);
    co_await account.queue.join();
  };
  auto outcome = co_await hob::as_result(hob::task_group(body));
  if (account.put != account.got + static_cast<int>(account.queue.qsize())) {
    throw hob::RuntimeError("an item was lost");
  }
  outcome.value();
}
template <class Q>
Coro<> pass_through() {
  Q queue(2);
  const auto put = [](Q& q) -> Coro<> {
    for (int i = 0; i < 4; ++i) co_await q.put(i);
  };
  const auto body = [&](TaskGroup& group) -> Coro<> {
    group.create_task(put, std::ref(queue));
    for (int i = 0; i < 4; ++i) {
      co_await queue.get();
      co_await hob::sleep(1s);
    }
  };
  co_await hob::task_group(body);
}
Coro<> shut_down_queues() {
  hob::Queue<int> queue;
  const auto get = [](hob::Queue<int>& q) -> Coro<> {
    auto item = co_await hob::as_result(q.get());
    pass_cancellation(item);
  };
  const auto body = [&](TaskGroup& group) -> Coro<> {
    for (int i = 0; i < 2; ++i) group.create_task(get, std::ref(queue));
    co_await hob::sleep(1s);
    queue.shutdown();
  };
  co_await hob::task_group(body);
}

struct Scenario {
  const char* name;
  Coro<> (*run)();
};
const Scenario kScenarios[] = {
    {"tasks", tasks},
    {"futures", futures},
    {"eager tasks", eager_tasks},
    {"gather of arguments", gather_tuple},
    {"gather of a vector", gather_vector},
    {"gather with exceptions as results", gather_failures},
    {"gather of gathers", gather_nested},
    {"wait", wait_all},
    {"as_completed", completed},
    {"wait_for a coroutine", wait_for_coroutine},
    {"wait_for a task", wait_for_task},
    {"wait_for that times out", wait_for_too_long},
    {"timeout", timeouts},
    {"shield", shields},
    {"task_group", groups},
    {"task_group that fails", failing_groups},
    {"async generators", async_generators},
    {"async_with", resources},
    {"AsyncExitStack", exit_stacks},
    {"Lock", locks},
    {"Semaphore", semaphores},
    {"BoundedSemaphore", bounded_semaphores},
    {"Event", events},
    {"Condition", conditions},
    {"Barrier", barriers},
    {"Queue", queues},
    {"PriorityQueue", pass_through<hob::PriorityQueue<int>>},
    {"LifoQueue", pass_through<hob::LifoQueue<int>>},
    {"Queue.shutdown", shut_down_queues},
};

}  // namespace

TEST_CASE("everything that suspends can be cancelled everywhere, and nothing is left or lost") {
  for (const Scenario& scenario : kScenarios) {
    const std::string name = scenario.name;
    CAPTURE(name);
    try_everywhere(scenario.run);
  }
}

}  // namespace everything_tests
