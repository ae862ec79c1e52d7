// SPDX-License-Identifier: MIT
// ProcessPoolExecutor and its workers when processes die, when programs differ, and when nobody
// cleans up: each job ends exactly once, and nothing is left. What sleeps here waits for processes.
#include <hob/core/error.hpp>
#include <hob/executor/process_pool.hpp>

#include "support/no_new_threads.hpp"

#include <doctest/doctest.h>

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace process_pool_faults_test {
namespace {

// Everywhere the same scenario, with fewer jobs where a job costs more.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HOB_TEST_SLOWLY
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOB_TEST_SLOWLY
#endif
#ifdef HOB_TEST_SLOWLY
constexpr int kJobs = 1'500;
#else
constexpr int kJobs = 10'000;
#endif

int square(int n) { return n * n; }
int slow_square(int n) {
  std::this_thread::sleep_for(200us);
  return n * n;
}
// Runs, or is stopped: a zombie whom nobody has reaped (the init of some containers) is gone.
bool exists(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
  const std::size_t name_end = text.rfind(')');
  return name_end != std::string::npos && text.at(name_end + 2) != 'Z';
}
bool gone_soon(int pid) {
  for (int i = 0; i < 2000 && exists(pid); ++i) std::this_thread::sleep_for(5ms);
  return !exists(pid);
}
bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}
int open_descriptors() {
  int count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder)) ++count;
  ::closedir(folder);
  return count;
}
#ifndef HOB_TEST_SLOWLY
constexpr std::size_t kLarge = 30'000;  // ints: more than fits in a packet
std::size_t size_of(const std::vector<int>& numbers) { return numbers.size(); }

// The process (0: this one) gets no new descriptor, as 0, 1 and 2 are open.
void set_limit(int pid, const rlimit& limit) {
  CHECK(::prlimit(pid, RLIMIT_NOFILE, &limit, nullptr) == 0);
}
rlimit allow_no_more_files(int pid) {
  rlimit before{};
  CHECK(::prlimit(pid, RLIMIT_NOFILE, nullptr, &before) == 0);
  set_limit(pid, {3, before.rlim_max});
  return before;
}

rlim_t address_space() {
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  statm >> pages;
  return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}
#endif
bool starts_with(const std::string& text, const char* begin) { return text.rfind(begin, 0) == 0; }

void check_broken(const hob::concurrent::Future<int>& future, const std::string& how) {
  const std::string text = hob::describe(future.exception());
  CAPTURE(text);
  CHECK(starts_with(text, "BrokenProcessPool: A process in the process pool was terminated"));
  CHECK(text.find(how) != std::string::npos);
}

// A copy of this program with another build id.
std::string differing_program() {
  std::ifstream in("/proc/self/exe", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const char note[] = {4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0};
  std::size_t at = bytes.find(std::string(note, sizeof note));
  if (at == std::string::npos) {
    std::string eight(note, sizeof note);  // lld's fast build id
    eight[4] = 8;
    at = bytes.find(eight);
  }
  if (at == std::string::npos) return "";  // linked without: nothing to change
  bytes[at + sizeof note] = static_cast<char>(bytes[at + sizeof note] + 1);
  std::string path = "/tmp/hob_differing_XXXXXX";
  const int fd = ::mkstemp(path.data());
  std::ofstream(path, std::ios::binary) << bytes;
  ::fchmod(fd, 0700);
  ::close(fd);
  return path;
}

}  // namespace

