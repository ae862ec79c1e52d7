// SPDX-License-Identifier: MIT
// Test support: runs a coroutine in virtual time, and keeps a log of what happened when.
#pragma once

#include <hob/core/error.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/task/run.hpp>

#include <string>
#include <utility>
#include <vector>

namespace support {

template <class T>
T run_sim(hob::Coro<T>&& main) {
  return hob::run(std::move(main), {.driver = hob::Driver::sim});
}

/// Whole seconds of virtual time.
inline int now() { return static_cast<int>(hob::get_running_loop().time().seconds()); }

/// `1: a` for an event at one second.
class Log {
 public:
  void operator()(const std::string& what) {
    lines_.push_back(std::to_string(now()) + ": " + what);
  }
  std::string text() const {
    std::string all;
    for (const std::string& line : lines_) all += (all.empty() ? "" : ", ") + line;
    return all;
  }

 private:
  std::vector<std::string> lines_;
};

/// The name of the exception that awaiting `outcome` would throw; "" for a value.
template <class R>
std::string error_name(const R& outcome) {
  return hob::type_name(outcome.exception());
}

}  // namespace support
