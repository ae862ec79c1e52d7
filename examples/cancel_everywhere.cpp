// Testing cancellation: `testing::cancel_everywhere` runs a scenario once for every point at which
// it can be cancelled, and fails when one of these runs leaves a task, a frame, a timer or a
// descriptor behind, or never ends. Here it passes one version of a function and finds what is
// wrong with another.
#include <hob/hob.hpp>
#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/run_virtual.hpp>

#include <cstdio>

using namespace std::chrono_literals;

// [versions]
hob::Coro<> careful(hob::Lock& lock) {
  auto guard = co_await lock.scoped();  // released however this ends
  co_await hob::sleep(1s);
}

hob::Coro<> careless(hob::Lock& lock) {
  co_await lock.acquire();
  co_await hob::sleep(1s);
  lock.release();  // not reached when the sleep is cancelled
}
// [versions]

// Uses the lock, and once more to clean up.
template <class F>
hob::Coro<> scenario(F use) {
  hob::Lock lock;
  auto outcome = co_await hob::as_result(use(lock));
  co_await use(lock);  // waits for ever when nobody has released it
  outcome.value();     // a cancellation goes on
}

template <class F>
void try_out(const char* name, F use) {
  hob::testing::run_virtual(scenario(use));
  std::printf("%s: fine when nobody cancels it\n", name);
  try {
    // [cancel_everywhere]
    auto suspensions = hob::testing::cancel_everywhere([use] { return scenario(use); });
    std::printf("%s: fine when cancelled at any of %zu suspensions\n", name, suspensions);
    // [cancel_everywhere]
  } catch (const hob::testing::CancelFailure&) {
    // what() tells where it was cancelled, and what is left.
    std::printf("%s: fails when cancelled\n", name);
  }
}

int main() {
  try_out("careful", careful);
  try_out("careless", careless);
}
