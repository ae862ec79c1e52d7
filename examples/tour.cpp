// The tour: what the README shows. Coroutines that are awaited in place, tasks that run beside each
// other, a limit on time, and a group whose tasks never outlive it.
// [tour]
#include <hob/hob.hpp>

#include <cstdio>

using namespace std::chrono_literals;

hob::Coro<int> add_one(int number) {
  co_await hob::sleep(10ms);  // anything that takes time
  co_return number + 1;
}

hob::Coro<> tour() {
  int two = co_await add_one(1);               // in place: as cheap as a function call with a frame
  auto task = hob::create_task(add_one(two));  // beside us: a Task<int> is a Future<int>
  auto [a, b] = co_await hob::gather(add_one(10), add_one(20));
  std::printf("%d %d %d\n", a, b, co_await hob::wait_for(task, 5s));

  auto body = [](hob::TaskGroup& group) -> hob::Coro<> {
    for (int i = 0; i < 3; ++i) group.create_task(add_one(i));
    co_return;  // the block ends when its last task has
  };
  co_await hob::task_group(body);
}

int main() { hob::run(tour()); }
// [tour]
