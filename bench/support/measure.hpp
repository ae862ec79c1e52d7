// SPDX-License-Identifier: MIT
//
// What every benchmark program in C++ shares: the command line, the clock, and the JSON lines.
// A program is a list of cases; a case is a function that does `run.count` operations between
// `run.start()` and `run.stop()`. It must not know any subject, and no subject is included here.
//
//   PROG [--list] [--case NAME | SUBJECT:NAME] [--runs N] [--count N] [--settle SECONDS]
//
//
// prints, for each case, the minimum ("value") and the median over N runs of the CPU time that one
// operation took, and what else the case recorded (resident bytes, allocations):
//   {"bench":"scheduler","case":"yield","subject":"bare","value":3.4,"median":3.6,"unit":"ns",
//    "runs":5}
//
// Include it in exactly one source file per program: it replaces malloc to count allocations.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Of the calling thread: a shared counter would be what cases with several threads measure.
inline constinit thread_local std::uint64_t allocation_count = 0;

/// Makes the compiler believe that `value` is read here, so that what computed it stays.
template <class T>
inline void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

/// CPU time of this process, user and system, all threads, in nanoseconds.
/// CPU and not wall time: the machine is shared, and a sleeping loop costs nothing.
inline std::uint64_t cpu_ns() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::uint64_t(now.tv_sec) * 1'000'000'000u + std::uint64_t(now.tv_nsec);
}

/// CLOCK_MONOTONIC in nanoseconds, for cases that are about waiting for another thread.
inline std::uint64_t wall_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::uint64_t(now.tv_sec) * 1'000'000'000u + std::uint64_t(now.tv_nsec);
}

/// Resident memory of this process in bytes (second field of /proc/self/statm).
inline std::uint64_t resident_bytes() {
  char text[128] = {};
  int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  unsigned long long total = 0, resident = 0;
  if (got <= 0 || std::sscanf(text, "%llu %llu", &total, &resident) != 2) return 0;
  return resident * std::uint64_t(sysconf(_SC_PAGESIZE));
}

/// What one run of one case measured, per operation. A negative figure was not measured.
struct Sample {
  double ns = -1;
  double bytes = -1;
  double allocations = -1;
  bool spoiled = false;
};

/// One run of a case, handed to its body.
class Run {
 public:
  Run(std::uint64_t count, std::chrono::nanoseconds settle, bool wall = false)
      : count(count), settle(settle), clock_(wall ? wall_ns : cpu_ns) {}

  /// How many operations the body must do between start() and stop().
  const std::uint64_t count;
  /// For cases with sleepers: the shortest sleep. All sleepers must sleep at once, so it has to
  /// be longer than starting them takes.
  const std::chrono::nanoseconds settle;

  void start() {
    allocations_before_ = allocation_count;
    before_ = clock_();
  }
  void stop() {
    std::uint64_t after = clock_();
    sample_.ns = double(after - before_) / double(count);
    sample_.allocations = double(allocation_count - allocations_before_) / double(count);
  }

  /// Called before the first and once the last of `count` objects exists.
  void memory_start() { resident_before_ = resident_bytes(); }
  void memory_stop() {
    std::uint64_t now = resident_bytes();
    sample_.bytes = now > resident_before_ ? double(now - resident_before_) / double(count) : 0;
  }

  /// The run did not do what it should measure (a sleeper woke before all slept): it is repeated
  /// with twice the `settle` time.
  void spoil() { sample_.spoiled = true; }

  /// The body must end in a state that proves that the work was done.
  void expect(bool condition, const char* what) const {
    if (condition) return;
    std::fprintf(stderr, "benchmark broken: expected %s\n", what);
    std::_Exit(3);
  }

  const Sample& sample() const { return sample_; }

 private:
  std::uint64_t (*clock_)();
  std::uint64_t before_ = 0;
  std::uint64_t allocations_before_ = 0;
  std::uint64_t resident_before_ = 0;
  Sample sample_;
};

struct Case {
  const char* name;
  std::uint64_t count;  // operations per run, the same for all subjects
  void (*body)(Run&);
  bool fresh = false;             // each run in a process of its own: its memory, or its first time
  const char* subject = nullptr;  // where one program holds several subjects
  bool wall = false;              // wall time instead of CPU time
};

