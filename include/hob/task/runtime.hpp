// SPDX-License-Identifier: MIT
// Runtime: several loops, each in a thread of its own: a program on many cores.
#pragma once

#include <hob/core/function.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/task_group.hpp>
#include <hob/task/threads.hpp>

#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob {

/// Loops in threads of their own, from its construction to `stop`. Tasks never move between them:
/// work is spread by where it is started, and what one loop has belongs to its thread. Any thread
/// may call what is not a coroutine; coroutines are awaited on any other loop, that of
/// `run(main())` for example. What they are given is moved to the loop's thread and destroyed
/// there. (asyncio has one loop; a Python program would start processes.)
class Runtime {
 public:
  /// Starts them; `loops` of 0 is one for each processor. Throws OSError, std::system_error.
  explicit Runtime(std::size_t loops = 0, LoopOptions options = {});
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  /// Stops, which blocks.
  ~Runtime();

  std::size_t size() const noexcept { return cores_.size(); }
  /// One of the loops. It exists as long as the Runtime, closed after `stop`.
  EventLoop& loop(std::size_t index) const;

  /// Runs the coroutine `fn(args...)` on one loop and gives its result: hob::on.
  template <class F, class... Args>
  auto on(std::size_t index, F fn, Args... args) const {
    return hob::on(loop(index), std::move(fn), std::move(args)...);
  }
  /// The same on the loop with the fewest coroutines that came by this way: to spread connections,
  /// for example.
  template <class F, class... Args>
  Coro<detail::RemoteResult<F, Args...>> on_any(F fn, Args... args) {
    const Load load(*this);
    co_return co_await hob::on(loop(load.index()), std::move(fn), std::move(args)...);
  }
  /// Runs `fn(args...)`, copies of them, on every loop at once, and waits for all: gives nothing,
  /// or a vector of the results in order of the loops. When one throws, the others are cancelled:
  /// an ExceptionGroup. A cancellation cancels all, and waits for what they make of it.
  template <class F, class... Args>
  auto each(F fn, Args... args) {
    using T = detail::RemoteResult<F, Args...>;
    return task_group(&Runtime::run_each<T, F, Args...>, this, std::move(fn), std::move(args)...);
  }

  /// Ends all loops as `run` does: cancels what is left on each, waits for it, closes them; then
  /// the threads are gone. Blocks; idempotent. Not from one of the loops: RuntimeError.
  void stop();
  /// The same, awaited: this loop goes on meanwhile. A cancellation leaves them stopping.
  Coro<> aclose();
  /// For async_with.
  Coro<> aenter() { co_return; }
  Coro<> aexit(std::exception_ptr) { return aclose(); }

 private:
  struct Core;
  /// Counts a coroutine for `on_any`.
  class Load {
   public:
    explicit Load(Runtime& runtime) noexcept;
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load();
    std::size_t index() const noexcept { return index_; }

   private:
    Runtime& runtime_;
    std::size_t index_;
  };

  template <class T, class F, class... Args>
  static auto run_each(TaskGroup& group, Runtime* runtime, F fn, Args... args)
      -> Coro<std::conditional_t<std::is_void_v<T>, void, std::vector<detail::NoneIfVoid<T>>>> {
    std::vector<Task<T>> tasks;
    for (std::size_t i = 0; i < runtime->size(); ++i)
      tasks.push_back(group.create_task(hob::on(runtime->loop(i), F(fn), Args(args)...)));
    if constexpr (std::is_void_v<T>) {
      for (Task<T>& task : tasks) co_await task;
    } else {
      std::vector<T> results;
      for (Task<T>& task : tasks) results.push_back(co_await std::move(task));
      co_return results;
    }
  }
  void request_stop();

  std::vector<Core*> cores_;  // owned
};

}  // namespace hob
