// SPDX-License-Identifier: MIT
// What goes wrong in another process, and how one hears of it: an exception comes back with the
// stack of the worker, and a Pool outlives its workers.
#include <hob/hob.hpp>

#include <csignal>
#include <iostream>
#include <stdexcept>
#include <string>

// [register]
struct OutOfStock : std::runtime_error {
  using std::runtime_error::runtime_error;
};
const bool registered = hob::register_exception<OutOfStock>();  // in the workers, too
// [register]

struct Unregistered : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[gnu::noinline]] int sell(const std::string& item) {
  if (item == "tea") throw OutOfStock(item);
  if (item == "milk") throw Unregistered(item);
  return 1;
}

// The function of a stack's first line: `sell(std::string const&) (process_errors+0x1f3a)`.
std::string thrower(const std::string& stack) { return stack.substr(0, stack.find('(')); }

// [errors]
void show_errors(hob::ProcessPoolExecutor& pool) {
  try {
    pool.submit(sell, "tea").result();
  } catch (const OutOfStock& error) {
    std::string stack = hob::remote_stack(std::current_exception());
    std::cout << "no " << error.what() << ", says " << thrower(stack) << '\n';
  }
  try {
    pool.submit(sell, "milk").result();
  } catch (const hob::RemoteError& error) {
    std::cout << error.type() << ": " << error.message() << ", says " << thrower(error.stack())
              << '\n';
  }
}
// [errors]

// [pool]
void lose_a_worker(hob::Pool& pool) {
  auto lost = pool.apply_async([] { std::raise(SIGKILL); });
  auto kept = pool.apply_async(sell, "bread");
  try {
    lost.get();
  } catch (const hob::WorkerLostError&) {  // the text names the worker and the signal
    std::cout << "a worker was lost, the pool goes on: " << kept.get() << '\n';
  }
}
// [pool]

int main() {
  hob::ProcessPoolExecutor executor(1);
  show_errors(executor);
  hob::Pool pool(1);
  lose_a_worker(pool);
}
