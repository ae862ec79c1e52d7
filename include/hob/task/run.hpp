// SPDX-License-Identifier: MIT
// run, Runner: from ordinary code into coroutines and back.
#pragma once

#include <hob/loop/event_loop.hpp>
#include <hob/task/task.hpp>

#include <type_traits>
#include <utility>

namespace hob {

namespace detail {
/// Runs the loop until `future` is done. Throws RuntimeError when it was stopped first,
/// DeadlockError.
void run_until_done(EventLoop& loop, FutureBase& future, bool made_here);
}  // namespace detail

/// Runs coroutines one after the other on one loop, in one context, and shuts everything down at
/// the end: what `run` does once. SIGINT cancels the running main task; a second one throws
/// KeyboardInterrupt at once. Semantics of asyncio.Runner.
class Runner {
 public:
  explicit Runner(LoopOptions options = {}) : options_(options) {}
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  /// Closes. Errors of the shutdown go to the loop's exception handler.
  ~Runner();

  /// Runs `coro` to its end and gives its result or throws its exception. Throws RuntimeError
  /// inside a running loop, DeadlockError when nothing can ever complete it.
  template <class T>
  T run(Coro<T>&& coro) {
    begin();
    return run(std::move(coro), *context_);
  }
  /// The same in `context` instead of the runner's own.
  template <class T>
  T run(Coro<T>&& coro, const Context& context) {
    begin();
    Task<T> task = make_main(coro, context);
    run_main(task.base());
    if constexpr (std::is_void_v<T>) {
      task.result();
    } else {
      return static_cast<T>(std::move(detail::value_of<T>(*task.state()).get()));
    }
  }
  /// For what is awaited and no coroutine in C++: a sleep, a read, ...
  template <detail::PlainAwaitable A>
  auto run(A&& awaitable) {
    return run(detail::as_coroutine(std::forward<A>(awaitable)));
  }
  template <detail::PlainAwaitable A>
  auto run(A&& awaitable, const Context& context) {
    return run(detail::as_coroutine(std::forward<A>(awaitable)), context);
  }
  /// The loop, made at first use.
  EventLoop& get_loop();
  /// Cancels what is left and waits for it, closes async generators, shuts the default executor
  /// down, closes the loop. Idempotent.
  void close();

 private:
  template <class T>
  Task<T> make_main(Coro<T>& coro, const Context& context) {
    TaskOptions options;
    options.context = &context;
    return Task<T>(detail::make_task(get_loop(), coro, &options, {}));
  }
  void begin();
  void run_main(detail::TaskBase& task);

  LoopOptions options_;
  EventLoop* loop_ = nullptr;  // owned
  std::optional<Context> context_;
  bool closed_ = false;
};

/// Runs `main` to its end on a new loop, then cancels the tasks that are left, closes async
/// generators, shuts the default executor down, and closes the loop. Gives main's result, or throws
/// its exception. Behaviour of asyncio.run.
template <class T>
T run(Coro<T>&& main, LoopOptions options = {}) {
  Runner runner(options);
  if constexpr (std::is_void_v<T>) {
    runner.run(std::move(main));
    runner.close();
  } else {
    T result = runner.run(std::move(main));
    runner.close();
    return result;
  }
}

/// The same for what is awaited and no coroutine in C++: a sleep, a read, ... (Python 3.14).
template <detail::PlainAwaitable A>
auto run(A&& main, LoopOptions options = {}) {
  return run(detail::as_coroutine(std::forward<A>(main)), options);
}

template <class T>
T EventLoop::run_until_complete(Future<T> future) {
  detail::run_until_done(*this, *future.state(), false);
  return detail::FutureAwaiter<T, true>(std::move(future).state()).await_resume();
}

template <class T>
T EventLoop::run_until_complete(Coro<T>&& coro) {
  Task<T> task = create_task(std::move(coro));
  detail::run_until_done(*this, *task.state(), true);
  return detail::FutureAwaiter<T, true>(std::move(task).state()).await_resume();
}

template <class A>
auto EventLoop::run_until_complete(A&& awaitable) {
  if constexpr (kIsFuture<std::remove_cvref_t<A>>) {
    using T = typename std::remove_cvref_t<A>::value_type;
    return run_until_complete(Future<T>(std::forward<A>(awaitable)));
  } else {
    static_assert(detail::PlainAwaitable<A>,
                  "run_until_complete needs what can be awaited (a Coro moved, when it is a "
                  "variable)");
    return run_until_complete(detail::as_coroutine(std::forward<A>(awaitable)));
  }
}

}  // namespace hob
