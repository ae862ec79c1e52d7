// SPDX-License-Identifier: MIT
// CPU-bound work from a coroutine, in one thread and in a pool: the loop stays responsive, which a
// ticker shows. The work ends when the ticker has ticked: a loop that was blocked would hang.
#include <hob/hob.hpp>

#include <atomic>
#include <iostream>
#include <vector>

using namespace std::chrono_literals;

std::atomic<int> ticks = 0;

// [work]
long sum_below(long n) {
  const int before = ticks;
  long sum = 0;
  for (long i = 0; i < n; ++i) sum += i;
  while (ticks < before + 3) {  // as if it took that long
  }
  return sum;
}
// [work]

hob::Coro<> tick() {
  for (;;) {
    ++ticks;
    co_await hob::sleep(1ms);
  }
}

// [await]
hob::Coro<> run_main() {
  hob::Task<> ticker = hob::create_task(tick());

  long sum = co_await hob::to_thread(sum_below, 1000);
  std::cout << "one thread: " << sum << ", ticked meanwhile: " << (ticks >= 3) << '\n';

  hob::ThreadPoolExecutor pool(4);
  std::vector<hob::Future<long>> jobs;
  for (long n = 1; n <= 4; ++n)
    jobs.push_back(hob::get_running_loop().run_in_executor(&pool, sum_below, n * 1000));
  for (long sum_of : co_await hob::gather(jobs)) std::cout << "thread pool: " << sum_of << '\n';
  ticker.cancel();
}
// [await]

int main() { hob::run(run_main()); }
