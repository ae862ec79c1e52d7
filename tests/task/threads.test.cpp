// SPDX-License-Identifier: MIT
// concurrent::Future, wrap_future, run_coroutine_threadsafe, on.
#include <hob/hob.hpp>
#include <hob/task/concurrent_future.hpp>
#include <hob/task/threads.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace threads_test {
namespace {

using hob::concurrent::FutureState;

// A loop that runs in a thread of its own until the end of the scope.
class LoopThread {
 public:
  explicit LoopThread(hob::LoopOptions options = {}) : loop(options), thread_([this] { run(); }) {}
  ~LoopThread() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    loop.call_soon_threadsafe([this] { loop.stop(); });
    thread_.join();
  }

  hob::EventLoop loop;

 private:
  void run() { loop.run_forever(); }
  std::thread thread_;
};

hob::Coro<int> add_one(int n) {
  co_await hob::sleep(1ms);
  co_return n + 1;
}
hob::Coro<int> fail(std::string text) {
  co_await hob::sleep(0s);
  throw hob::ValueError(text);
}
hob::Coro<> sleep_until_cancelled(std::atomic<int>* started, std::atomic<int>* cleaned) {
  ++*started;
  try {
    co_await hob::sleep(1h);
  } catch (const hob::CancelledError&) {
    ++*cleaned;
    throw;
  }
}
void wait_for_count(const std::atomic<int>& count, int wanted) {
  while (count.load() < wanted) std::this_thread::yield();
}

template <class T>
hob::Coro<T> await_concurrent(hob::concurrent::Future<T> future) {
  co_return co_await std::move(future);
}

}  // namespace

TEST_CASE("a concurrent future goes from pending to running to finished") {
  const auto future = hob::concurrent::Future<int>::make();
  CHECK(future.state() == FutureState::pending);
  CHECK_FALSE(future.done());
  CHECK(future.set_running_or_notify_cancel());
  CHECK(future.running());
  CHECK_FALSE(future.cancel());
  CHECK(future.repr() == "<Future running>");
  future.set_result(7);
  CHECK(future.done());
  CHECK_FALSE(future.running());
  CHECK_FALSE(future.cancel());
  CHECK(future.result() == 7);
  CHECK(future.exception() == nullptr);
  CHECK_THROWS_AS(future.set_result(8), hob::InvalidStateError);
  CHECK_THROWS_AS(future.set_exception(hob::ValueError("x")), hob::InvalidStateError);
  CHECK_THROWS_AS(future.set_running_or_notify_cancel(), hob::RuntimeError);
  CHECK(future.result() == 7);
}

TEST_CASE("a pending concurrent future can be cancelled, and the executor is told") {
  const auto future = hob::concurrent::Future<>::make();
  CHECK(future.cancel());
  CHECK(future.cancelled());
  CHECK(future.state() == FutureState::cancelled);
  CHECK(future.cancel());
  CHECK_THROWS_AS(future.result(), hob::CancelledError);
  CHECK_THROWS_AS(future.exception(), hob::CancelledError);
  CHECK_FALSE(future.set_running_or_notify_cancel());
  CHECK(future.state() == FutureState::cancelled_and_notified);
  CHECK(future.cancel());
  CHECK_THROWS_AS(future.set_running_or_notify_cancel(), hob::RuntimeError);
  CHECK_THROWS_AS(future.set_result(), hob::InvalidStateError);
}

TEST_CASE("result and exception of a concurrent future time out") {
  const auto future = hob::concurrent::Future<int>::make();
  CHECK_THROWS_AS(future.result(0s), hob::TimeoutError);
  CHECK_THROWS_AS(future.exception(1ms), hob::TimeoutError);
  CHECK_THROWS_AS(future.result(-1s), hob::TimeoutError);
  future.set_exception(hob::ValueError("bad"));
  CHECK_THROWS_WITH_AS(future.result(0s), "bad", hob::ValueError);
  CHECK(hob::describe(future.exception()) == "ValueError: bad");
  CHECK(future.repr() == "<Future finished exception=ValueError: bad>");
}

TEST_CASE("a null exception is refused and leaves the concurrent future pending") {
  const auto future = hob::concurrent::Future<int>::make();
  CHECK_THROWS_AS(future.set_exception(std::exception_ptr()), hob::ValueError);
  CHECK(future.state() == FutureState::pending);
}

