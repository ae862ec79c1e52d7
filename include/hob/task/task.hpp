// SPDX-License-Identifier: MIT
// Task<T>: a coroutine that the loop runs on its own; create_task starts one.
#pragma once

#include <hob/core/invoke.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/future.hpp>
#include <hob/task/plain_awaitable.hpp>
#include <hob/task/task_base.hpp>

#include <optional>
#include <source_location>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob {

namespace detail {

template <class T>
void TaskState<T>::complete(PromiseBase& root) {
  auto& promise = static_cast<CoroPromise<T>&>(root);
  if (promise.error) [[unlikely]]
    return complete_error(root, promise.error.take());
  if (take_must_cancel()) [[unlikely]] {
    finish_cancelled(cancel_message());
  } else {
    if constexpr (!std::is_void_v<T>) {
      try {
        value.emplace(std::move(promise.value.get()));
      } catch (...) {
        return complete_error(root, std::current_exception());
      }
    }
    finish_value();
  }
  conclude(root);
}

template <class T>
struct CoroResult {
  static_assert(kIsCoro<T>, "the function must return a hob::Coro: write `-> hob::Coro<>`");
};
template <class T>
struct CoroResult<Coro<T>> {
  using Type = T;
};

/// Throws RuntimeError when the loop cannot take a task now.
void check_can_start(EventLoop& loop);

/// `options` null: none.
template <class T>
Ref<FutureBase> make_task(EventLoop& loop, Coro<T>& coro, const TaskOptions* options,
                          std::source_location from) {
  LoopCore& core = loop.core();
  if (core.closed) [[unlikely]]
    check_can_start(loop);
  TaskOptions changed;
  if (core.has_task_factory) [[unlikely]] {
    changed = TaskBase::ask_task_factory(loop, options);
    options = &changed;
  }
  const bool plain = !options && current_context_is_blank();
  auto* state = new TaskState<T>(core, TaskBase::next_number(core), from);
  auto task = Ref<FutureBase>::adopt(state);
  state->begin(coro.release());
  if (!plain) [[unlikely]]
    state->apply(options ? *options : TaskOptions());
  return task;
}

/// A task that owns the callable and the arguments of its coroutine, as std::thread does, until it
/// is done.
template <class T, class F, class... Args>
class BoundTask final : public TaskState<T> {
 public:
  template <class G, class... Bs>
  BoundTask(EventLoop& loop, std::source_location from, G&& fn, Bs&&... args)
      : TaskState<T>(loop.core(), TaskBase::next_number(loop.core()), from),
        call_(std::in_place, std::forward<G>(fn), std::forward<Bs>(args)...) {}
  CoroPromise<T>& call() {
    return std::apply(
        [](F& fn, Args&... args) -> CoroPromise<T>& {
          return static_cast<Coro<T>&&>(detail::invoke(fn, std::move(args)...)).release();
        },
        *call_);
  }

 protected:
  void complete(PromiseBase& root) override {
    const Ref<FutureBase> alive(this);
    struct Drop {
      BoundTask& task;
      ~Drop() { task.call_.reset(); }
    } const drop{*this};
    TaskState<T>::complete(root);
  }

 private:
  std::optional<std::tuple<F, Args...>> call_;
};

}  // namespace detail

/// What is known of a task's coroutine: its function's name, and where that function stands.
struct CoroutineInfo {
  std::string name;
  std::source_location location;
};

/// A coroutine that runs on its own, as a future of its result. The loop keeps it alive until it
/// ends (the "save a reference" trap of asyncio does not exist). Semantics of asyncio.Task.
template <class T>
class Task : public Future<T> {
 public:
  using Future<T>::Future;
  Task() noexcept = default;

