// An awaitable without a future: for leaves that are awaited often and want no allocation. It keeps
// the hob::Waiter of whoever waits and wakes it; `cancel` says whether the wait ended without
// effect.
#include <hob/hob.hpp>

#include <cstdio>

using namespace std::chrono_literals;

// A counter with a door: `co_await door` passes once `open` was called. One visitor at a time.
// [door]
class Door {
 public:
  void open() {
    open_ = true;
    if (visitor_) visitor_.wake();
  }

  bool await_ready() const noexcept { return open_; }
  void await_suspend(hob::Waiter visitor) noexcept { visitor_ = visitor; }
  void await_resume() const noexcept {}
  bool cancel() noexcept {  // the task is cancelled: forget it; nothing has happened
    visitor_ = {};
    return true;
  }

 private:
  hob::Waiter visitor_;
  bool open_ = false;
};
// [door]

hob::Coro<> visit(Door& door, const char* who) {
  std::printf("%s waits\n", who);
  try {
    co_await door;
    std::printf("%s is in\n", who);
  } catch (const hob::CancelledError&) {
    std::printf("%s goes away\n", who);
    throw;
  }
}

hob::Coro<> street() {
  Door door;
  auto first = hob::create_task(visit(door, "Ann"));
  co_await hob::sleep(0s);
  first.cancel();
  co_await hob::as_result(first);

  auto second = hob::create_task(visit(door, "Bob"));
  co_await hob::sleep(0s);
  door.open();
  std::puts("the door is open");
  co_await second;

  co_await visit(door, "Cleo");
}

int main() { hob::run(street()); }
