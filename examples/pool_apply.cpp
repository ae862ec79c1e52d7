// SPDX-License-Identifier: MIT
// A Pool's apply blocks for each result; apply_async starts all, and the results are asked for
// later, awaited, or told to a callback.
#include <hob/hob.hpp>

#include <iostream>
#include <tuple>
#include <vector>

int square(int n) { return n * n; }

hob::Coro<> await_it(hob::ThreadPool* pool) {
  std::cout << "awaited: " << co_await pool->apply_async(square, 9) << '\n';
}

int main() {
  hob::ThreadPool pool(2);

  // [apply]
  for (int n = 1; n <= 3; ++n) std::cout << "apply: " << pool.apply(square, n) << '\n';

  std::vector<hob::AsyncResult<int>> results;
  for (int n = 4; n <= 6; ++n) results.push_back(pool.apply_async(square, n));
  for (const auto& result : results) std::cout << "apply_async: " << result.get() << '\n';
  // [apply]

  hob::run(await_it(&pool));
  auto done = pool.apply_async(square, std::tuple(8),
                               [](int result) { std::cout << "callback: " << result << '\n'; });
  pool.close();
  pool.join();
  std::cout << "successful: " << done.successful() << '\n';
}