TEST_CASE("a worker that dies breaks the pool: every job in flight or waiting is told how") {
  struct Death {
    void (*die)();
    const char* how;
  };
  const Death deaths[] = {
      {[] { ::raise(SIGKILL); }, "was killed by SIGKILL (signal 9)"},
      {[] { ::_exit(3); }, "ended with exit code 3"},
      {[] {
         std::signal(SIGABRT, SIG_DFL);
         std::abort();
       },
       "was killed by SIGABRT (signal 6)"},
      {[] { ::_exit(0); }, "ended with exit code 0"},
  };
  for (const auto method :
       {hob::StartMethod::fork, hob::StartMethod::forkserver, hob::StartMethod::spawn}) {
    for (const Death& death : deaths) {
      hob::ProcessPoolOptions options;
      options.start_method = method;
      hob::ProcessPoolExecutor pool(2, std::move(options));
      CHECK(pool.submit(square, 2).result() == 4);
      const auto killer = pool.submit(death.die);
      std::vector<hob::concurrent::Future<int>> others;
      try {
        for (int i = 0; i < 10; ++i) {
          others.push_back(pool.submit(
              [](int n) {
                std::this_thread::sleep_for(1h);
                return n;
              },
              i));
        }
      } catch (const hob::BrokenProcessPool&) {  // as fast as that
      }
      CHECK_THROWS_AS(killer.result(), hob::BrokenProcessPool);
      for (const auto& future : others) check_broken(future, death.how);
      CHECK_THROWS_AS(pool.submit(square, 1), hob::BrokenProcessPool);
      pool.shutdown();
      CHECK(pool.worker_pids().empty());
    }
    CHECK_FALSE(has_children());
  }
}

