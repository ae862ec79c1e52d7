// SPDX-License-Identifier: MIT
#include "testing/trial.hpp"

#include "core/block_audit.hpp"
#include "loop/loop_impl.hpp"

#include <hob/core/error.hpp>
#include <hob/loop/exception_context.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/run.hpp>
#include <hob/task/sleep.hpp>

#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <vector>

namespace hob::testing {
namespace {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
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

}  // namespace

void Trial::go() {
  const std::size_t descriptors = open_descriptors();
  std::optional<detail::BlockAudit> audit;
  if (rules_.count_blocks) audit.emplace();
  try {
    LoopOptions options;
    options.driver = rules_.driver;
    options.shuffle_seed = rules_.seed;
    options.debug = true;  // steps go through the hook
    EventLoop loop(options);
    loop.set_slow_callback_duration(Duration::forever());
    loop.set_exception_handler([this](EventLoop&, const ExceptionContext& context) {
      if (!rules_.reports_are_problems) return;
      problem("reported: " + context.message + " " + context.future +
              (context.exception ? " " + describe(context.exception) : ""));
    });
    run_on(loop);
  } catch (...) {
    broke_off(std::current_exception());
  }
  if (audit) check_blocks(*audit);
  if (const std::size_t now = open_descriptors(); now != descriptors) {
    problem("file descriptors: " + std::to_string(now) + " are open, " +
            std::to_string(descriptors) + " were at the start");
  }
}

void Trial::run_on(EventLoop& loop) {
  run_main(loop);
  try {
    end_leftovers(loop);
    check_loop(loop);
  } catch (const std::exception& e) {
    problem(std::string("the rest could not be ended: ") + e.what());
  }
}

void Trial::run_main(EventLoop& loop) {
  struct Running {
    Trial& trial;
    EventLoop& loop;
    ~Running() { trial.end(loop); }
  };
  const Task<> main = loop.create_task(main_coroutine());
  main.base().silence_destroy_report();
  begin(loop, main);
  std::exception_ptr error;
  try {
    const Running running{*this, loop};
    loop.run_until_complete(Future<>(main));
  } catch (const DeadlockError& e) {
    return problem(e.what());
  } catch (...) {
    error = std::current_exception();
  }
  main.done() ? ended(error) : broke_off(error);
}

// What `run` does after main, and a moment for callbacks to run.
void Trial::end_leftovers(EventLoop& loop) {
  std::vector<AnyTask> tasks = all_tasks(loop);
  if (rules_.tasks_end_with_main) {
    for (const AnyTask& task : tasks) problem("a task is left: " + task.repr());
  }
  for (const AnyTask& task : tasks) task.cancel();
  loop.run_until_complete(wait_for_end(std::move(tasks)));
  loop.run_until_complete(loop.shutdown_asyncgens());
  loop.run_until_complete(two_iterations());
}

void Trial::check_loop(EventLoop& loop) {
  detail::LoopImpl& impl = loop.impl();
  for (const AnyTask& task : all_tasks(loop)) problem("a task is left: " + task.repr());
  if (!impl.timers.empty()) problem("a timer is left");
  if (!impl.core.ready.empty()) problem("a callback is left that schedules itself again");
  if (impl.poller.watches() != 0) problem("a reader or writer is left");
  if (impl.user_signals() != 0) problem("a signal handler is left");
  if (impl.remote_work.load() != 0) problem("work in another thread is left");
}

void Trial::check_blocks(const detail::BlockAudit& audit) {
  std::map<std::size_t, std::size_t> by_size;
  for (const detail::BlockAudit::Block& block : audit.live()) ++by_size[block.size];
  if (by_size.empty()) return;
  std::string text = "frames, tasks, futures or handles are still alive:";
  for (const auto& [size, count] : by_size) {
    text += " " + std::to_string(count) + " of " + std::to_string(size) + " bytes";
  }
  problem(text);
}

}  // namespace hob::testing
