// SPDX-License-Identifier: MIT
// Trial: one run of a scenario on a new loop, and what is found wrong with it: what it leaves
// behind above all. Attacks on it are in the classes that derive.
#pragma once

#include <hob/core/function.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

namespace hob::detail {
class BlockAudit;
}

namespace hob::testing {

class Trial {
 public:
  struct Rules {
    Driver driver = Driver::sim;
    std::uint64_t seed = 0;
    bool count_blocks = true;
    bool tasks_end_with_main = false;
    bool reports_are_problems = true;
  };
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  /// Runs it, on a loop of its own. Throws nothing that leaves the scenario.
  void go();
  /// Empty when all is well, else a line for each.
  const std::string& problems() const noexcept { return problems_; }

 protected:
  explicit Trial(const Rules& rules) noexcept : rules_(rules) {}
  ~Trial() = default;

  /// What is to run.
  virtual Coro<> main_coroutine() = 0;
  /// Around the run.
  virtual void begin(EventLoop& loop, const Task<>& main) = 0;
  virtual void end(EventLoop& loop) noexcept = 0;
  /// How it ended: null for well. Not called when it did not end.
  virtual void ended(std::exception_ptr error) = 0;
  /// The loop stopped before the end, or there could be no loop, because of `error`.
  virtual void broke_off(std::exception_ptr error) = 0;
  void problem(const std::string& text) { problems_ += "\n  - " + text; }

 private:
  void run_on(EventLoop& loop);
  void run_main(EventLoop& loop);
  void end_leftovers(EventLoop& loop);
  void check_loop(EventLoop& loop);
  void check_blocks(const detail::BlockAudit& audit);

  Rules rules_;
  std::string problems_;
};

}  // namespace hob::testing
