// SPDX-License-Identifier: MIT
// ProcessPoolExecutor: what can be submitted, how it comes back, and the rules of
// concurrent.futures.
#include <hob/core/error.hpp>
#include <hob/core/exception_group.hpp>
#include <hob/executor/process_pool.hpp>

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <variant>
#include <vector>

using namespace std::chrono_literals;

namespace process_pool_test {

// Exceptions, at namespace scope, because they are registered there.
struct OutOfStock : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Shortage {
  std::string item;
  int missing = 0;
};
struct Stranger : std::runtime_error {
  using std::runtime_error::runtime_error;
};
const bool registered =
    hob::register_exception<OutOfStock>() && hob::register_exception<Shortage>();

// Made before `main` in each process, workers included.
std::vector<int> made_statically = {1, 2, 3};

namespace {

int square(int n) { return n * n; }
long add(long a, int b) noexcept { return a + b; }
int process_id() { return ::getpid(); }
std::string greet(const std::string& name, std::string_view mark) {
  return "hello " + name + std::string(mark);
}
int sum_of_static() { return std::accumulate(made_statically.begin(), made_statically.end(), 0); }
void do_nothing() {}

struct Tools {
  static std::string twice(std::string text) { return text + text; }
};
struct Order {
  std::string item;
  std::map<std::string, int> counts;
  std::optional<std::vector<double>> prices;
  std::variant<int, std::string> id;
};
Order more(Order order) {
  order.counts[order.item] += 1;
  if (order.prices) order.prices->push_back(1.5);
  return order;
}
std::vector<unsigned char> reversed(std::vector<unsigned char> bytes) {
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

/// Ends once two processes are in it: with one worker it would not.
int meet(const std::string& folder) {
  std::ofstream(folder + "/" + std::to_string(::getpid())) << "here";
  const auto arrived = [&folder] {
    using Entries = std::filesystem::directory_iterator;
    return std::distance(Entries(folder), Entries());
  };
  while (arrived() < 2) std::this_thread::sleep_for(1ms);
  return ::getpid();
}

// What the compiler may not merge into its callers: the stacks are compared by name.
[[gnu::noinline]] int inner_thrower(int n) {
  if (n > 0) throw std::out_of_range("inner");
  return n;
}
[[gnu::noinline]] int outer_thrower(int n) { return inner_thrower(n) + 1; }
[[gnu::noinline]] int rethrower(int n) {
  try {
    return outer_thrower(n) + 1;
  } catch (...) {
    throw;
  }
}
[[gnu::noinline]] int stranger_thrower(int n) {
  if (n > 0) throw Stranger("who");
  return n;
}

int set_up_by = 0;
void set_up(int n) { set_up_by = n; }
int what_was_set_up() { return set_up_by; }

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }
template <class E>
auto thrown_by(const hob::concurrent::Future<E>& future) {
  return hob::describe(future.exception());
}
hob::ProcessPoolOptions with(hob::StartMethod method) {
  hob::ProcessPoolOptions options;
  options.start_method = method;
  return options;
}

}  // namespace

TEST_CASE("a process pool runs functions, static members and captureless lambdas") {
  hob::ProcessPoolExecutor pool(2);
  CHECK(pool.submit(square, 7).result() == 49);
  CHECK(pool.submit(&add, 1, 2).result() == 3);
  CHECK(pool.submit(Tools::twice, "ab").result() == "abab");
  CHECK(pool.submit([](int a, int b) { return a * b; }, 6, 7).result() == 42);
  CHECK(pool.submit([](auto a, auto b) { return a + b; }, std::string("x"), "y").result() == "xy");
  CHECK(pool.submit(std::plus<>(), 1.5, 2).result() == 3.5);
  CHECK(pool.submit(greet, "you", "!").result() == "hello you!");
  pool.submit(do_nothing).result();
  const auto other = pool.submit(process_id).result();
  CHECK(other != ::getpid());
}

TEST_CASE("structured values travel both ways") {
  hob::ProcessPoolExecutor pool(1);
  const Order back = pool.submit(more, Order{"tea", {{"tea", 1}}, {{0.5}}, "id"}).result();
  CHECK(back.counts.at("tea") == 2);
  CHECK(back.prices->size() == 2);
  CHECK(std::get<std::string>(back.id) == "id");
}

TEST_CASE("payloads of any size travel, around the limit of a packet too") {
  hob::ProcessPoolExecutor pool(1);
  for (const std::size_t size : {0ul, 1ul, 300ul, 65'520ul, 65'528ul, 65'529ul, 65'536ul, 65'537ul,
                                 200'000ul, 3'000'000ul}) {
    std::vector<unsigned char> bytes(size);
    std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(1));
    std::vector<unsigned char> back = pool.submit(reversed, bytes).result();
    std::reverse(back.begin(), back.end());
    CHECK(back == bytes);
  }
}

TEST_CASE("many large jobs may wait") {
  hob::ProcessPoolExecutor pool(2);
  std::vector<hob::concurrent::Future<std::vector<unsigned char>>> futures;
  for (int i = 0; i < 40; ++i)
    futures.push_back(
        pool.submit(reversed, std::vector<unsigned char>(100'000, static_cast<unsigned char>(i))));
  for (std::size_t i = 0; i < futures.size(); ++i)
    CHECK(futures[i].result().at(99'999) == static_cast<unsigned char>(i));
}

TEST_CASE("each start method makes workers that have the program's static objects") {
  for (const auto method :
       {hob::StartMethod::fork, hob::StartMethod::forkserver, hob::StartMethod::spawn}) {
    CAPTURE(static_cast<int>(method));
    hob::ProcessPoolExecutor pool(2, with(method));
    CHECK(pool.submit(sum_of_static).result() == 6);
    std::string folder = "/tmp/hob_meeting_XXXXXX";
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    const auto first = pool.submit(meet, folder), second = pool.submit(meet, folder);
    const std::set<int> pids{first.result(), second.result()};
    std::filesystem::remove_all(folder);
    CHECK(pids.size() == 2);
    CHECK(pids.count(::getpid()) == 0);
  }
}

TEST_CASE("fork is refused while there are threads, and says why") {
  std::atomic<bool> stop = false;
  std::thread thread([&stop] {
    while (!stop) std::this_thread::yield();
  });
  try {
    hob::ProcessPoolExecutor pool(1, with(hob::StartMethod::fork));
    FAIL("fork was allowed");
  } catch (const hob::RuntimeError& e) {
    CHECK(std::string(e.what()).find("this process has threads") != std::string::npos);
  }
  stop = true;
  thread.join();
}

TEST_CASE("exceptions of a worker come back") {
  hob::ProcessPoolExecutor pool(1);
  CHECK_THROWS_WITH_AS(
      pool.submit([](int n) -> int { throw std::out_of_range("no " + std::to_string(n)); }, 3)
          .result(),
      "no 3", std::out_of_range);
  CHECK_THROWS_WITH_AS(pool.submit([] { throw hob::ValueError("bad"); }).result(), "bad",
                       hob::ValueError);
  CHECK_THROWS_AS(pool.submit([] { throw hob::QueueFull(); }).result(), hob::QueueFull);
  CHECK_THROWS_AS(pool.submit([] { throw std::bad_alloc(); }).result(), std::bad_alloc);
  CHECK(thrown_by(pool.submit([] { throw hob::CancelledError("enough"); })) ==
        "CancelledError: enough");
  try {
    pool.submit([] { throw hob::OSError(ENOENT, "open"); }).result();
    FAIL("no exception");
  } catch (const hob::OSError& e) {
    CHECK(e.code() == ENOENT);
    CHECK(e.operation() == std::string("open"));
  }
  const auto system =
      pool.submit([] { throw std::system_error(EPIPE, std::generic_category(), "writing"); });
  try {
    system.result();
    FAIL("no exception");
  } catch (const std::system_error& e) {
    CHECK(e.code() == std::errc::broken_pipe);
    CHECK(std::string(e.what()) ==
          std::system_error(EPIPE, std::generic_category(), "writing").what());
  }
  const auto group = pool.submit([] {
    throw hob::ExceptionGroup("two", {std::make_exception_ptr(hob::ValueError("a")),
                                      std::make_exception_ptr(std::logic_error("b"))});
  });
  try {
    group.result();
    FAIL("no exception");
  } catch (const hob::ExceptionGroup& e) {
    CHECK(e.exceptions().size() == 2);
    CHECK(hob::describe(e.exceptions().at(1)) == "logic_error: b");
  }
  CHECK(pool.submit(square, 2).result() == 4);  // and the worker goes on
}

TEST_CASE("registered exceptions come back as themselves, others as RemoteError") {
  hob::ProcessPoolExecutor pool(1);
  CHECK(registered);
  CHECK_THROWS_WITH_AS(pool.submit([] { throw OutOfStock("tea"); }).result(), "tea", OutOfStock);
  try {
    pool.submit([] { throw Shortage{"milk", 3}; }).result();
    FAIL("no exception");
  } catch (const Shortage& e) {
    CHECK(e.item == "milk");
    CHECK(e.missing == 3);
  }
  try {
    pool.submit([] { throw Stranger("who"); }).result();
    FAIL("no exception");
  } catch (const hob::RemoteError& e) {
    CHECK(e.type() == "process_pool_test::Stranger");
    CHECK(e.message() == "who");
    CHECK(e.what() == std::string("process_pool_test::Stranger: who"));
  }
  try {
    pool.submit([] { throw 42; }).result();
    FAIL("no exception");
  } catch (const hob::RemoteError& e) {
    CHECK(e.type() == "int");
    CHECK(e.message().empty());
  }
}

TEST_CASE("an exception of a worker tells where it was thrown") {
  hob::ProcessPoolExecutor pool(1);
  const auto stack_by = [&pool](auto method) {
    const std::exception_ptr error = pool.submit(method, 3).exception();
    return hob::remote_stack(error);
  };
  // Innermost first, and nothing of the runtime or the pool around it.
  const std::string stack = stack_by(outer_thrower);
  CAPTURE(stack);
  CHECK(first_line(stack).find("inner_thrower(int)") != std::string::npos);  // or a clone of it
  CHECK(first_line(stack).find(" (test.executor+0x") != std::string::npos);
  CHECK(stack.find("outer_thrower(int)") != std::string::npos);
  CHECK(stack.find("__cxa_throw") == std::string::npos);
  CHECK(stack.find("run_worker") == std::string::npos);
  // One that is caught and thrown again: from there.
  const std::string again = stack_by(rethrower);
  CHECK(first_line(again).find("rethrower(int)") != std::string::npos);
  CHECK(again.find("inner_thrower") == std::string::npos);

  try {
    pool.submit([](int n) -> int { return stranger_thrower(n); }, 1).result();
    FAIL("no exception");
  } catch (const hob::RemoteError& e) {
    CHECK(first_line(e.stack()).find("stranger_thrower(int)") != std::string::npos);
  }
  CHECK(hob::remote_stack(std::make_exception_ptr(hob::ValueError("here"))).empty());
  CHECK(stack_by([](int) { throw "text"; }).empty());
}

TEST_CASE("each exception of a chunk tells where it was thrown") {
  hob::ProcessPoolExecutor pool(1);
  const std::vector<std::tuple<int>> items{{1}, {2}, {3}};
  const auto results = pool.submit_chunk(
                               [](int n) {
                                 if (n == 1) return outer_thrower(n);
                                 return n == 2 ? n : stranger_thrower(n);
                               },
                               items)
                           .result();
  const auto thrower = [&results](std::size_t i) {
    return first_line(hob::remote_stack(results.at(i).exception()));
  };
  CHECK(thrower(0).find("inner_thrower(int)") != std::string::npos);
  CHECK(*results.at(1) == 2);
  CHECK(thrower(2).find("stranger_thrower(int)") != std::string::npos);
}

TEST_CASE("exceptions with a lot to say come back, too") {
  hob::ProcessPoolExecutor pool(1);
  const auto known = pool.submit([] { throw hob::ValueError(std::string(2'000'000, 'v')); });
  CHECK(thrown_by(known) == "ValueError: " + std::string(2'000'000, 'v'));
  const auto unknown = pool.submit([] { throw Stranger(std::string(2'000'000, 's')); });
  CHECK(thrown_by(unknown).ends_with("Stranger: " + std::string(2'000'000, 's')));
  const std::vector<std::tuple<int>> items{{1}, {2}};
  const auto results =
      pool.submit_chunk([](int n) { throw OutOfStock(std::string(1'000'000, char('a' + n))); },
                        items)
          .result();
  CHECK(hob::describe(results.at(0).exception()) == "OutOfStock: " + std::string(1'000'000, 'b'));
  CHECK(hob::describe(results.at(1).exception()) == "OutOfStock: " + std::string(1'000'000, 'c'));
}

TEST_CASE("a result that cannot be sent is an error of that job alone") {
  hob::ProcessPoolExecutor pool(1);
  const auto future = pool.submit([] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{1'000'000, 1'000'000};
    ::setrlimit(RLIMIT_FSIZE, &small);  // no file may be larger, one in memory neither
    return std::vector<char>(2'000'000);
  });
  CHECK_THROWS_AS(future.result(), hob::OSError);
  CHECK(pool.submit(square, 3).result() == 9);
}

TEST_CASE("a process pool is a concurrent.futures executor when it is shut down") {
  hob::ProcessPoolExecutor pool(1);
  const auto running = pool.submit([] { std::this_thread::sleep_for(30ms); });
  std::vector<hob::concurrent::Future<int>> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(pool.submit(square, i));
  CHECK(waiting.at(2).cancel());
  CHECK(waiting.at(2).cancelled());
  pool.shutdown({.wait = true, .cancel_futures = false});
  CHECK(running.done());
  CHECK(waiting.at(4).result(0s) == 16);
  CHECK_THROWS_WITH_AS(pool.submit(square, 1), "cannot schedule new futures after shutdown",
                       hob::RuntimeError);
  pool.shutdown();
  CHECK(pool.worker_pids().empty());
}

TEST_CASE("a job that waits may be cancelled and forgotten") {
  hob::ProcessPoolExecutor pool(1);
  const auto first = pool.submit([] { std::this_thread::sleep_for(20ms); });
  CHECK(pool.submit(square, 1).cancel());
  CHECK(pool.submit(square, 2).result() == 4);
  first.result();
}

TEST_CASE("shutdown may cancel what waits, and need not wait") {
  std::vector<hob::concurrent::Future<int>> futures;
  {
    hob::ProcessPoolExecutor pool(1);
    const auto first = pool.submit(square, 1);
    CHECK(first.result() == 1);
    for (int i = 0; i < 5; ++i) {
      futures.push_back(pool.submit(
          [](int n) {
            std::this_thread::sleep_for(20ms);
            return n;
          },
          i));
    }
    pool.shutdown({.wait = false, .cancel_futures = true});
    CHECK(futures.back().cancelled());
  }
  CHECK(futures.front().result(0s) == 0);  // it was running: the destructor has waited for it
  CHECK(futures.at(1).cancelled());
}

TEST_CASE("a pool of no workers is refused, and one that is never used starts nothing") {
  CHECK_THROWS_WITH_AS(hob::ProcessPoolExecutor(0), "max_workers must be greater than 0",
                       hob::ValueError);
  CHECK_THROWS_AS(hob::ProcessPoolExecutor(-1), hob::ValueError);
  {
    hob::ProcessPoolExecutor unused(3);
  }
  {
    hob::ProcessPoolExecutor unused(3, with(hob::StartMethod::fork));
  }
}

TEST_CASE("an initializer runs once in each worker, with its arguments") {
  hob::ProcessPoolExecutor pool(2, {.initializer = {set_up, 7}});
  CHECK(pool.submit(what_was_set_up).result() == 7);
  CHECK(set_up_by == 0);
}

TEST_CASE("an initializer that throws breaks the pool") {
  hob::ProcessPoolExecutor pool(
      2,
      {.initializer = {[](const std::string& why) { throw hob::ValueError(why); }, "no licence"}});
  std::vector<hob::concurrent::Future<int>> futures;
  try {
    for (int i = 0; i < 3; ++i) futures.push_back(pool.submit(square, i));
  } catch (const hob::BrokenProcessPool&) {  // as fast as that
  }
  for (const auto& future : futures) {
    const std::string text = thrown_by(future);
    CHECK(text.starts_with("BrokenProcessPool: the initializer of worker "));
    CHECK(text.ends_with("threw: ValueError: no licence"));
  }
  CHECK_THROWS_AS(pool.submit(square, 1), hob::BrokenProcessPool);
}

TEST_CASE("max_tasks_per_child replaces workers") {
  hob::ProcessPoolExecutor pool(1, {.max_tasks_per_child = 2});
  std::vector<int> pids;
  for (int i = 0; i < 6; ++i) pids.push_back(pool.submit(process_id).result());
  CHECK(pids.at(0) == pids.at(1));
  CHECK(pids.at(2) == pids.at(3));
  CHECK(std::set<int>(pids.begin(), pids.end()).size() == 3);
}

TEST_CASE("map gives results in order, whatever the chunks") {
  hob::ProcessPoolExecutor pool(2);
  std::vector<int> numbers(100);
  std::iota(numbers.begin(), numbers.end(), 0);
  for (const std::size_t chunksize : {1u, 7u, 100u, 1000u}) {
    int expected = 0;
    for (const int n : pool.map(square, numbers, {.chunksize = chunksize})) {
      CHECK(n == expected * expected);
      ++expected;
    }
    CHECK(expected == 100);
  }
  const std::vector<std::string> words{"a", "b", "c"};
  const auto joined =
      pool.map([](int n, std::string word) { return word + std::to_string(n); }, numbers, words)
          .all();
  CHECK(joined == std::vector<std::string>{"a0", "b1", "c2"});
  CHECK_THROWS_AS(pool.map(square, numbers, {.chunksize = 0}), hob::ValueError);
}

TEST_CASE("an exception of map stands at its position in the chunk") {
  hob::ProcessPoolExecutor pool(2);
  const std::vector<int> numbers{0, 1, 2, 3, 4, 5};
  auto results = pool.map(
      [](int n) {
        if (n == 4) throw OutOfStock("four");
        return n;
      },
      numbers, {.chunksize = 3});
  std::vector<int> got;
  CHECK_THROWS_AS(
      {
        while (const auto n = results.next()) got.push_back(*n);
      },
      OutOfStock);
  CHECK(got == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("done callbacks may submit, throw, and not wait for the pool") {
  std::optional<hob::ProcessPoolExecutor> pool(std::in_place, 1);
  std::atomic<int> second = 0;
  std::string refused;
  const auto first = pool->submit(square, 3);
  first.add_done_callback([&](const hob::concurrent::Future<int>& done) {
    pool->submit(square, done.result()).add_done_callback([&](const auto& f) {
      try {
        pool->shutdown();
      } catch (const hob::RuntimeError& e) {
        refused = e.what();
      }
      second = f.result();
    });
  });
  while (second == 0) std::this_thread::yield();
  CHECK(second == 81);
  CHECK(refused == "a done callback cannot wait for the pool that calls it");
  pool.reset();
}

TEST_CASE("what a job prints is not lost") {
  // Through a pipe in place of stdout, which the workers inherit.
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  std::fflush(stdout);
  const int saved = ::dup(1);
  ::dup2(ends[1], 1);
  {
    hob::ProcessPoolExecutor pool(1);
    pool.submit([] { std::printf("printed by a worker\n"); }).result();
  }
  ::dup2(saved, 1);
  ::close(saved);
  ::close(ends[1]);
  char text[64] = {};
  CHECK(::read(ends[0], text, sizeof text - 1) == 20);
  ::close(ends[0]);
  CHECK(text == std::string("printed by a worker\n"));
}

}  // namespace process_pool_test