TEST_CASE("threads that block on a concurrent future all wake") {
  const auto future = hob::concurrent::Future<std::string>::make();
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([future, &right, i] {
      const std::string& text = i % 2 ? future.result() : future.result(1min);
      if (text == "done") ++right;
    });
  }
  future.set_result("done");
  for (auto& thread : threads) thread.join();
  CHECK(right == 4);
}

TEST_CASE("done callbacks of a concurrent future run in order, in the finishing thread") {
  const auto future = hob::concurrent::Future<int>::make();
  std::vector<int> order;
  std::thread::id where;
  for (int i = 0; i < 3; ++i) {
    future.add_done_callback([&order, i](hob::concurrent::Future<int> f) {
      order.push_back(i * 10 + f.result());
    });
  }
  future.add_done_callback([&](const auto&) { where = std::this_thread::get_id(); });
  std::thread finisher([future] { future.set_result(5); });
  const auto finisher_id = finisher.get_id();
  finisher.join();
  CHECK(order == std::vector<int>{5, 15, 25});
  CHECK(where == finisher_id);
}

TEST_CASE("a done callback added too late is called at once") {
  const auto future = hob::concurrent::Future<>::make();
  future.cancel();
  bool called = false;
  future.add_done_callback([&](const auto& f) { called = f.cancelled(); });
  CHECK(called);
}

TEST_CASE("a done callback that throws is reported and does not stop the others") {
  const auto future = hob::concurrent::Future<>::make();
  int called = 0;
  future.add_done_callback([](const auto&) { throw hob::ValueError("callback fails on purpose"); });
  future.add_done_callback([&](const auto&) { ++called; });
  CHECK_NOTHROW(future.set_result());
  future.add_done_callback([](const auto&) { throw hob::CancelledError("on purpose, too late"); });
  CHECK(called == 1);
}

TEST_CASE("callbacks are dropped with a concurrent future that never finished") {
  auto token = std::make_shared<int>(1);
  {
    const auto future = hob::concurrent::Future<>::make();
    future.add_done_callback([token](const auto&) {});
    CHECK(token.use_count() == 2);
  }
  CHECK(token.use_count() == 1);
}

TEST_CASE("the last handle moves the result out, another leaves it") {
  auto future = hob::concurrent::Future<std::string>::make();
  future.set_result("a text that is too long for the small string");
  auto copy = future;
  CHECK(std::move(copy).result().size() == 44);
  copy = {};
  CHECK(future.result().size() == 44);
  const std::string moved = std::move(future).result();
  CHECK(moved.size() == 44);

  auto single = hob::concurrent::Future<std::unique_ptr<int>>::make();
  single.set_result(std::make_unique<int>(3));
  CHECK(*single.result() == 3);
  const std::unique_ptr<int> out = std::move(single).result();
  CHECK(*out == 3);
}

TEST_CASE("one of many that cancel and finish a concurrent future wins") {
  for (int round = 0; round < 200; ++round) {
    const auto future = hob::concurrent::Future<int>::make();
    std::atomic<int> finished{0};
    std::atomic<int> called{0};
    future.add_done_callback([&](const auto&) { ++called; });
    std::thread a([&] {
      if (future.cancel()) ++finished;
    });
    std::thread b([&] {
      try {
        future.set_result(1);
        ++finished;
      } catch (const hob::InvalidStateError&) {
      }
    });
    a.join();
    b.join();
    CHECK(finished == 1);
    CHECK(called == 1);
  }
}

TEST_CASE("a concurrent future can be awaited") {
  auto future = hob::concurrent::Future<std::string>::make();
  std::thread worker([future] {
    std::this_thread::sleep_for(2ms);
    future.set_result("from a thread");
  });
  CHECK(hob::run(await_concurrent(future)) == "from a thread");
  worker.join();

  auto failed = hob::concurrent::Future<int>::make();
  failed.set_exception(hob::ValueError("no"));
  CHECK_THROWS_AS(hob::run(await_concurrent(failed)), hob::ValueError);

  auto cancelled = hob::concurrent::Future<int>::make();
  cancelled.cancel();
  CHECK_THROWS_AS(hob::run(await_concurrent(cancelled)), hob::CancelledError);
}

TEST_CASE("awaiting a move-only result moves it") {
  auto future = hob::concurrent::Future<std::unique_ptr<int>>::make();
  future.set_result(std::make_unique<int>(9));
  CHECK(*hob::run(await_concurrent(std::move(future))) == 9);
}

