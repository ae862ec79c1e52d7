// SPDX-License-Identifier: MIT
#include <hob/testing/fail_everywhere.hpp>

#include "testing/fault_table.hpp"
#include "testing/trial.hpp"

#include <hob/core/error.hpp>
#include <hob/net/resolver.hpp>
#include <hob/task/timeout.hpp>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace hob::testing {
namespace {

constexpr std::size_t kPassingTimes = 5;

Trial::Rules rules_of(const FaultOptions& options) {
  Trial::Rules rules;
  rules.driver = options.virtual_time ? Driver::sim : Driver::automatic;
  rules.count_blocks = options.count_blocks;
  rules.reports_are_problems = false;
  return rules;
}

std::string text_of(const FaultRow& row, const Fault& fault) {
  std::string text = fault.error == 0 ? "one byte from " : "";
  text += std::string(row.name) + " number " + std::to_string(fault.nth);
  if (fault.stays) text += " and those after it";
  if (fault.error == 0) return text;
  return text + " failing with " + std::to_string(fault.error) + " (" +
         std::generic_category().message(fault.error) + ")";
}

/// The code of an OSError or a GaiError.
int code_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const OSError& e) {
    return e.code();
  } catch (...) {
    return 0;
  }
}

class FaultTrial final : public Trial {
 public:
  FaultTrial(Function<Coro<>()>& scenario, FaultOptions& options, std::optional<Fault> fault)
      : Trial(rules_of(options)), scenario_(scenario), options_(options), fault_(fault) {}

  /// What left the scenario when nothing failed.
  std::exception_ptr error;

 private:
  Coro<> main_coroutine() override { return within(this); }
  static Coro<> within(FaultTrial* self) {
    struct Body {
      static Coro<> go(FaultTrial* trial) { co_await trial->scenario_(); }
    };
    co_await timeout(self->options_.limit, &Body::go, self);
  }
  void begin(EventLoop&, const Task<>&) override {}
  void end(EventLoop&) noexcept override {}

  void ended(std::exception_ptr outcome) override {
    if (!outcome) return;
    if (!fault_) {
      error = std::move(outcome);
    } else if (type_name(outcome) == "TimeoutError") {
      problem("no end after " + std::to_string(options_.limit.seconds()) + " s");
    } else if (!allowed(outcome)) {
      problem("the scenario threw " + describe(outcome));
    }
  }
  void broke_off(std::exception_ptr reason) override {
    if (!fault_ || !allowed(reason)) problem("broken off: " + describe(reason));
  }
  bool allowed(const std::exception_ptr& outcome) {
    if (options_.may_throw) return options_.may_throw(*fault_, outcome);
    return fault_->error != 0 && fault_->error != EINTR && code_of(outcome) == fault_->error;
  }

  Function<Coro<>()>& scenario_;
  FaultOptions& options_;
  std::optional<Fault> fault_;
};

class Everywhere {
 public:
  Everywhere(Function<Coro<>()>& scenario, FaultOptions& options) noexcept
      : scenario_(scenario), options_(options) {}

  void count_calls() {
    const Faults faults;
    FaultTrial plain(scenario_, options_, {});
    plain.go();
    if (plain.error) std::rethrow_exception(plain.error);
    if (!plain.problems().empty())
      throw FaultFailure("fail_everywhere: nothing failing:" + plain.problems());
    for (const FaultRow& row : fault_table()) counts_.push_back(faults.calls(row.call));
  }
  std::size_t fail_all() {
    std::size_t at = 0;
    for (const FaultRow& row : fault_table()) {
      const std::size_t calls = std::min(counts_[at++], options_.calls_max);
      for (std::size_t nth = 1; nth <= calls; ++nth) {
        for (const int error : row.errors) both(row, error, nth);
        if (row.counts) both(row, 0, nth);
      }
    }
    return runs_;
  }

 private:
  void both(const FaultRow& row, int error, std::size_t nth) {
    one(row, {row.call, error, nth, false});
    one(row, {row.call, error, nth, true});
  }
  void one(const FaultRow& row, const Fault& fault) {
    if (options_.only && !options_.only(fault)) return;
    Faults faults;
    std::size_t times = fault.stays ? Faults::kAlways : 1;
    if (fault.stays && fault.error != 0 && is_passing(fault.call, fault.error))
      times = kPassingTimes;
    if (fault.error == 0) {
      faults.shorten(fault.call, 1, fault.nth, times);
    } else {
      faults.fail(fault.call, fault.error, fault.nth, times);
    }
    FaultTrial trial(scenario_, options_, fault);
    trial.go();
    if (faults.injected() != 0) ++runs_;
    if (trial.problems().empty()) return;
    throw FaultFailure("fail_everywhere: " + text_of(row, fault) + ":" + trial.problems());
  }

  Function<Coro<>()>& scenario_;
  FaultOptions& options_;
  std::vector<std::size_t> counts_;
  std::size_t runs_ = 0;
};

}  // namespace

std::size_t fail_everywhere(Function<Coro<>()> scenario, FaultOptions options) {
  if (detail::running_loop)
    detail::raise_runtime_error("fail_everywhere cannot be called from a running event loop");
  Everywhere everywhere(scenario, options);
  everywhere.count_calls();
  return everywhere.fail_all();
}

}  // namespace hob::testing
