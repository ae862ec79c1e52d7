// SPDX-License-Identifier: MIT
//
// read_file: in a thread of the loop's pool, and on io_uring.
#include <hob/hob.hpp>

#include "cases.hpp"

namespace {

template <hob::Driver kDriver>
struct On {
  static void read(bench::Run& run, const std::string& path, std::uint64_t times,
                   std::size_t expected) {
    std::size_t size = 0;
    const auto main = [&]() -> hob::Coro<> {
      const std::string warm = co_await hob::read_file("/dev/null");  // makes the thread
      std::string bytes;
      run.start();
      for (std::uint64_t i = 0; i < times; ++i) {
        bytes = co_await hob::read_file(path);
        size += bytes.size();
      }
      run.stop();
      bench::keep(bytes.back());
    };
    hob::run(main(), {.driver = kDriver});
    run.expect(size == expected, "every byte");
  }
  static void large(bench::Run& run) {
    const cases::TestFile file(run.count * cases::kMiB);
    read(run, file.path(), 1, run.count * cases::kMiB);
  }
  static void small(bench::Run& run) {
    const cases::TestFile file(cases::kSmall);
    read(run, file.path(), run.count, run.count * cases::kSmall);
  }
};
using Threads = On<hob::Driver::epoll>;
using Ring = On<hob::Driver::uring>;

std::vector<bench::Case> all_cases() {
  std::vector<bench::Case> all = {
      {"read_large", cases::kLargeMiB, Threads::large},
      {"read_small", cases::kSmallFiles, Threads::small},
  };
  if (hob::EventLoop({.driver = hob::Driver::uring}).driver() == hob::Driver::uring) {
    all.push_back({"read_large", cases::kLargeMiB, Ring::large, false, "hob-uring"});
    all.push_back({"read_small", cases::kSmallFiles, Ring::small, false, "hob-uring"});
  } else {
    std::fputs("hob-uring: no io_uring here\n", stderr);
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, "file", "hob", all_cases()); }
