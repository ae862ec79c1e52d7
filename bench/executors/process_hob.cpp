// SPDX-License-Identifier: MIT
// The process cases of the executors benchmark with Hob.
#include <hob/hob.hpp>

#include "process_cases.hpp"

namespace {

using namespace process_cases;

std::vector<std::uint64_t> back(std::vector<std::uint64_t> numbers) { return numbers; }

void round_trip(bench::Run& run) {
  hob::ProcessPoolExecutor pool(1);
  int value = pool.submit(add_one, -1).result();
  run.start();
  for (std::uint64_t i = 0; i < run.count; ++i) value = pool.submit(add_one, value).result();
  run.stop();
  run.expect(value == static_cast<int>(run.count), "every round trip");
}

void map(bench::Run& run) {
  hob::ProcessPoolExecutor pool(2);
  for (int i = 0; i < 4; ++i) pool.submit(add_one, i).result();
  const std::vector<int> all = items(run.count);
  long sum = 0;
  run.start();
  for (const int n : pool.map(collatz, all, {.chunksize = kChunk})) sum += n;
  run.stop();
  run.expect(sum > 0, "results");
}

void transfer(bench::Run& run) {
  hob::ProcessPoolExecutor pool(1);
  const std::vector<std::uint64_t> numbers = large();
  run.expect(pool.submit(back, numbers).result().size() == numbers.size(), "the vector");
  run.start();
  for (std::uint64_t i = 0; i < run.count; ++i)
    run.expect(pool.submit(back, numbers).result().back() == 7, "the vector");
  run.stop();
}

constexpr bench::Case kCases[] = {
    {.name = "process_round_trip", .count = kRoundTrips, .body = round_trip, .wall = true},
    {.name = "process_map", .count = kItems, .body = map, .wall = true},
    {.name = "process_64_mib", .count = kTransfers, .body = transfer, .wall = true}};

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, "executors", "hob", kCases); }