TEST_CASE("cancelling an await cancels the concurrent future behind it") {
  const auto future = hob::concurrent::Future<int>::make();
  const auto main = [&]() -> hob::Coro<> {
    auto waiting = hob::create_task(await_concurrent(future));
    co_await hob::sleep(0s);
    waiting.cancel();
    co_await hob::as_result(waiting);
    CHECK(waiting.cancelled());
    co_await hob::sleep(0s);
    CHECK(future.cancelled());
  };
  hob::run(main());
}

TEST_CASE("cancelling an await of running work leaves the work alone") {
  const auto future = hob::concurrent::Future<int>::make();
  future.set_running_or_notify_cancel();
  const auto main = [&]() -> hob::Coro<> {
    const auto wrapped = hob::wrap_future(future);
    wrapped.cancel();
    co_await hob::sleep(0s);
    co_await hob::sleep(0s);
    CHECK(future.running());
    future.set_result(1);
    co_await hob::sleep(0s);
    co_await hob::sleep(0s);
    CHECK(wrapped.cancelled());
  };
  hob::run(main());
}

TEST_CASE("a result that comes after the loop was closed or destroyed is dropped") {
  const auto closed = hob::concurrent::Future<std::string>::make();
  const auto destroyed = hob::concurrent::Future<std::string>::make();
  hob::Future<std::string> kept;
  hob::EventLoop loop;
  {
    hob::EventLoop other;
    const auto start = [&]() -> hob::Coro<> {
      hob::wrap_future(destroyed);
      co_return;
    };
    other.run_until_complete(start());
  }
  const auto start = [&]() -> hob::Coro<> {
    kept = hob::wrap_future(closed);
    co_return;
  };
  loop.run_until_complete(start());
  loop.close();
  closed.set_result("late");
  destroyed.set_result("late");
  CHECK_FALSE(kept.done());
}

TEST_CASE("an exception that nobody awaited is reported by the wrapping future") {
  const auto future = hob::concurrent::Future<int>::make();
  hob::EventLoop loop;
  std::vector<std::string> reports;
  loop.set_exception_handler([&](hob::EventLoop&, const hob::ExceptionContext& context) {
    reports.push_back(context.message);
  });
  const auto main = [&]() -> hob::Coro<> {
    hob::wrap_future(future);
    future.set_exception(hob::ValueError("lost?"));
    co_await hob::sleep(1ms);
  };
  loop.run_until_complete(main());
  CHECK(reports == std::vector<std::string>{"Future exception was never retrieved"});
}

TEST_CASE("run_coroutine_threadsafe gives results, exceptions and values of any type") {
  LoopThread other;
  CHECK(hob::run_coroutine_threadsafe(other.loop, add_one, 41).result() == 42);
  const auto failed = hob::run_coroutine_threadsafe(other.loop, fail, std::string("bad"));
  CHECK_THROWS_WITH_AS(failed.result(), "bad", hob::ValueError);
  const auto unique = [](std::unique_ptr<int> p) -> hob::Coro<std::unique_ptr<int>> {
    ++*p;
    co_return std::move(p);
  };
  auto moved = hob::run_coroutine_threadsafe(other.loop, unique, std::make_unique<int>(1));
  CHECK(*std::move(moved).result() == 2);
  const auto nothing = []() -> hob::Coro<> { co_return; };
  CHECK_NOTHROW(hob::run_coroutine_threadsafe(other.loop, nothing).result());
}

TEST_CASE("callable and arguments are used and destroyed on the target's thread") {
  struct Witness {
    explicit Witness(std::vector<std::thread::id>* i) : ids(i) {}
    Witness(Witness&& other) noexcept : ids(std::exchange(other.ids, nullptr)) {}
    ~Witness() {
      if (ids) ids->push_back(std::this_thread::get_id());
    }
    std::vector<std::thread::id>* ids;
  };
  std::vector<std::thread::id> ids;
  std::thread::id ran_on;
  {
    LoopThread other;
    const auto body = [&ran_on](Witness) -> hob::Coro<> {
      ran_on = std::this_thread::get_id();
      co_return;
    };
    hob::run_coroutine_threadsafe(other.loop, body, Witness(&ids)).result();
  }
  CHECK(ids == std::vector<std::thread::id>{ran_on});
  CHECK(ran_on != std::this_thread::get_id());
}

