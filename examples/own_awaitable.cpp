// An awaitable of your own. In Python a class has `__await__`; here it has `operator co_await`.
// Mostly that is the one of a Future inside, which an ordinary callback finishes.
#include <hob/hob.hpp>

#include <cstdio>

using namespace std::chrono_literals;

// An egg timer: set it, do something else, await the ring. Gives the number of eggs.
// [egg_timer]
class EggTimer {
 public:
  EggTimer(hob::Duration time, int eggs) {
    auto ring = [rings = rings_, eggs] {
      if (!rings.done()) rings.set_result(eggs);
    };
    hob::get_running_loop().call_later(time, ring);
  }

  auto operator co_await() const { return rings_.operator co_await(); }  // __await__

 private:
  hob::Future<int> rings_ = hob::create_future<int>();
};
// [egg_timer]

hob::Coro<> breakfast() {
  EggTimer timer(10ms, 2);
  std::puts("make coffee");
  int eggs = co_await timer;
  std::printf("%d eggs are ready\n", eggs);
  std::printf("%d eggs still are\n", co_await timer);

  // It goes wherever an awaitable goes, and can be cancelled like any.
  EggTimer soft(10ms, 1);
  EggTimer hard(20ms, 3);
  auto [few, many] = co_await hob::gather(soft, hard);
  std::printf("%d and %d\n", few, many);

  EggTimer forgotten(1h, 4);
  try {
    co_await hob::wait_for(forgotten, 10ms);
  } catch (const hob::TimeoutError&) {
    std::puts("not today");
  }
}

int main() { hob::run(breakfast()); }
