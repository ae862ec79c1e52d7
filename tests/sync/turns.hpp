// SPDX-License-Identifier: MIT
// For the tests of sync: let the loop go round, and keep a log of who came when.
#pragma once

#include <hob/task/coro.hpp>
#include <hob/task/sleep.hpp>

#include <string>

namespace sync_tests {

/// Lets every ready task run `n` times.
inline hob::Coro<> turns(int n) {
  for (int i = 0; i < n; ++i) co_await hob::sleep(hob::Duration());
}

/// Words in order: "a b c".
class Words {
 public:
  void operator()(const std::string& word) { text_ += (text_.empty() ? "" : " ") + word; }
  /// What was said since the last call.
  std::string take() { return std::exchange(text_, {}); }

 private:
  std::string text_;
};

}  // namespace sync_tests