TEST_CASE("a coroutine sent to another loop sees a copy of the sender's context") {
  static hob::ContextVar<int> variable("variable", 0);
  const auto main = []() -> hob::Coro<> {
    LoopThread other;
    variable.set(5);
    const auto read = []() -> hob::Coro<int> { co_return variable.get(); };
    const int seen = co_await hob::on(other.loop, read);
    CHECK(seen == 5);
  };
  hob::run(main());
}

TEST_CASE("cancelling the future of run_coroutine_threadsafe cancels the task") {
  LoopThread other;
  std::atomic<int> started{0};
  std::atomic<int> cleaned{0};
  const auto future =
      hob::run_coroutine_threadsafe(other.loop, sleep_until_cancelled, &started, &cleaned);
  wait_for_count(started, 1);
  CHECK(future.cancel());
  CHECK(future.cancelled());
  wait_for_count(cleaned, 1);
}

TEST_CASE("a task that is cancelled on its loop cancels the future of run_coroutine_threadsafe") {
  LoopThread other;
  const auto cancel_self = []() -> hob::Coro<> {
    hob::current_task()->cancel();
    co_await hob::sleep(1h);
  };
  const auto future = hob::run_coroutine_threadsafe(other.loop, cancel_self);
  CHECK_THROWS_AS(future.result(), hob::CancelledError);
  CHECK(future.cancelled());
}

TEST_CASE("run_coroutine_threadsafe refuses a closed loop") {
  hob::EventLoop loop;
  loop.close();
  CHECK_THROWS_AS(hob::run_coroutine_threadsafe(loop, add_one, 1), hob::RuntimeError);
}

TEST_CASE("a loop that is closed too early fails what was sent to it") {
  hob::concurrent::Future<int> never_started;
  hob::concurrent::Future<> never_ended;
  std::atomic<int> started{0};
  std::atomic<int> cleaned{0};
  {
    LoopThread other;
    other.loop.set_exception_handler([](hob::EventLoop&, const hob::ExceptionContext&) {});
    never_ended =
        hob::run_coroutine_threadsafe(other.loop, sleep_until_cancelled, &started, &cleaned);
    wait_for_count(started, 1);
    other.stop();
    never_started = hob::run_coroutine_threadsafe(other.loop, add_one, 1);
  }
  CHECK_THROWS_AS(never_started.result(0s), hob::RuntimeError);
  CHECK_THROWS_AS(never_ended.result(0s), hob::RuntimeError);
}

TEST_CASE("on runs a coroutine on another loop and brings its result here") {
  const auto main = []() -> hob::Coro<> {
    LoopThread other;
    const auto where = []() -> hob::Coro<std::thread::id> {
      co_await hob::sleep(1ms);
      co_return std::this_thread::get_id();
    };
    const std::thread::id there = co_await hob::on(other.loop, where);
    CHECK(there != std::this_thread::get_id());
    const int n = co_await hob::on(other.loop, add_one, 1);
    CHECK(n == 2);
    const auto failed = co_await hob::as_result(hob::on(other.loop, fail, std::string("there")));
    CHECK(hob::describe(failed.exception()) == "ValueError: there");
  };
  hob::run(main());
}

TEST_CASE("cancelling an await of on cancels the task there and waits for its end") {
  const auto main = []() -> hob::Coro<> {
    LoopThread other;
    std::atomic<int> started{0};
    std::atomic<int> cleaned{0};
    const auto body = [](std::atomic<int>* s, std::atomic<int>* c) -> hob::Coro<> {
      ++*s;
      try {
        co_await hob::sleep(1h);
      } catch (const hob::CancelledError& error) {
        CHECK(std::string(error.what()) == "enough");
      }
      co_await hob::sleep(3ms);
      ++*c;
      throw hob::CancelledError();
    };
    auto waiting = hob::create_task(hob::on(other.loop, body, &started, &cleaned));
    while (started == 0) co_await hob::sleep(100us);
    waiting.cancel("enough");
    co_await hob::as_result(waiting);
    CHECK(cleaned == 1);
    CHECK(waiting.cancelled());
  };
  hob::run(main());
}

