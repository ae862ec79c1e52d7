// SPDX-License-Identifier: MIT
// Files on a loop with io_uring: no thread is started for them, and what waits can be stopped.
#include <hob/hob.hpp>

#include "support/child.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <filesystem>
#include <iterator>
#include <string>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Driver;

namespace uring_file_test {
namespace {

std::ptrdiff_t entries(const char* directory) {
  const std::filesystem::directory_iterator all(directory);
  return std::distance(begin(all), end(all));
}

template <class F>
void on_ring(F main) {
  hob::Runner runner({.driver = Driver::uring});
  if (runner.get_loop().driver() != Driver::uring) {
    MESSAGE("skipped: no io_uring here");
    return;
  }
  runner.run(main());
}

}  // namespace

TEST_CASE("files need no threads of ours") {
  // A child, because this process may have some already. Its threads are only those that run: those
  // with which the kernel serves a ring are named for it.
  const support::Ended ended = support::in_child([]() -> int {
    hob::Runner runner({.driver = Driver::uring});
    if (runner.get_loop().driver() != Driver::uring) return 77;
    int ours = 0;
    const auto main = [&]() -> Coro<> {
      char directory[] = "/tmp/hob-uring-test-XXXXXX";
      if (!::mkdtemp(directory)) co_return;
      const std::string name = std::string(directory) + "/file";
      co_await hob::write_file(name, "some text");
      hob::File file = co_await hob::open(name, "r+");
      co_await file.seek(0, 2);
      co_await file.write(", and more");
      co_await file.fsync();
      co_await file.close();
      co_await hob::rename(name, name + "2");
      const hob::StatResult status = co_await hob::stat(name + "2");
      const std::string text = co_await hob::read_file(name + "2");
      co_await hob::unlink(name + "2");
      co_await hob::mkdir(name);
      co_await hob::rmdir(name);
      co_await hob::rmdir(directory);
      if (text != "some text, and more" || status.size != 19) co_return;
      for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        const std::string comm = co_await hob::read_file((thread.path() / "comm").string());
        ours += comm.substr(0, 4) != "iou-";
      }
    };
    runner.run(main());
    return ours;
  });
  if (ended.code == 77) return;
  CHECK(ended.code == 1);
}

TEST_CASE("a read that waits for a pipe ends when it is cancelled, and takes nothing") {
  on_ring([]() -> Coro<> {
    char directory[] = "/tmp/hob-uring-test-XXXXXX";
    REQUIRE(::mkdtemp(directory));
    const std::string name = std::string(directory) + "/fifo";
    REQUIRE(::mkfifo(name.c_str(), 0600) == 0);
    const int out = ::open(name.c_str(), O_RDWR | O_CLOEXEC);
    hob::File file = co_await hob::open(name);
    const auto read = [&]() -> Coro<std::string> { co_return co_await file.read(5); };
    auto task = hob::create_task(read);
    co_await hob::sleep(1ms);
    CHECK_FALSE(task.done());
    task.cancel();
    const auto outcome = co_await hob::as_result(std::move(task));
    CHECK(outcome.cancelled());
    REQUIRE(::write(out, "bytes", 5) == 5);
    const std::string bytes = co_await file.read(5);
    CHECK(bytes == "bytes");
    co_await file.close();
    ::close(out);
    std::filesystem::remove_all(directory);
  });
}

TEST_CASE("an open that is cancelled leaves no descriptor") {
  const std::ptrdiff_t before = entries("/proc/self/fd");
  on_ring([]() -> Coro<> {
    const auto open = []() -> Coro<> { hob::File file = co_await hob::open("/proc/self/comm"); };
    for (int i = 0; i < 60; ++i) {
      auto task = hob::create_task(open);
      for (int turn = 0; turn < i % 6; ++turn) co_await hob::sleep(0s);
      task.cancel();
      const std::vector<hob::Task<>> waited(1, task);
      co_await hob::wait(waited);
    }
  });
  CHECK(entries("/proc/self/fd") == before);
}

}  // namespace uring_file_test