TEST_CASE("terminate_workers and kill_workers end jobs that run") {
  for (const bool kill : {false, true}) {
    hob::ProcessPoolExecutor pool(1);
    const auto running = pool.submit([] {
      std::this_thread::sleep_for(1h);
      return 0;
    });
    const auto waiting = pool.submit(square, 1);
    while (!running.running()) std::this_thread::yield();
    if (kill) {
      pool.kill_workers();
    } else {
      pool.terminate_workers();
    }
    CHECK(waiting.cancelled());
    check_broken(running, kill ? "SIGKILL" : "SIGTERM");
    pool.shutdown();
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("workers ignore the SIGINT of a terminal, and the server survives it") {
  hob::ProcessPoolExecutor pool(1);
  CHECK(pool.submit(square, 3).result() == 9);
  for (const int pid : pool.worker_pids()) ::kill(pid, SIGINT);
  CHECK(pool.submit(square, 4).result() == 16);
}

TEST_CASE("a program of another build is refused at the handshake") {
  const std::string path = differing_program();
  REQUIRE_FALSE(path.empty());
  for (const auto method : {hob::StartMethod::forkserver, hob::StartMethod::spawn}) {
    hob::ProcessPoolOptions options;
    options.start_method = method;
    options.executable = path;
    hob::ProcessPoolExecutor pool(1, std::move(options));
    const auto future = pool.submit(square, 3);
    const std::string text = hob::describe(future.exception());
    CHECK(text == "BrokenProcessPool: the program that was started for the workers, " + path +
                      ", is another build than this one");
  }
  ::unlink(path.c_str());
}

TEST_CASE("a program that is none of Hob's, or none at all, breaks the pool") {
  for (const char* path : {"/bin/true", "/nowhere/at/all"}) {
    hob::ProcessPoolOptions options;
    options.executable = path;
    hob::ProcessPoolExecutor pool(1, std::move(options));
    CHECK_THROWS_AS(pool.submit(square, 3).result(), hob::BrokenProcessPool);
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("nothing is left when a pool ends") {
  const auto use = [](hob::StartMethod method) {
    hob::ProcessPoolOptions options;
    options.start_method = method;
    hob::ProcessPoolExecutor pool(3, std::move(options));
    std::vector<hob::concurrent::Future<std::vector<int>>> futures;
    for (int i = 0; i < 20; ++i) {
      futures.push_back(
          pool.submit([](std::vector<int> v) { return v; }, std::vector<int>(50'000, i)));
    }
    for (const auto& future : futures) CHECK(future.result().size() == 50'000);
    return pool.worker_pids();
  };
  const int before = open_descriptors();
  for (const auto method :
       {hob::StartMethod::fork, hob::StartMethod::forkserver, hob::StartMethod::spawn}) {
    const std::vector<int> pids = use(method);
    CHECK_FALSE(pids.empty());
    for (const int pid : pids) CHECK_FALSE(exists(pid));
    CHECK(open_descriptors() == before);
    CHECK_FALSE(has_children());
  }
}

TEST_CASE("workers inherit no descriptors but standard ones and their socket") {
  const int leak = ::open("/dev/null", O_RDONLY);  // not close-on-exec, as in careless programs
  hob::ProcessPoolExecutor pool(1);
  const auto descriptors = pool.submit(open_descriptors).result();
  ::close(leak);
  CHECK(descriptors <= 3 + 1 + 3);  // ".", ".." and the folder's own
}

TEST_CASE("no process outlives the one that made the pool") {
  // The maker is itself a worker, so that it can be killed.
  hob::ProcessPoolExecutor outer(1);
  const std::vector<int> pids =
      outer
          .submit([] {
            auto* inner = new hob::ProcessPoolExecutor(2);  // never ended
            const int parent = inner->submit([] { return static_cast<int>(::getppid()); }).result();
            for (int i = 0; i < 2; ++i)
              static_cast<void>(inner->submit([] { std::this_thread::sleep_for(1h); }));
            std::vector<int> all = inner->worker_pids();
            all.push_back(parent);
            return all;
          })
          .result();
  REQUIRE(pids.size() >= 2);
  for (const int pid : pids) CHECK(exists(pid));
  for (const int pid : outer.worker_pids()) ::kill(pid, SIGKILL);
  for (const int pid : pids) CHECK(gone_soon(pid));
}

TEST_CASE("when the server of the workers dies, so do they, and the jobs are told") {
  hob::ProcessPoolExecutor pool(1);
  const int server = pool.submit([] { return static_cast<int>(::getppid()); }).result();
  const std::vector<int> workers = pool.worker_pids();
  const auto future = pool.submit([] {
    std::this_thread::sleep_for(1h);
    return 0;
  });
  ::kill(server, SIGKILL);
  CHECK(hob::describe(future.exception()) ==
        "BrokenProcessPool: the process that makes the workers ended unexpectedly");
  for (const int pid : workers) CHECK(gone_soon(pid));
  pool.shutdown();
  CHECK_FALSE(has_children());
}

TEST_CASE("without a thread for its manager a pool refuses the job, and is fine later") {
  hob::ProcessPoolExecutor pool(1);
  {
    const support::NoNewThreads none;
    CHECK_THROWS_WITH_AS(pool.submit(square, 2), "can't start new thread", hob::RuntimeError);
  }
  CHECK(pool.submit(square, 2).result() == 4);
}

TEST_CASE("at each limit of open files a job ends, and nothing is left") {
  const int before = open_descriptors();
  rlimit usual{};
  ::getrlimit(RLIMIT_NOFILE, &usual);
  int values = 0, errors = 0;
  for (rlim_t more = 0; more < 12; ++more) {
    CAPTURE(more);
    rlimit low = usual;
    low.rlim_cur = static_cast<rlim_t>(before) + more - 3;  // ".", ".." and the folder's own
    ::setrlimit(RLIMIT_NOFILE, &low);
    std::string text;
    try {
      hob::ProcessPoolExecutor pool(2);
      text = std::to_string(pool.submit(square, 2).result());
    } catch (...) {
      text = hob::describe(std::current_exception());
    }
    ::setrlimit(RLIMIT_NOFILE, &usual);
    const bool is_error = text.find("Too many open files") != std::string::npos;
    CAPTURE(text);
    CHECK((text == "4" || is_error));
    ++(is_error ? errors : values);
    CHECK_FALSE(has_children());
    CHECK(open_descriptors() == before);
  }
  CHECK(errors > 0);
  CHECK(values > 0);
}

// Sanitizers need memory and descriptors of their own, and end the process without.
#ifndef HOB_TEST_SLOWLY
TEST_CASE("a large value for which a process has no descriptor left is an error of its job") {
  const std::string why = "OSError: recvmsg: [Errno 24] Too many open files";
  const std::vector<int> large(kLarge, 1);
  hob::ProcessPoolExecutor pool(1);
  REQUIRE(pool.submit(square, 3).result() == 9);
  while (pool.worker_pids().empty()) std::this_thread::yield();

  const rlimit usual = allow_no_more_files(0);
  const std::string here =
      hob::describe(pool.submit([] { return std::vector<int>(kLarge); }).exception());
  set_limit(0, usual);
  CHECK(here == why);

  const int worker = pool.worker_pids().at(0);
  allow_no_more_files(worker);
  CHECK(hob::describe(pool.submit(size_of, large).exception()) == why);
  set_limit(worker, usual);
  CHECK(pool.submit(size_of, large).result() == kLarge);
}

TEST_CASE("a server of workers that has no descriptor left breaks the pool") {
  hob::ProcessPoolOptions options;
  options.max_tasks_per_child = 1;
  hob::ProcessPoolExecutor pool(1, std::move(options));
  allow_no_more_files(pool.submit([] { return static_cast<int>(::getppid()); }).result());
  const std::string text = hob::describe(pool.submit(square, 3).exception());
  CHECK(text ==
        "BrokenProcessPool: a worker cannot be started: OSError: fork: [Errno 24] Too "
        "many open files");
}

TEST_CASE("a result larger than memory is an error of that job alone, here and there") {
  hob::ProcessPoolExecutor pool(1);
  CHECK(pool.submit(square, 3).result() == 9);
  const auto there = pool.submit([] { return std::vector<char>(std::size_t(1) << 60); });
  CHECK_THROWS_AS(there.result(), std::bad_alloc);

  std::string gate = "/tmp/hob_gate_XXXXXX";
  ::close(::mkstemp(gate.data()));
  const auto here = pool.submit(
      [](const std::string& closed) {
        while (::access(closed.c_str(), F_OK) == 0) std::this_thread::sleep_for(1ms);
        return std::vector<char>(256u << 20);
      },
      gate);
  rlimit usual{};
  ::getrlimit(RLIMIT_AS, &usual);
  rlimit low = usual;
  low.rlim_cur = address_space() + (64u << 20);  // the worker has its own limit
  ::setrlimit(RLIMIT_AS, &low);
  ::unlink(gate.c_str());
  const std::string text = hob::describe(here.exception());
  ::setrlimit(RLIMIT_AS, &usual);
  CHECK(text == "OSError: mmap: [Errno 12] Cannot allocate memory");
  CHECK(pool.submit(square, 4).result() == 16);
}
#endif

TEST_CASE("jobs end exactly once while random workers are killed") {
  const int before = open_descriptors();
  std::mt19937 random(11);
  int submitted = 0, values = 0, broken = 0, pools = 0;
  std::atomic<int> endings = 0;
  while (submitted < kJobs) {
    ++pools;
    hob::ProcessPoolExecutor pool(3);
    std::atomic<bool> stop = false;
    const auto patience = std::chrono::milliseconds(1 + random() % 12);
    const unsigned choice = static_cast<unsigned>(random());
    std::thread killer([&] {
      while (!stop && pool.worker_pids().empty()) std::this_thread::yield();
      std::this_thread::sleep_for(patience);
      const std::vector<int> pids = pool.worker_pids();
      if (!pids.empty()) ::kill(pids[choice % pids.size()], SIGKILL);
    });
    std::vector<hob::concurrent::Future<int>> futures;
    try {
      for (int i = 0; i < 400 && submitted < kJobs; ++i) {
        futures.push_back(pool.submit(slow_square, i));
        ++submitted;
        futures.back().add_done_callback([&](const auto&) { ++endings; });
      }
    } catch (const hob::BrokenProcessPool&) {
    }
    for (std::size_t i = 0; i < futures.size(); ++i) {
      if (const auto error = futures[i].exception()) {
        CHECK(hob::type_name(error) == "BrokenProcessPool");
        ++broken;
      } else {
        CHECK(futures[i].result() == static_cast<int>(i * i));
        ++values;
      }
    }
    stop = true;
    killer.join();
    pool.shutdown();
  }
  CHECK(values + broken == submitted);
  CHECK(endings == submitted);
  CHECK(values > 0);
  CHECK(broken > 0);
  MESSAGE(submitted << " jobs in " << pools << " pools: " << values << " results, " << broken
                    << " broken");
  CHECK_FALSE(has_children());
  CHECK(open_descriptors() == before);
}

}  // namespace process_pool_faults_test