  /// Asks the task to stop: CancelledError is thrown at its suspension point (at the next one, when
  /// it is running), which may be caught for clean-up, or even ignored. Gives false when the task
  /// is done.
  bool cancel() const { return this->state_->cancel({}); }
  bool cancel(Text message) const { return this->state_->cancel(detail::Message::make(message)); }
  /// How many cancellations were requested and not taken back.
  unsigned cancelling() const noexcept { return base().cancelling(); }
  /// Takes one cancellation back; gives how many remain. At 0 a cancellation not yet thrown is
  /// dropped.
  unsigned uncancel() const noexcept { return base().uncancel(); }

  std::string get_name() const { return base().get_name(); }
  void set_name(Text name) const { base().set_name(name); }
  /// The coroutine that it runs (asyncio gives the object; this its name and place); nothing when
  /// done.
  std::optional<CoroutineInfo> get_coro() const;
  /// The context that it runs in.
  Context get_context() const;
  /// Where it is suspended, outermost coroutine first; empty when done. `print_stack` prints it to
  /// stderr.
  std::vector<std::source_location> get_stack() const;
  void print_stack() const;

  detail::TaskBase& base() const noexcept { return static_cast<detail::TaskBase&>(*this->state_); }
};

/// A task whose result type is not known: for all_tasks and current_task.
class AnyTask {
 public:
  using value_type = void;

  explicit AnyTask(detail::Ref<detail::TaskBase> task) noexcept : task_(std::move(task)) {}
  explicit AnyTask(const detail::Ref<detail::FutureBase>& task) noexcept
      : task_(&static_cast<detail::TaskBase&>(*task)) {}
  template <class T>
  AnyTask(const Task<T>& task) noexcept  // NOLINT(google-explicit-constructor)
      : task_(&task.base()) {}
  /// Waits until done; throws what the task threw. The result is not given: keep the `Task<T>`.
  auto operator co_await() const noexcept { return detail::FutureAwaiter<void, false>(state()); }
  /// As a future without a result: for `wait_for`, `gather`, `shield`.
  operator Future<>() const noexcept {  // NOLINT(google-explicit-constructor)
    return Future<>(state());
  }
  /// For combinators.
  detail::Ref<detail::FutureBase> state() const noexcept {
    return detail::Ref<detail::FutureBase>(task_.get());
  }
  bool done() const noexcept { return task_->done(); }
  bool cancelled() const noexcept { return task_->cancelled(); }
  bool cancel() const { return task_->cancel({}); }
  bool cancel(Text message) const { return task_->cancel(detail::Message::make(message)); }
  unsigned cancelling() const noexcept { return task_->cancelling(); }
  unsigned uncancel() const noexcept { return task_->uncancel(); }
  std::string get_name() const { return task_->get_name(); }
  void set_name(Text name) const { task_->set_name(name); }
  std::optional<CoroutineInfo> get_coro() const;
  Context get_context() const;
  std::vector<std::source_location> get_stack() const;
  void print_stack() const;
  std::string repr() const {
    std::string text;
    task_->describe(text);
    return text;
  }
  detail::TaskBase& base() const noexcept { return *task_; }
  template <class T>
  friend bool operator==(const AnyTask& a, const Task<T>& b) noexcept {
    return &a.base() == &b.base();
  }
  friend bool operator==(const AnyTask& a, const AnyTask& b) noexcept { return a.task_ == b.task_; }

 private:
  detail::Ref<detail::TaskBase> task_;
};

template <class T>
std::optional<CoroutineInfo> Task<T>::get_coro() const {
  return AnyTask(detail::Ref<detail::TaskBase>(&base())).get_coro();
}
template <class T>
Context Task<T>::get_context() const {
  return AnyTask(detail::Ref<detail::TaskBase>(&base())).get_context();
}
template <class T>
std::vector<std::source_location> Task<T>::get_stack() const {
  return AnyTask(detail::Ref<detail::TaskBase>(&base())).get_stack();
}
template <class T>
void Task<T>::print_stack() const {
  AnyTask(detail::Ref<detail::TaskBase>(&base())).print_stack();
}