TEST_CASE("what the other task makes of a cancellation is what the await of on gives") {
  const auto main = []() -> hob::Coro<> {
    LoopThread other;
    std::atomic<int> started{0};
    const auto stubborn = [](std::atomic<int>* s) -> hob::Coro<int> {
      ++*s;
      try {
        co_await hob::sleep(1h);
      } catch (const hob::CancelledError&) {
      }
      co_return 3;
    };
    const auto outer = [&]() -> hob::Coro<int> {
      const int result = co_await hob::on(other.loop, stubborn, &started);
      co_await hob::sleep(0s);  // nothing is pending any more
      co_return result;
    };
    auto waiting = hob::create_task(outer());
    while (started == 0) co_await hob::sleep(100us);
    waiting.cancel();
    const auto result = co_await hob::as_result(waiting);
    REQUIRE(result.has_value());
    CHECK(*result == 3);
  };
  hob::run(main());
}

TEST_CASE("on a task that never started there, a cancellation arrives too") {
  const auto main = []() -> hob::Coro<> {
    LoopThread other;
    bool ran = false;
    const auto body = [](bool* r) -> hob::Coro<> {
      *r = true;
      co_return;
    };
    const auto outer = [&]() -> hob::Coro<> {
      hob::current_task()->cancel();
      co_await hob::on(other.loop, body, &ran);
    };
    auto waiting = hob::create_task(outer());
    co_await hob::as_result(waiting);
    CHECK(waiting.cancelled());
  };
  hob::run(main());
}

TEST_CASE("on throws RuntimeError for a loop that is closed, or gets closed") {
  const auto main = []() -> hob::Coro<> {
    hob::EventLoop closed;
    closed.close();
    const auto refused = co_await hob::as_result(hob::on(closed, add_one, 1));
    CHECK(hob::type_name(refused.exception()) == "RuntimeError");

    std::atomic<int> started{0};
    std::atomic<int> cleaned{0};
    auto other = std::make_unique<LoopThread>();
    other->loop.set_exception_handler([](hob::EventLoop&, const hob::ExceptionContext&) {});
    auto waiting =
        hob::create_task(hob::on(other->loop, sleep_until_cancelled, &started, &cleaned));
    while (started == 0) co_await hob::sleep(100us);
    other.reset();
    const auto lost = co_await hob::as_result(waiting);
    CHECK(hob::type_name(lost.exception()) == "RuntimeError");
  };
  hob::run(main());
}

TEST_CASE("a home loop that is closed leaves the other task cancelled") {
  LoopThread other;
  std::atomic<int> started{0};
  std::atomic<int> cleaned{0};
  {
    hob::EventLoop home;
    home.set_exception_handler([](hob::EventLoop&, const hob::ExceptionContext&) {});
    const auto main = [&]() -> hob::Coro<> {
      hob::create_task(hob::on(other.loop, sleep_until_cancelled, &started, &cleaned));
      while (started == 0) co_await hob::sleep(100us);
    };
    home.run_until_complete(main());
  }
  wait_for_count(cleaned, 1);
}

TEST_CASE("virtual time stands still while work is in flight on another loop") {
  const auto main = []() -> hob::Coro<> {
    LoopThread other;
    const auto sleeper = []() -> hob::Coro<> { co_await hob::sleep(1h); };
    auto timer = hob::create_task(sleeper);
    const int n = co_await hob::on(other.loop, add_one, 1);
    CHECK(n == 2);
    CHECK(hob::get_running_loop().time() == hob::Duration());
    CHECK_FALSE(timer.done());
    co_await timer;
    CHECK(hob::get_running_loop().time() == hob::Duration(1h));
  };
  hob::LoopOptions options;
  options.driver = hob::Driver::sim;
  hob::run(main(), options);
}

TEST_CASE("on works for the loop that it is called from") {
  const auto main = []() -> hob::Coro<int> {
    co_return co_await hob::on(hob::get_running_loop(), add_one, 5);
  };
  CHECK(hob::run(main()) == 6);
}

TEST_CASE("many threads send to one loop and all answers are right") {
  LoopThread other;
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const auto quick = [](int n) -> hob::Coro<int> { co_return n * 2; };
        if (hob::run_coroutine_threadsafe(other.loop, quick, i).result() == i * 2) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 400);
}

TEST_CASE("two loops call each other until both are done") {
  LoopThread a;
  LoopThread b;
  struct Ping {
    static hob::Coro<int> go(hob::EventLoop* here, hob::EventLoop* there, int n) {
      if (n == 0) co_return 0;
      const int deeper = co_await hob::on(*there, &Ping::go, there, here, n - 1);
      co_return deeper + 1;
    }
  };
  CHECK(hob::run_coroutine_threadsafe(a.loop, &Ping::go, &a.loop, &b.loop, 20).result() == 20);
}

}  // namespace threads_test
