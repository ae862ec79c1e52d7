// Cancelling a task before it starts, while it waits, and after it is done. `cancel` asks; the
// CancelledError arrives where the task waits, so that it can clean up. A task may also refuse.
#include <hob/hob.hpp>

#include <cstdio>

using namespace std::chrono_literals;

const char* text(bool value) { return value ? "true" : "false"; }

// [worker]
hob::Coro<> worker() {
  std::puts("  worker: started");
  try {
    co_await hob::sleep(1h);
  } catch (const hob::CancelledError& error) {
    std::printf("  worker: cleans up after '%s'\n", error.what());
    throw;
  }
}
// [worker]

hob::Coro<> stubborn() {
  try {
    co_await hob::sleep(1h);
  } catch (const hob::CancelledError&) {
    std::puts("  stubborn: no");
  }
}

hob::Coro<> join(hob::Task<> task) {
  try {
    co_await task;
    std::puts("awaiting it: it has returned");
  } catch (const hob::CancelledError&) {
    std::puts("awaiting it: CancelledError");
  }
  std::printf("done %s, cancelled %s\n", text(task.done()), text(task.cancelled()));
}

hob::Coro<> main_coroutine() {
  std::puts("before it starts:");
  auto early = hob::create_task(worker());
  std::printf("cancel: %s\n", text(early.cancel("too early")));
  co_await join(early);

  std::puts("while it waits:");
  auto waiting = hob::create_task(worker());
  co_await hob::sleep(0s);
  std::printf("cancel: %s\n", text(waiting.cancel("enough")));
  std::printf("done %s, cancelling %u\n", text(waiting.done()), waiting.cancelling());
  co_await join(waiting);

  std::puts("after it is done:");
  std::printf("cancel: %s\n", text(waiting.cancel("too late")));

  std::puts("when it refuses:");
  auto deaf = hob::create_task(stubborn());
  co_await hob::sleep(0s);
  std::printf("cancel: %s\n", text(deaf.cancel()));
  co_await join(deaf);
}

int main() { hob::run(main_coroutine()); }
