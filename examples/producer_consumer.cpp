// Producers and consumers with a queue between them. The queue holds two items at most, so a
// producer that is too fast waits: nothing piles up. `join` ends when every item has been worked
// on.
#include <hob/hob.hpp>
#include <hob/task/async_generator.hpp>
#include <hob/task/async_with.hpp>

#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;

int now() { return static_cast<int>(hob::get_running_loop().time().seconds() + 0.5); }

// [queue]
hob::Coro<> producer(hob::Queue<int>& queue) {
  for (int item = 1; item <= 5; ++item) {
    co_await queue.put(item);
    std::printf("%d s: put %d\n", now(), item);
  }
}

hob::Coro<> consumer(hob::Queue<int>& queue, std::string name) {
  while (true) {
    int item = co_await queue.get();
    co_await hob::sleep(2s);  // the work
    std::printf("%d s: %s has done %d\n", now(), name.c_str(), item);
    queue.task_done();
  }
}

hob::Coro<> kitchen() {
  hob::Queue<int> queue(2);
  std::vector<hob::Task<>> consumers;
  consumers.push_back(hob::create_task(consumer(queue, "Ann")));
  consumers.push_back(hob::create_task(consumer(queue, "Bob")));

  co_await producer(queue);
  co_await queue.join();
  std::printf("%d s: all done\n", now());

  for (auto& task : consumers) task.cancel();
  auto ends = co_await hob::gather(hob::return_exceptions, consumers);
  for (const auto& end : ends) std::puts(end.cancelled() ? "cancelled" : "returned");
}
// [queue]

int main() { hob::run(kitchen(), {.driver = hob::Driver::sim}); }
