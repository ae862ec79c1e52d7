// SPDX-License-Identifier: MIT
#include <hob/testing/cancel_everywhere.hpp>

#include "core/block_audit.hpp"
#include "loop/loop_impl.hpp"
#include "task/report.hpp"

#include <hob/core/error.hpp>
#include <hob/loop/exception_context.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/run.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/timeout.hpp>

#include <filesystem>
#include <iterator>
#include <map>
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

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// One run of the scenario, and what is found wrong with it.
class Run {
 public:
  Run(Function<Coro<>()>& scenario, const CancelOptions& options, Attack attack, std::size_t at)
      : scenario_(scenario), options_(options), attack_(attack), at_(at) {}

  void go();
  std::size_t suspensions() const noexcept { return suspensions_; }
  /// Empty when all is well.
  const std::string& problems() const noexcept { return problems_; }
  const std::string& where() const noexcept { return where_; }
  /// What left the scenario when nobody cancelled it.
  std::exception_ptr error;

 private:
  static void on_step(TaskBase& task);
  void suspended(TaskBase& task);
  void strike();
  void run_on(EventLoop& loop);
  void run_main(EventLoop& loop);
  void end_leftovers(EventLoop& loop);
  void check_outcome(const std::exception_ptr& outcome);
  void check_loop(EventLoop& loop);
  void check_blocks(const detail::BlockAudit& audit);
  void problem(const std::string& text) { problems_ += "\n  - " + text; }
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
  std::string problems_;
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

void Run::go() {
  const std::size_t descriptors = open_descriptors();
  std::optional<detail::BlockAudit> audit;
  if (options_.count_blocks) audit.emplace();
  {
    LoopOptions loop_options;
    loop_options.driver = Driver::sim;
    loop_options.shuffle_seed = options_.seed;
    loop_options.debug = true;  // steps go through the hook
    EventLoop loop(loop_options);
    loop.set_slow_callback_duration(Duration::forever());
    loop.set_exception_handler([this](EventLoop&, const ExceptionContext& context) {
      problem("reported: " + context.message + " " + context.future +
              (context.exception ? " " + describe(context.exception) : ""));
    });
    run_on(loop);
  }
  if (audit) check_blocks(*audit);
  if (const std::size_t now = open_descriptors(); now != descriptors) {
    problem("file descriptors: " + std::to_string(now) + " are open, " +
            std::to_string(descriptors) + " were at the start");
  }
}

void Run::run_on(EventLoop& loop) {
  run_main(loop);
  try {
    end_leftovers(loop);
    check_loop(loop);
  } catch (const std::exception& e) {
    problem(std::string("the rest could not be ended: ") + e.what());
  }
}

void Run::run_main(EventLoop& loop) {
  struct Hooked {
    detail::LoopCore& core;
    Hooked(detail::LoopCore& c, Run* run) : core(c) {
      core.on_step = &Run::on_step;
      current = run;
    }
    ~Hooked() {
      core.on_step = nullptr;
      current = nullptr;
    }
  };
  const Task<> main =
      loop.create_task(attack_ == Attack::time_out ? with_timeout(this) : scenario_());
  main.base().silence_destroy_report();
  main_.emplace(detail::Ref<TaskBase>(&main.base()));
  try {
    const Hooked hooked(loop.core(), this);
    loop.run_until_complete(Future<>(main));
  } catch (const DeadlockError& e) {
    problem(e.what());
  } catch (...) {
    if (!main.done()) {
      problem(suspensions_ > options_.suspensions_max
                  ? "no end after " + std::to_string(options_.suspensions_max) + " suspensions"
                  : "the loop was stopped: " + describe(std::current_exception()));
    } else if (attack_ == Attack::none) {
      error = std::current_exception();
    } else {
      check_outcome(std::current_exception());
    }
  }
  main_.reset();
}

void Run::check_outcome(const std::exception_ptr& outcome) {
  if (options_.may_throw) return;
  const std::string type = type_name(outcome);
  if (type == (attack_ == Attack::time_out ? "TimeoutError" : "CancelledError")) return;
  problem("the scenario threw " + describe(outcome));
}

Coro<> wait_for_end(std::vector<AnyTask> tasks) {
  for (const AnyTask& task : tasks) {
    const Future<> future{detail::Ref<detail::FutureBase>(&task.base())};
    while (!future.done()) co_await as_result(future);
    if (!task.cancelled()) future.exception();
  }
}

Coro<> two_iterations() {
  co_await sleep(Duration());
  co_await sleep(Duration());
}

// What `run` does after main, and a moment for callbacks to run.
void Run::end_leftovers(EventLoop& loop) {
  std::vector<AnyTask> tasks = all_tasks(loop);
  if (options_.tasks_end_with_main) {
    for (const AnyTask& task : tasks) problem("a task is left: " + task.repr());
  }
  for (const AnyTask& task : tasks) task.cancel();
  loop.run_until_complete(wait_for_end(std::move(tasks)));
  loop.run_until_complete(loop.shutdown_asyncgens());
  loop.run_until_complete(two_iterations());
}

void Run::check_loop(EventLoop& loop) {
  detail::LoopImpl& impl = loop.impl();
  for (const AnyTask& task : all_tasks(loop)) problem("a task is left: " + task.repr());
  if (!impl.timers.empty()) problem("a timer is left");
  if (!impl.core.ready.empty()) problem("a callback is left that schedules itself again");
  if (impl.poller.watches() != 0) problem("a reader or writer is left");
  if (impl.user_signals() != 0) problem("a signal handler is left");
  if (impl.remote_work.load() != 0) problem("work in another thread is left");
}

void Run::check_blocks(const detail::BlockAudit& audit) {
  std::map<std::size_t, std::size_t> by_size;
  for (const detail::BlockAudit::Block& block : audit.live()) ++by_size[block.size];
  if (by_size.empty()) return;
  std::string text = "frames, tasks, futures or handles are still alive:";
  for (const auto& [size, count] : by_size) {
    text += " " + std::to_string(count) + " of " + std::to_string(size) + " bytes";
  }
  problem(text);
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