namespace detail {

inline Sample run_here(const Case& c, std::uint64_t count, std::chrono::nanoseconds settle) {
  Run run(count, settle, c.wall);
  c.body(run);
  return run.sample();
}

/// Calls `f` in a forked copy of this process, whose heap no case has touched yet.
template <class F>
bool in_child(const char* what, F&& f) {
  std::fflush(stdout);
  pid_t child = fork();
  if (child < 0) {
    std::perror("fork");
    return false;
  }
  if (child == 0) {
    bool well = f();
    std::fflush(stdout);
    std::_Exit(well ? 0 : 3);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) std::fprintf(stderr, "%s: the measured process failed (%d)\n", what, status);
  return status == 0;
}

inline Sample run_in_child(const Case& c, std::uint64_t count, std::chrono::nanoseconds settle) {
  int ends[2];
  if (pipe(ends) != 0) std::perror("pipe"), std::exit(3);
  bool well = in_child(c.name, [&] {
    Sample sample = run_here(c, count, settle);
    return write(ends[1], &sample, sizeof sample) == ssize_t(sizeof sample);
  });
  close(ends[1]);
  Sample sample;
  well = well && read(ends[0], &sample, sizeof sample) == ssize_t(sizeof sample);
  close(ends[0]);
  if (!well) std::exit(3);
  return sample;
}

inline void print(const char* bench, const Case& c, const char* subject, const char* unit,
                  std::vector<double> values) {
  std::erase_if(values, [](double v) { return v < 0; });
  if (values.empty()) return;
  std::sort(values.begin(), values.end());
  std::printf(
      "{\"bench\":\"%s\",\"case\":\"%s\",\"subject\":\"%s\",\"value\":%.3f,"
      "\"median\":%.3f,\"unit\":\"%s\",\"runs\":%zu}\n",
      bench, c.name, c.subject ? c.subject : subject, values.front(), values[values.size() / 2],
      unit, values.size());
  std::fflush(stdout);
}

inline void measure(const char* bench, const char* subject, const Case& c, int runs,
                    std::uint64_t count, std::chrono::nanoseconds settle) {
  std::vector<double> ns, bytes, allocations;
  if (settle.count() == 0)
    settle = std::chrono::milliseconds(200) + std::chrono::nanoseconds(1'500) * std::int64_t(count);
  for (int done = 0, spoiled = 0; done < runs;) {
    // One run alone stays in this process, so that callgrind sees it.
    bool child = c.fresh && runs > 1;
    Sample sample = child ? run_in_child(c, count, settle) : run_here(c, count, settle);
    if (sample.spoiled && spoiled < 5) {
      ++spoiled;
      settle *= 2;
      continue;
    }
    ns.push_back(sample.ns);
    bytes.push_back(sample.bytes);
    allocations.push_back(sample.allocations);
    ++done;
  }
  print(bench, c, subject, "ns", ns);
  print(bench, c, subject, "bytes", bytes);
  print(bench, c, subject, "allocs", allocations);
}

}  // namespace detail

/// The main() of a benchmark program. Returns its exit status.
inline int main(int argc, char** argv, const char* bench, const char* subject,
                std::span<const Case> cases) {
  const char* only = nullptr;
  int runs = 5;
  std::uint64_t count = 0;
  std::chrono::nanoseconds settle{};
  for (int i = 1; i < argc; ++i) {
    std::string_view option = argv[i];
    bool has_value = i + 1 < argc;
    if (option == "--list") {
      for (const Case& c : cases)
        std::printf("%s %s %s\n", c.subject ? c.subject : subject, c.name,
                    c.fresh ? "fresh" : "warm");
      return 0;
    }
    if (option == "--case" && has_value) {
      only = argv[++i];
    } else if (option == "--runs" && has_value) {
      runs = std::max(1, std::atoi(argv[++i]));
    } else if (option == "--count" && has_value) {
      count = std::strtoull(argv[++i], nullptr, 10);
    } else if (option == "--settle" && has_value) {
      settle = std::chrono::seconds(std::atoi(argv[++i]));
    } else {
      std::fprintf(stderr,
                   "usage: %s [--list] [--case NAME | SUBJECT:NAME] [--runs N] [--count N]"
                   " [--settle SECONDS]\n",
                   argv[0]);
      return 2;
    }
  }
  bool found = false;
  for (const Case& c : cases) {
    std::string full = std::string(c.subject ? c.subject : subject) + ":" + c.name;
    if (only && full != only && std::strcmp(only, c.name) != 0) continue;
    found = true;
    auto measure = [&] {
      detail::measure(bench, subject, c, runs, count ? count : c.count, settle);
      return true;
    };
    // One case named with its subject runs right here; several must not warm each other's heap.
    if (only && full == only)
      measure();
    else if (!detail::in_child(c.name, measure))
      return 3;
  }
  if (!found) std::fprintf(stderr, "%s: no case named %s\n", argv[0], only ? only : "");
  return found ? 0 : 2;
}

}  // namespace bench

// Counting at malloc sees what C libraries and operator new allocate alike. glibc keeps its own
// functions reachable under these names; the cost, one increment, is the same for every subject.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept {
  ++bench::allocation_count;
  return __libc_malloc(size);
}
void* calloc(std::size_t n, std::size_t size) noexcept {
  ++bench::allocation_count;
  return __libc_calloc(n, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++bench::allocation_count;
  return __libc_memalign(alignment, size);
}
}
