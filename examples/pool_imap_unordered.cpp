// SPDX-License-Identifier: MIT
// imap_unordered gives results as they arrive: the first job waits for the last one here.
#include <hob/hob.hpp>

#include <iostream>
#include <latch>
#include <vector>

int main() {
  hob::ThreadPool pool(2);
  std::latch three_came(1);
  auto work = [&three_came](int n) {
    if (n == 0) three_came.wait();
    return n;
  };

  // [imap]
  const std::vector<int> numbers{0, 1, 2, 3};
  for (int n : pool.imap_unordered(work, numbers)) {
    std::cout << n << " arrived\n";
    if (n == 3) three_came.count_down();
  }
  // [imap]
}
