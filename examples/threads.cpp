// One loop per thread. A loop's tasks and futures belong to its thread; what crosses over is a
// coroutine that is sent: `on` awaits it from another loop, run_coroutine_threadsafe hands it in
// from a thread that has none, and call_soon_threadsafe is what both are made of.
#include <hob/hob.hpp>
#include <hob/task/async_generator.hpp>
#include <hob/task/async_with.hpp>

#include <cstdio>
#include <future>
#include <thread>

using namespace std::chrono_literals;

hob::Coro<int> multiply(int a, int b) {
  co_await hob::sleep(1ms);  // on the other loop's clock
  co_return a* b;
}

hob::Coro<int> fail() {
  co_await hob::sleep(0s);
  throw hob::ValueError("it went wrong over there");
}

hob::Coro<> here(hob::EventLoop& there) {
  // [on]
  int product = co_await hob::on(there, multiply, 6, 7);
  // [on]
  std::printf("awaited: %d\n", product);
  try {
    co_await hob::on(there, fail);
  } catch (const hob::ValueError& error) {
    std::printf("ValueError: %s\n", error.what());
  }
}

int main() {
  std::promise<hob::EventLoop*> started;
  std::thread other([&started] {
    hob::EventLoop loop;
    loop.call_soon([&] { started.set_value(&loop); });
    loop.run_forever();
  });
  hob::EventLoop& there = *started.get_future().get();

  auto future = hob::run_coroutine_threadsafe(there, multiply, 3, 4);
  std::printf("waited for: %d\n", future.result());

  hob::run(here(there));

  there.call_soon_threadsafe([&there] {
    std::puts("over there: stopping");
    there.stop();
  });
  other.join();
}
