// SPDX-License-Identifier: MIT
// Where the driver of a loop is chosen.
#include "loop/poller.hpp"

#include "sys/syscall.hpp"

#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>

namespace hob::detail {
namespace {

Driver from_environment() {
  const char* set = std::getenv("HOB_DRIVER");
  const std::string_view name = set ? set : "";
  return name == "sim" ? Driver::sim : name == "uring" ? Driver::uring : Driver::epoll;
}

// Once: a program with a loop on each core need not be told for each.
void say_why_not(const std::string& why) {
  static std::atomic<bool> said{false};
  if (said.exchange(true)) return;
  const std::string line = "hob: no io_uring, using epoll: " + why + "\n";
  sys::write_stderr(line.data(), line.size());
}

}  // namespace

Poller::Poller(Driver& driver) {
  if (driver == Driver::automatic) driver = from_environment();
  if (driver == Driver::uring) {
    auto uring = std::make_unique<UringPoller>();
    std::string why;
    if (uring->open(why)) {
      uring_ = std::move(uring);
      return;
    }
    say_why_not(why);
    driver = Driver::epoll;
  }
  epoll_.emplace();
}

}  // namespace hob::detail
