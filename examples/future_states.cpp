// A future is a result that is not there yet: PENDING at first, FINISHED with a result or an
// exception, or CANCELLED. It changes once. What waits for it is told through the loop, never
// inside the call that finished it.
#include <hob/hob.hpp>

#include <cstdio>

using namespace std::chrono_literals;

const char* state(const hob::Future<int>& future) {
  if (!future.done()) return "PENDING";
  return future.cancelled() ? "CANCELLED" : "FINISHED";
}

hob::Coro<> main_coroutine() {
  auto result = hob::create_future<int>();
  std::printf("%s\n", state(result));
  try {
    static_cast<void>(result.result());
  } catch (const hob::InvalidStateError&) {
    std::puts("InvalidStateError: there is no result yet");
  }

  result.add_done_callback(
      [](const hob::Future<int>& f) { std::printf("callback: %d\n", f.result()); });
  result.set_result(42);
  std::printf("%s, and the callback has not run yet\n", state(result));
  co_await hob::sleep(0s);
  std::printf("awaited: %d\n", co_await result);
  try {
    result.set_result(43);
  } catch (const hob::InvalidStateError&) {
    std::puts("InvalidStateError: it has a result");
  }
  std::printf("cancel a finished one: %s\n", result.cancel() ? "true" : "false");

  auto failed = hob::create_future<int>();
  failed.set_exception(hob::ValueError("no number"));
  try {
    co_await failed;
  } catch (const hob::ValueError& error) {
    std::printf("%s with ValueError: %s\n", state(failed), error.what());
  }

  auto cancelled = hob::create_future<int>();
  std::printf("cancel a pending one: %s\n", cancelled.cancel() ? "true" : "false");
  std::printf("%s\n", state(cancelled));
}

int main() { hob::run(main_coroutine()); }
