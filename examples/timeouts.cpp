// Time limits: wait_for for one awaitable, timeout for a block (with a deadline that can be moved),
// and shield for what must go on. The outermost limit that has passed wins; a cancellation from
// outside stays a cancellation.
#include <hob/hob.hpp>

#include <cstdio>

using namespace std::chrono_literals;

hob::Coro<const char*> answer(hob::Duration after, const char* text) {
  co_await hob::sleep(after);
  co_return text;
}

hob::Coro<> with_wait_for() {
  std::printf("wait_for: %s\n", co_await hob::wait_for(answer(10ms, "in time"), 1s));
  try {
    co_await hob::wait_for(answer(1h, "never"), 10ms);
  } catch (const hob::TimeoutError&) {
    std::puts("wait_for: TimeoutError, and the coroutine was cancelled");
  }
}

hob::Coro<> with_timeout() {
  // [timeout]
  auto patient = [](hob::Timeout& limit) -> hob::Coro<const char*> {
    co_await hob::sleep(5ms);
    limit.reschedule(hob::get_running_loop().time() + 1s);  // it makes progress: give it more
    co_return co_await answer(100ms, "more time was needed, and given");
  };
  std::printf("timeout: %s\n", co_await hob::timeout(50ms, patient));
  // [timeout]

  auto hasty = []() -> hob::Coro<> { co_await hob::sleep(1h); };
  auto outer = [hasty]() -> hob::Coro<> {
    try {
      co_await hob::timeout(10ms, hasty);
    } catch (const hob::TimeoutError&) {
      std::puts("timeout: the inner limit has passed");
    }
    co_await hob::sleep(1h);
  };
  try {
    co_await hob::timeout(100ms, outer);
  } catch (const hob::TimeoutError&) {
    std::puts("timeout: the outer limit has passed");
  }
}

hob::Coro<> with_shield() {
  auto important = hob::create_task(answer(100ms, "saved"));
  try {
    co_await hob::wait_for(hob::shield(important), 10ms);
  } catch (const hob::TimeoutError&) {
    std::printf("shield: waited long enough, the task is %s\n",
                important.cancelled() ? "cancelled" : "still running");
  }
  std::printf("shield: %s\n", co_await important);
}

hob::Coro<> main_coroutine() {
  co_await with_wait_for();
  co_await with_timeout();
  co_await with_shield();
}

int main() { hob::run(main_coroutine(), {.driver = hob::Driver::sim}); }