template <>
inline constexpr bool kIsFuture<AnyTask> = true;

/// The task that is running now; nothing in a callback or outside the loop (asyncio gives None).
std::optional<AnyTask> current_task();
/// All tasks of the running loop that are not done, in order of creation.
std::vector<AnyTask> all_tasks();
std::vector<AnyTask> all_tasks(EventLoop& loop);

/// Schedules `coro` as a task of the running loop; it takes its first step in the next iteration.
template <class T>
Task<T> create_task(Coro<T>&& coro, TaskOptions options = {},
                    std::source_location from = std::source_location::current()) {
  return Task<T>(
      detail::make_task(get_running_loop(), coro, options.empty() ? nullptr : &options, from));
}

/// The same for what is awaited and no coroutine in C++: a sleep, a read, a queue's get. Not for
/// futures: whoever has one can await it.
template <detail::PlainAwaitable A>
auto create_task(A&& awaitable, TaskOptions options = {},
                 std::source_location from = std::source_location::current()) {
  return create_task(detail::as_coroutine(std::forward<A>(awaitable)), std::move(options), from);
}

namespace detail {
/// `given` null: no options.
template <class F, class... Args>
auto create_bound_task(const TaskOptions* given, F&& fn, Args&&... args) {
  using C = std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>;
  using T = typename CoroResult<C>::Type;
  EventLoop& loop = get_running_loop();
  check_can_start(loop);
  auto* state = new BoundTask<T, std::decay_t<F>, std::decay_t<Args>...>(
      loop, std::source_location{}, std::forward<F>(fn), std::forward<Args>(args)...);
  auto task = Ref<FutureBase>::adopt(state);
  TaskOptions options;
  if (given) options = *given;
  if (loop.core().has_task_factory) [[unlikely]]
    options = TaskBase::ask_task_factory(loop, given);
  state->begin(state->call());
  if (!options.empty() || !current_context_is_blank()) [[unlikely]]
    state->apply(options);
  return Task<T>(std::move(task));
}
}  // namespace detail

/// Schedules `fn(args...)` as a task. Callable and arguments are copied or moved into the task and
/// live as long as it, so lambdas with captures and temporary arguments are safe; std::ref opts
/// out.
template <class F, class... Args>
  requires std::is_invocable_v<std::decay_t<F>&, std::decay_t<Args>...>
auto create_task(F&& fn, Args&&... args) {
  return detail::create_bound_task(nullptr, std::forward<F>(fn), std::forward<Args>(args)...);
}
/// The same with options, for a callable without arguments: `create_task(fn, {.name = "x"})`.
template <class F>
  requires std::is_invocable_v<std::decay_t<F>&>
auto create_task(F&& fn, TaskOptions options) {
  return detail::create_bound_task(&options, std::forward<F>(fn));
}

template <class T>
Task<T> EventLoop::create_task(Coro<T>&& coro) {
  return Task<T>(detail::make_task(*this, coro, nullptr, {}));
}
template <class T>
Task<T> EventLoop::create_task(Coro<T>&& coro, const TaskOptions& options) {
  return Task<T>(detail::make_task(*this, coro, &options, {}));
}
template <class A>
auto EventLoop::create_task(A&& awaitable) {
  static_assert(
      detail::PlainAwaitable<A>,
      "create_task needs a Coro (moved, when it is a variable) or what can be awaited, and "
      "no Future: whoever has one can await it");
  return create_task(detail::as_coroutine(std::forward<A>(awaitable)));
}
template <class A>
auto EventLoop::create_task(A&& awaitable, const TaskOptions& options) {
  static_assert(detail::PlainAwaitable<A>, "see create_task above");
  return create_task(detail::as_coroutine(std::forward<A>(awaitable)), options);
}

/// A task factory that starts every task eagerly: `loop.set_task_factory(hob::eager_task_factory)`.
void eager_task_factory(EventLoop& loop, TaskOptions& options);

}  // namespace hob
