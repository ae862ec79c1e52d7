// SPDX-License-Identifier: MIT
#include <hob/testing/cancel_everywhere.hpp>

#include "task/report.hpp"
#include "testing/trial.hpp"

#include <hob/core/error.hpp>
#include <hob/task/run.hpp>
#include <hob/task/timeout.hpp>

#include <optional>
#include <string>

namespace hob::testing {
namespace {

using detail::TaskBase;

enum class Attack { none, cancel, cancel_twice, cancel_later, time_out };

const char* name_of(Attack attack) {
  switch (attack) {
    case Attack::none:
      return "not cancelled";
    case Attack::cancel:
      return "cancelled";
    case Attack::cancel_twice:
      return "cancelled twice, first";
    case Attack::cancel_later:
      return "cancelled one iteration after being";
    case Attack::time_out:
      return "timed out";
  }
  return "";
}

Trial::Rules rules_of(const CancelOptions& options) {
  Trial::Rules rules;
  rules.seed = options.seed;
  rules.count_blocks = options.count_blocks;
  rules.tasks_end_with_main = options.tasks_end_with_main;
  return rules;
}

// One run of the scenario, cancelled at one place.
class Run final : public Trial {
 public:
  Run(Function<Coro<>()>& scenario, const CancelOptions& options, Attack attack, std::size_t at)
      : Trial(rules_of(options)),
        scenario_(scenario),
        options_(options),
        attack_(attack),
        at_(at) {}

  std::size_t suspensions() const noexcept { return suspensions_; }
  const std::string& where() const noexcept { return where_; }
  /// What left the scenario when nobody cancelled it.
  std::exception_ptr error;

 private:
  Coro<> main_coroutine() override {
    return attack_ == Attack::time_out ? with_timeout(this) : scenario_();
  }
  void begin(EventLoop& loop, const Task<>& main) override;
  void end(EventLoop& loop) noexcept override;
  void ended(std::exception_ptr outcome) override;
  void broke_off(std::exception_ptr reason) override;

  static void on_step(TaskBase& task);
  void suspended(TaskBase& task);
  void strike();
  static Coro<> with_timeout(Run* run);

  static thread_local Run* current;
  Function<Coro<>()>& scenario_;
  const CancelOptions& options_;
  Attack attack_;
  std::size_t at_;
  std::size_t suspensions_ = 0;
  std::optional<AnyTask> main_;
  Timeout* timeout_ = nullptr;
  std::string where_;
};

thread_local Run* Run::current = nullptr;

void Run::on_step(TaskBase& task) {
  if (current && !task.done()) current->suspended(task);
}

void Run::suspended(TaskBase& task) {
  ++suspensions_;
  if (suspensions_ > options_.suspensions_max) task.loop()->stop();
  if (suspensions_ == at_) {
    where_ = detail::format_location(task.leaf()->location);
    if (const detail::WaitKind* kind = task.wait_kind())
      where_ += std::string(", for ") + kind->name;
    if (!(*main_ == AnyTask(detail::Ref<TaskBase>(&task)))) where_ += ", in " + task.get_name();
    strike();
  } else if (attack_ == Attack::cancel_twice && suspensions_ == at_ + 1) {
    strike();
  }
}

void Run::strike() {
  switch (attack_) {
    case Attack::none:
      break;
    case Attack::cancel:
    case Attack::cancel_twice:
      main_->cancel();
      break;
    case Attack::cancel_later:
      main_->base().loop()->call_soon([main = *main_] { main.cancel(); });
      break;
    case Attack::time_out:
      if (timeout_) timeout_->reschedule(Duration());
      break;
  }
}

Coro<> Run::with_timeout(Run* run) {
  struct Body {
    static Coro<> go(Timeout& scope, Run* r) {
      struct Known {
        Run* run;
        Known(Run* r_, Timeout& t) : run(r_) { run->timeout_ = &t; }
        ~Known() { run->timeout_ = nullptr; }
      } const known(r, scope);
      co_await r->scenario_();
    }
  };
  co_await timeout_at(Duration::forever(), &Body::go, run);
}

void Run::begin(EventLoop& loop, const Task<>& main) {
  main_.emplace(detail::Ref<TaskBase>(&main.base()));
  loop.core().on_step = &Run::on_step;
  current = this;
}

void Run::end(EventLoop& loop) noexcept {
  loop.core().on_step = nullptr;
  current = nullptr;
  main_.reset();
}

void Run::ended(std::exception_ptr outcome) {
  if (!outcome) return;
  if (attack_ == Attack::none) {
    error = std::move(outcome);
    return;
  }
  if (options_.may_throw) return;
  const std::string type = type_name(outcome);
  if (type == (attack_ == Attack::time_out ? "TimeoutError" : "CancelledError")) return;
  problem("the scenario threw " + describe(outcome));
}

void Run::broke_off(std::exception_ptr reason) {
  problem(suspensions_ > options_.suspensions_max
              ? "no end after " + std::to_string(options_.suspensions_max) + " suspensions"
              : "the loop was stopped: " + describe(reason));
}

}  // namespace

std::size_t cancel_everywhere(Function<Coro<>()> scenario, const CancelOptions& options) {
  if (detail::running_loop) {
    detail::raise_runtime_error("cancel_everywhere cannot be called from a running event loop");
  }
  const auto run = [&](Attack attack, std::size_t at, std::size_t of) {
    Run one(scenario, options, attack, at);
    one.go();
    if (one.error) std::rethrow_exception(one.error);
    if (!one.problems().empty()) {
      std::string text = std::string("cancel_everywhere: ") + name_of(attack);
      if (at != 0) text += " at suspension " + std::to_string(at) + " of " + std::to_string(of);
      if (!one.where().empty()) text += " (" + one.where() + ")";
      throw CancelFailure(text + ":" + one.problems());
    }
    return one.suspensions();
  };
  const std::size_t count = run(Attack::none, 0, 0);
  for (std::size_t at = 1; at <= count; ++at) {
    run(Attack::cancel, at, count);
    if (options.twice) run(Attack::cancel_twice, at, count);
    if (options.later) run(Attack::cancel_later, at, count);
    if (options.timeouts) run(Attack::time_out, at, count);
  }
  return count;
}

}  // namespace hob::testing
