// An async generator awaits and yields (PEP 525). Each `anext` runs it to its next co_yield. One
// that is not run to its end has cleaning up to do: `aclose` does it now, `run` at the latest.
#include <hob/hob.hpp>
#include <hob/sync/queue.hpp>
#include <hob/task/threads.hpp>

#include <cstdio>
#include <utility>

using namespace std::chrono_literals;

// [ticker]
hob::AsyncGenerator<int> ticker(hob::Duration delay, int count) {
  try {
    for (int i = 0; i < count; ++i) {
      co_yield i;
      co_await hob::sleep(delay);
    }
    std::puts("ticker: at its end");
  } catch (const hob::GeneratorExit&) {
    std::puts("ticker: closed");
    throw;
  }
}

hob::Coro<> listen() {
  auto ticks = ticker(10ms, 3);
  while (auto tick = co_await ticks.anext()) {  // async for tick in ticks
    std::printf("tick %d\n", *tick);
  }
  // [ticker]

  auto endless = ticker(10ms, 1000);
  while (auto tick = co_await endless.anext()) {
    if (*tick == 2) break;
  }
  co_await endless.aclose();

  // A generator over a generator: nothing runs before it is asked for.
  auto squares = [](hob::AsyncGenerator<int> numbers) -> hob::AsyncGenerator<int> {
    while (auto number = co_await numbers.anext()) co_yield *number** number;
  };
  auto numbers = ticker(10ms, 4);
  auto pipeline = squares(std::move(numbers));
  int sum = 0;
  while (auto square = co_await pipeline.anext()) sum += *square;
  std::printf("sum of squares: %d\n", sum);

  auto left = ticker(10ms, 1000);
  co_await left.anext();
  hob::create_task(
      [](hob::AsyncGenerator<int> mine) -> hob::Coro<> {
        co_await mine.anext();
        co_await hob::sleep(1h);  // run cancels this, and then closes the generator
      },
      std::move(left));
  co_await hob::sleep(20ms);
  std::puts("main: leaves a generator behind");
}

int main() { hob::run(listen(), {.driver = hob::Driver::sim}); }
