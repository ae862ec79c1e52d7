// SPDX-License-Identifier: MIT
// For the bug museum: a coroutine on every driver that this machine has, and what /proc says about
// descriptors and rings.
#pragma once

#include <hob/hob.hpp>

#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

namespace museum {

inline std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

/// The names in /proc/self/fd of the rings of this process.
inline std::vector<std::string> rings() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the directory's own descriptor
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (target == "anon_inode:[io_uring]") found.push_back(entry.path().filename().string());
  }
  return found;
}

/// Runs `main()` in real time, for at most 20 seconds. On `uring` only where there is one.
template <class F>
void on_driver(hob::Driver driver, F main) {
  hob::LoopOptions options;
  options.driver = driver;
  hob::Runner runner(options);
  if (runner.get_loop().driver() != driver) {
    MESSAGE("skipped: no io_uring here");
    return;
  }
  runner.run(hob::wait_for(main(), std::chrono::seconds(20)));
}

template <class F>
void on_ring(F main) {
  on_driver(hob::Driver::uring, main);
}

/// On epoll in virtual time, on epoll in real time, and on io_uring.
template <class F>
void on_every_driver(F main) {
  hob::testing::run_virtual(main());
  on_driver(hob::Driver::epoll, main);
  on_driver(hob::Driver::uring, main);
}

/// Enough turns, and in real time enough of that, for everything that has happened to be seen.
inline hob::Coro<> settle() {
  for (int i = 0; i < 5; ++i) co_await hob::sleep(hob::Duration());
  co_await hob::sleep(std::chrono::milliseconds(1));
}

}  // namespace museum
