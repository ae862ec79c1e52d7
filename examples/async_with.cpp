// Clean-up that has to wait: `async with`. C++ has no asynchronous destructor, so the block is a
// function, and async_with calls aexit after it in any case. AsyncExitStack does the same for as
// many resources as turn up.
#include <hob/hob.hpp>
#include <hob/sync/queue.hpp>
#include <hob/task/threads.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <utility>

using namespace std::chrono_literals;

// [resource]
class Connection {
 public:
  explicit Connection(std::string peer) : peer_(std::move(peer)) {}

  hob::Coro<> aenter() {
    co_await hob::sleep(1ms);
    std::printf("%s: connected\n", peer_.c_str());
  }
  hob::Coro<> aexit(std::exception_ptr error) {
    co_await hob::sleep(1ms);  // say goodbye
    std::printf("%s: closed%s\n", peer_.c_str(), error ? " after an error" : "");
  }
  const char* peer() const { return peer_.c_str(); }

 private:
  std::string peer_;
};
// [resource]

hob::Coro<> one() {
  // [async_with]
  auto body = [](Connection& connection) -> hob::Coro<int> {
    co_await hob::sleep(1ms);
    std::printf("%s: used\n", connection.peer());
    co_return 42;
  };
  int answer = co_await hob::async_with(Connection("alpha"), body);
  // [async_with]
  std::printf("answer: %d\n", answer);
}

hob::Coro<> failing() {
  auto body = [](Connection&) -> hob::Coro<> {
    co_await hob::sleep(1ms);
    throw hob::ValueError("a bad request");
  };
  try {
    co_await hob::async_with(Connection("beta"), body);
  } catch (const hob::ValueError& error) {
    std::printf("ValueError: %s\n", error.what());
  }
}

hob::Coro<> many() {
  auto body = [](hob::AsyncExitStack& stack) -> hob::Coro<> {
    for (const char* peer : {"gamma", "delta"}) {
      co_await stack.enter_async_context(Connection(peer));
    }
    stack.callback(std::puts, "the last one registered goes first");
  };
  co_await hob::async_with(hob::AsyncExitStack(), body);
}

hob::Coro<> main_coroutine() {
  co_await one();
  co_await failing();
  co_await many();
}

int main() { hob::run(main_coroutine()); }
