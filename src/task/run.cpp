// SPDX-License-Identifier: MIT
#include <hob/task/run.hpp>

#include "loop/loop_impl.hpp"
#include "sys/syscall.hpp"
#include "task/report.hpp"

#include <hob/core/error.hpp>
#include <hob/task/call_graph.hpp>
#include <hob/task/gather.hpp>

#include <string>

namespace hob {
namespace detail {
namespace {

// Stops the loop when the awaited future is done, one iteration later, as asyncio does.
class StopWhenDone final : public Callback {
 public:
  explicit StopWhenDone(EventLoop& loop) noexcept : loop_(loop) {}
  ~StopWhenDone() { detach(); }

 private:
  void on_done(FutureBase&) override { loop_.stop(); }
  void drop() noexcept override {}
  EventLoop& loop_;
};

[[noreturn]] void throw_deadlock(EventLoop& loop) {
  std::string text =
      "deadlock: the event loop is idle and nothing is pending that could wake it, but tasks "
      "remain:\n";
  for (const AnyTask& task : all_tasks(loop)) text += format_call_graph(task);
  throw DeadlockError(text);
}

}  // namespace

void run_until_done(EventLoop& loop, FutureBase& future, bool made_here) {
  if (loop.is_closed()) raise_runtime_error("Event loop is closed");
  if (&future.core() != &loop.core())
    raise_value_error("run_until_complete: the future belongs to another loop");
  if (made_here) static_cast<TaskBase&>(future).silence_destroy_report();
  StopWhenDone stop(loop);
  future.add_callback(stop);
  run_loop(loop, [&loop] { throw_deadlock(loop); });
  if (!future.done()) raise_runtime_error("Event loop stopped before Future completed.");
}

namespace {

void cancel_all_tasks(EventLoop& loop) {
  const std::vector<AnyTask> tasks = all_tasks(loop);
  if (tasks.empty()) return;
  std::vector<Future<>> futures;  // their results are nobody's business
  for (const AnyTask& task : tasks) {
    task.cancel();
    futures.emplace_back(Ref<FutureBase>(&task.base()));
  }
  loop.run_until_complete(gather(return_exceptions, futures));
  for (const AnyTask& task : tasks) {
    if (task.cancelled()) continue;
    if (std::exception_ptr error = task.base().exception()) {
      ExceptionContext context;
      context.message = "unhandled exception during asyncio.run() shutdown";
      context.exception = error;
      task.base().describe(context.future);
      report(task.base(), context);
    }
  }
}

// asyncio's THREAD_JOIN_TIMEOUT.
constexpr Duration kThreadJoinTimeout = Duration::nanoseconds(300'000'000'000);

// The main task of a Runner under SIGINT: the first one cancels it, the second leaves at once.
struct Interrupt {
  TaskBase& task;
  int count = 0;

  void operator()() {
    if (++count == 1 && !task.done()) {
      task.cancel({});
      return;
    }
    throw KeyboardInterrupt();
  }
};

}  // namespace
}  // namespace detail

EventLoop& Runner::get_loop() {
  begin();
  return *loop_;
}

void Runner::begin() {
  if (closed_) detail::raise_runtime_error("Runner is closed");
  if (detail::running_loop) {
    detail::raise_runtime_error(
        "run() cannot be called from a running event loop: co_await the coroutine instead");
  }
  if (loop_) return;
  loop_ = new EventLoop(options_);
  context_ = copy_context();
}

void Runner::run_main(detail::TaskBase& task) {
  detail::Interrupt interrupt{task};
  const bool handles_sigint = sys::is_main_thread() && sys::signal_is_default(sys::kSigInt);
  if (handles_sigint)
    loop_->impl().watch_internal_signal(sys::kSigInt, [&interrupt] { interrupt(); });
  struct Restore {
    EventLoop* loop;
    ~Restore() {
      if (loop) loop->remove_signal_handler(sys::kSigInt);
    }
  } const restore{handles_sigint ? loop_ : nullptr};
  detail::run_until_done(*loop_, task, true);
  if (interrupt.count > 0 && task.cancelled() && task.uncancel() == 0) throw KeyboardInterrupt();
  task.check_value();
}

void Runner::close() {
  if (closed_) return;
  closed_ = true;
  if (!loop_) return;
  struct Close {
    EventLoop& loop;
    ~Close() { loop.close(); }
  } const close{*loop_};
  detail::cancel_all_tasks(*loop_);
  loop_->run_until_complete(loop_->shutdown_asyncgens());
  if (detail::DefaultExecutor* executor = loop_->impl().default_executor)
    loop_->run_until_complete(executor->shut_down(detail::kThreadJoinTimeout));
}

Runner::~Runner() {
  try {
    close();
  } catch (...) {
    ExceptionContext context;
    context.message = "unhandled exception during asyncio.run() shutdown";
    context.exception = std::current_exception();
    loop_->call_exception_handler(context);
  }
  delete loop_;
}

}  // namespace hob
