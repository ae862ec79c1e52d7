// SPDX-License-Identifier: MIT
// The process cases of the executors benchmark: Hob's pool, and a bare ping-pong between two
// processes over a socketpair. Wall time per operation.
#include <hob/hob.hpp>

#include "../support/measure.hpp"

#include <sys/socket.h>
#include <unistd.h>
#include <cstdint>
#include <numeric>
#include <vector>

namespace {

// process_round_trip  one small job by a worker, its result waited for; per job.
// process_map         map over small ints with a chunk size, by two workers; per item.
// process_map_serial  the same function over the same items in a loop; per item.
// process_64_mib      a vector of 64 MiB sent and returned; per vector.
constexpr std::uint64_t kRoundTrips = 20'000;
constexpr std::uint64_t kItems = 1'000'000;
constexpr std::uint64_t kChunk = 20'000;
constexpr std::size_t kLarge = std::size_t(64) << 20;

int add_one(int n) { return n + 1; }
/// Some work per item: how often n halves or grows until it is 1.
int collatz(int n) {
  int steps = 0;
  for (std::uint64_t value = static_cast<std::uint64_t>(n) + 1; value != 1; ++steps)
    value = value % 2 == 0 ? value / 2 : 3 * value + 1;
  return steps;
}
std::vector<std::uint64_t> back(std::vector<std::uint64_t> numbers) { return numbers; }

void round_trip(bench::Run& run) {
  hob::ProcessPoolExecutor pool(1);
  int value = pool.submit(add_one, -1).result();
  run.start();
  for (std::uint64_t i = 0; i < run.count; ++i) value = pool.submit(add_one, value).result();
  run.stop();
  run.expect(value == static_cast<int>(run.count), "every round trip");
}

void bare_round_trip(bench::Run& run) {
  int ends[2];
  run.expect(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0, "a socketpair");
  if (::fork() == 0) {
    ::close(ends[0]);
    for (int n; ::read(ends[1], &n, sizeof n) == sizeof n;) {
      ++n;
      if (::write(ends[1], &n, sizeof n) != sizeof n) break;
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  int value = 0;
  run.start();
  for (std::uint64_t i = 0; i < run.count; ++i) {
    run.expect(::write(ends[0], &value, sizeof value) == sizeof value, "a write");
    run.expect(::read(ends[0], &value, sizeof value) == sizeof value, "a read");
  }
  run.stop();
  run.expect(value == static_cast<int>(run.count), "every round trip");
  ::close(ends[0]);
}

std::vector<int> items(std::uint64_t count) {
  std::vector<int> all(count);
  std::iota(all.begin(), all.end(), 0);
  return all;
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
void map_serial(bench::Run& run) {
  const std::vector<int> all = items(run.count);
  long sum = 0;
  run.start();
  for (const int n : all) sum += collatz(n);
  run.stop();
  run.expect(sum > 0, "results");
}

void large(bench::Run& run) {
  hob::ProcessPoolExecutor pool(1);
  const std::vector<std::uint64_t> numbers(kLarge / sizeof(std::uint64_t), 7);
  run.expect(pool.submit(back, numbers).result().size() == numbers.size(), "the vector");
  run.start();
  for (std::uint64_t i = 0; i < run.count; ++i)
    run.expect(pool.submit(back, numbers).result().back() == 7, "the vector");
  run.stop();
}

constexpr bench::Case kCases[] = {
    {.name = "process_round_trip", .count = kRoundTrips, .body = round_trip, .wall = true},
    {.name = "process_round_trip",
     .count = kRoundTrips,
     .body = bare_round_trip,
     .subject = "bare",
     .wall = true},
    {.name = "process_map", .count = kItems, .body = map, .wall = true},
    {.name = "process_map_serial", .count = kItems, .body = map_serial, .wall = true},
    {.name = "process_64_mib", .count = 10, .body = large, .wall = true}};

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, "executors", "hob", kCases); }
