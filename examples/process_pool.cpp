// SPDX-License-Identifier: MIT
// CPU-bound work in other processes, from a coroutine: the loop stays responsive, which a ticker
// shows. A worker that crashes takes nobody with it.
#include <hob/hob.hpp>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// [functions]
long count_primes(long below) {
  long primes = 0;
  for (long n = 2; n < below; ++n) {
    bool prime = true;
    for (long d = 2; d * d <= n && prime; ++d) prime = n % d != 0;
    primes += prime;
  }
  return primes;
}
struct Person {
  std::string name;
  std::vector<int> scores;
};
Person promoted(Person person) {  // travels there and back; nothing is registered
  person.scores.push_back(100);
  return person;
}
// [functions]

hob::Coro<> tick(int* ticks) {
  for (;;) {
    ++*ticks;
    co_await hob::sleep(1ms);
  }
}

// [await]
hob::Coro<> run_main() {
  int ticks = 0;
  hob::Task<> ticker = hob::create_task(tick(&ticks));

  hob::ProcessPoolExecutor pool(2);
  long primes = co_await pool.submit(count_primes, 1'000'000);
  std::cout << "one job: " << primes << ", ticked meanwhile: " << (ticks > 1) << '\n';

  std::vector<hob::Future<long>> jobs;
  for (long n = 1; n <= 4; ++n)
    jobs.push_back(hob::get_running_loop().run_in_executor(&pool, count_primes, n * 1000));
  for (long count : co_await hob::gather(jobs)) std::cout << "by two processes: " << count << '\n';

  Person person = co_await pool.submit(promoted, Person{"Ada", {90}});
  std::cout << person.name << ": " << person.scores.back() << '\n';

  auto crash = [] { std::raise(SIGKILL); };
  try {
    co_await pool.submit(crash);
  } catch (const hob::BrokenProcessPool&) {
    std::cout << "a worker was killed\n";
  }
  ticker.cancel();
}
// [await]

int main() { hob::run(run_main()); }
