// SPDX-License-Identifier: MIT
// task_group: tasks that never outlive the block that made them.
#pragma once

#include <hob/core/invoke.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/task.hpp>
#include <hob/task/this_task.hpp>

#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob {

/// Makes tasks that belong to a `task_group` block. The first child that fails cancels the others
/// and the body. Semantics of asyncio.TaskGroup.
class TaskGroup {
 public:
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  /// Starts a child. Allowed while the block runs, and from its children while any is left. Throws
  /// RuntimeError (and drops the coroutine) once the group is shutting down or finished.
  template <class T>
  Task<T> create_task(Coro<T>&& coro, const TaskOptions& options = {}) {
    check_open(coro);
    NewChild child(*this);
    Task<T> task = hob::create_task(std::move(coro), options);
    child.attach(task.base());
    return task;
  }
  /// For what is awaited and no coroutine in C++: a sleep, a read, ...
  template <detail::PlainAwaitable A>
  auto create_task(A&& awaitable, const TaskOptions& options = {}) {
    return create_task(detail::as_coroutine(std::forward<A>(awaitable)), options);
  }
  /// Starts `fn(args...)`; callable and arguments live as long as the child.
  template <class F, class... Args>
    requires std::is_invocable_v<std::decay_t<F>&, std::decay_t<Args>...>
  auto create_task(F&& fn, Args&&... args) {
    check_open();
    NewChild child(*this);
    auto task = hob::create_task(std::forward<F>(fn), std::forward<Args>(args)...);
    child.attach(task.base());
    return task;
  }
  /// The same with options, for a callable without arguments.
  template <class F>
    requires std::is_invocable_v<std::decay_t<F>&>
  auto create_task(F&& fn, const TaskOptions& options) {
    check_open();
    NewChild child(*this);
    auto task = hob::create_task(std::forward<F>(fn), options);
    child.attach(task.base());
    return task;
  }

  /// Ends the group early, without an error: cancels the children and the body. The block then
  /// gives what the body gave, or nothing; a body with a result that was interrupted has none:
  /// InvalidStateError. Errors of children, and a cancellation from outside, leave the block as
  /// ever. From the body, a child or elsewhere on the loop; idempotent. Behaviour of CPython 3.15.
  void cancel() noexcept;

  /// For to_thread: the innermost group that `task` is in, as its child or in its block; or null.
  static TaskGroup* around(detail::TaskBase& task) noexcept;
  /// For to_thread: runs `coro` as a task that the block waits for, even while it is ending.
  void adopt(Coro<>&& coro);

  /// For task_group.
  explicit TaskGroup(detail::TaskBase& parent) noexcept;
  Coro<> exit(std::exception_ptr body_error);

 private:
  class Child;
  /// The bookkeeping of a child, made before the child: a task never starts without it.
  class NewChild {
   public:
    explicit NewChild(TaskGroup& group);
    NewChild(const NewChild&) = delete;
    NewChild& operator=(const NewChild&) = delete;
    ~NewChild();
    void attach(detail::TaskBase& task) noexcept;

   private:
    Child* child_;
  };
  template <class T>
  void check_open(Coro<T>& coro) {
    if (const char* why = why_closed()) {
      coro.close();
      detail::raise_runtime_error(why);
    }
  }
  void check_open() const {
    if (const char* why = why_closed()) detail::raise_runtime_error(why);
  }
  const char* why_closed() const noexcept;
  void abort() noexcept;
  void child_done(detail::TaskBase& task);

  detail::TaskBase& parent_;
  TaskGroup* older_;  // of the groups in this thread, for `around`
  TaskGroup* newer_ = nullptr;
  unsigned cancelling_before_;
  detail::LinkList children_;  // not done, in order of creation
  std::vector<std::exception_ptr> errors_;
  std::exception_ptr base_error_;  // KeyboardInterrupt: leaves alone and first
  detail::Signal* all_done_ = nullptr;
  bool exiting_ = false;
  bool aborting_ = false;
  bool parent_cancel_requested_ = false;
};

namespace detail {

template <class R, class F, class... Args>
Coro<R> run_task_group(F fn, Args... args) {
  TaskGroup group(co_await ThisTask());
  Result<R> result = co_await as_result(detail::invoke(fn, group, std::move(args)...));
  co_await group.exit(result.exception());
  if constexpr (!std::is_void_v<R>) {
    if (!result) raise_invalid_state("the task group was cancelled before its body had a result");
    co_return std::move(result).value();
  }
}

}  // namespace detail

/// Runs `body(group, args...)` and waits for every task made with `group.create_task`. Gives what
/// the body gives. If the body or a child fails, the rest is cancelled, and once all have ended an
/// ExceptionGroup
/// ("unhandled errors in a TaskGroup") is thrown.
/// A cancellation from outside cancels the children and is passed on when no error takes
/// precedence. The body is stored until the end: lambdas with captures are safe. Behaviour of
/// `async with asyncio.TaskGroup()`.
template <class F, class... Args>
auto task_group(F body, Args... args) {
  using C = std::invoke_result_t<F&, TaskGroup&, Args...>;
  using R = typename detail::CoroResult<C>::Type;
  return detail::run_task_group<R>(std::move(body), std::move(args)...);
}

}  // namespace hob
