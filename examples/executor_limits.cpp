// SPDX-License-Identifier: MIT
// Work in threads that can be told to stop, and a pool whose queue has an end.
#include <hob/executor/stop_token.hpp>
#include <hob/hob.hpp>

#include <iostream>
#include <numeric>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

// [stop]
int spin_until(std::stop_token stop, int gift) {
  while (!stop.stop_requested()) std::this_thread::sleep_for(1ms);
  return gift;
}

hob::Coro<> stop_a_thread() {
  auto work = [](hob::Timeout&) -> hob::Coro<> { co_await hob::to_thread(spin_until, 1); };
  try {
    co_await hob::timeout(20ms, work);
  } catch (const hob::TimeoutError&) {
    std::cout << "the thread was told to stop\n";
  }
}
// [stop]

// [bounded]
hob::Coro<> feed_slowly(int jobs) {
  hob::ThreadPoolExecutor pool(2, {.queue_limit = 4});
  std::vector<hob::concurrent::Future<int>> all;
  for (int n = 0; n < jobs; ++n)  // waits for a place, and the loop goes on meanwhile
    all.push_back(co_await pool.async_submit([](int i) { return i * i; }, n));
  int sum = 0;
  for (auto& future : all) sum += co_await future;
  std::cout << "sum of squares: " << sum << '\n';
}
// [bounded]

// [map]
void map_in_chunks() {
  hob::ThreadPoolExecutor pool(2);
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  long sum = 0;
  auto half = [](int n) { return n / 2; };
  for (int n : pool.map(half, numbers, {.timeout = 10s, .chunksize = 100, .buffersize = 4}))
    sum += n;
  std::cout << "sum of halves: " << sum << '\n';
}
// [map]

int main() {
  hob::run(stop_a_thread());
  hob::run(feed_slowly(20));
  map_in_chunks();
}
