// SPDX-License-Identifier: MIT
// submit and the states of its future: one thread, two jobs. No loop is needed.
#include <hob/hob.hpp>

#include <iostream>
#include <latch>

int main() {
  hob::ThreadPoolExecutor pool(1);
  std::latch begun(1), open(1);

  // [submit]
  hob::concurrent::Future<int> first = pool.submit([&] {
    begun.count_down();
    open.wait();
    return 6 * 7;
  });
  hob::concurrent::Future<int> second = pool.submit([](int n) { return n; }, 1);
  // [submit]

  begun.wait();
  std::cout << "first running: " << first.running() << ", second running: " << second.running()
            << '\n';
  std::cout << "cancel first: " << first.cancel() << ", cancel second: " << second.cancel() << '\n';
  first.add_done_callback([](hob::concurrent::Future<int> done) {
    std::cout << "callback: " << done.result() << '\n';
  });
  open.count_down();
  pool.shutdown();
  std::cout << "first done: " << first.done() << ", result " << first.result() << '\n';
  std::cout << "second done: " << second.done() << ", cancelled " << second.cancelled() << '\n';
  try {
    pool.submit([] {});
  } catch (const hob::RuntimeError& error) {
    std::cout << "RuntimeError: " << error.what() << '\n';
  }
}
