// SPDX-License-Identifier: MIT
// EventLoop: one thread's cook. It runs what is ready in the order in which it became ready, waits
// for timers, file descriptors, signals and other threads, and starts again. Start here to read the
// library; one iteration is `run_once` in src/loop/event_loop.cpp.
#pragma once

#include <hob/core/context.hpp>
#include <hob/core/duration.hpp>
#include <hob/core/function.hpp>
#include <hob/core/node.hpp>
#include <hob/loop/handle.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hob {

template <class T = void>
class Coro;
template <class T = void>
class Future;
template <class T = void>
class Task;
struct TaskOptions;
struct ExceptionContext;
class Socket;
struct SocketAddress;
struct Datagram;
class ThreadPoolExecutor;

/// How a loop waits. `automatic` is what the environment's HOB_DRIVER names, else `epoll`.
/// `uring` is io_uring: where it is missing or forbidden the loop falls back to epoll, says why in
/// one line on standard error, and `driver()` tells. Such a loop stays in the thread that runs it
/// first: another gets a RuntimeError, as does a child of fork(2).
/// `sim` has a virtual clock: when nothing is ready, time jumps to the next timer.
enum class Driver : std::uint8_t { automatic, epoll, sim, uring };

struct LoopOptions {
  Driver driver = Driver::automatic;
  /// Debug mode from the start; also on when the environment has HOB_DEBUG=1 (PYTHONASYNCIODEBUG).
  bool debug = false;
  /// With `sim`: not 0 shuffles each batch of ready handles by this seed, to find hidden order
  /// dependence.
  std::uint64_t shuffle_seed = 0;
  /// How long the loop, when nothing is ready, looks for results of jobs in other threads before it
  /// sleeps. They arrive sooner by the wake-up of a thread, and a processor is burnt for that long.
  Duration spin = {};
};

namespace detail {

// The net layer's.
class RecvAwaiter;
class RecvIntoAwaiter;
class RecvFromAwaiter;
class SendAllAwaiter;
class AcceptAwaiter;

class TaskBase;
struct LoopImpl;

/// The part of a loop that inline code touches: ready queue and current task. Owner thread only.
/// Counted by the loop and by its futures, which may outlive it: they then find it closed, and
/// `loop` null.
struct LoopCore {
  explicit LoopCore(EventLoop& owner) noexcept : loop(&owner) {}
  void retain() noexcept { ++refs; }
  void release() noexcept {
    if (--refs == 0) delete this;
  }
  void close() noexcept {
    closed = true;
    plain = false;
  }
  void set_debug(bool enabled) noexcept {
    debug = enabled;
    plain = !closed && !debug;
  }

  EventLoop* loop;
  std::size_t refs = 1;
  NodeList ready;
  TaskBase* current_task = nullptr;
  LinkList tasks;                  // all that are not done, in order of creation
  std::uintptr_t task_number = 0;  // the last one given out of those that this loop took, up to...
  std::uintptr_t task_numbers_end = 0;
  LinkList generators;  // async generators that were started and are not finished
  bool closed = false;
  bool debug = false;
  bool plain = true;  // neither closed nor debug: inline code has nothing to check
  bool generators_shut_down = false;
  bool has_task_factory = false;
  /// In debug mode: called after each step of a task, done or suspended. For the testing kit.
  void (*on_step)(TaskBase&) = nullptr;
  /// Set by the task layer: reports and destroys what is left at close; describes a deadlock.
  void (*abandon_tasks)(EventLoop&) noexcept = nullptr;
};

extern constinit thread_local EventLoop* running_loop __attribute__((tls_model("initial-exec")));

[[noreturn]] void raise_no_running_loop();
/// What an exception handler does when nobody set one: prints to stderr.
void default_exception_report(const ExceptionContext& context) noexcept;

}  // namespace detail

/// The event loop. Owned by the thread that runs it: other threads may call `call_soon_threadsafe`,
/// and nothing else. Calls that a closed loop cannot take throw RuntimeError. Semantics of
/// asyncio.BaseEventLoop.
class EventLoop {
 public:
  explicit EventLoop(LoopOptions options = {});
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  /// Closes the loop when nobody did. Tasks that are still pending are reported to the exception
  /// handler, one by one, and destroyed.
  ~EventLoop();

  // Running.

  /// Runs until `stop()`. Throws RuntimeError when this loop, or another in this thread, is already
  /// running.
  void run_forever();
  /// Runs until `future` is done and gives its result or throws its exception. When the loop is
  /// stopped first: RuntimeError. When nothing can ever complete it: DeadlockError with a report.
  /// (Defined in task/run.hpp.)
  template <class T>
  T run_until_complete(Future<T> future);
  template <class T>
  T run_until_complete(Coro<T>&& coro);
  /// For what is awaited and no coroutine: a sleep, a read, ...
  template <class A>
  auto run_until_complete(A&& awaitable);
  /// Makes `run_forever` return after the current batch of ready handles. From a callback or before
  /// running.
  void stop() noexcept;
  bool is_running() const noexcept;
  bool is_closed() const noexcept { return core_.closed; }
  /// Ends the loop: drops what is scheduled, reports and destroys pending tasks, frees everything.
  /// Idempotent. Throws RuntimeError while running.
  void close();

  // Scheduling. Callables and arguments are copied or moved in (std::ref opts out), as std::thread
  // does.

  /// Calls `fn(args...)` in the next iteration, in order of the calls, in a copy of the current
  /// context.
  template <class F, class... Args>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Context>)
  Handle call_soon(F&& fn, Args&&... args) {
    return call_soon_in(&detail::copy_current_context, std::forward<F>(fn),
                        std::forward<Args>(args)...);
  }
  /// The same, in the given context.
  template <class F, class... Args>
  Handle call_soon(const Context& context, F&& fn, Args&&... args) {
    return call_soon_in([&context] { return context.state(); }, std::forward<F>(fn),
                        std::forward<Args>(args)...);
  }
  /// Calls `fn(args...)` once `delay` has passed; a delay in the past is due at once. Equal times
  /// run in the order of these calls.
  template <class F, class... Args>
  TimerHandle call_later(Duration delay, F&& fn, Args&&... args) {
    return call_at(time() + delay, std::forward<F>(fn), std::forward<Args>(args)...);
  }
  /// The same, in the given context.
  template <class F, class... Args>
  TimerHandle call_later(const Context& context, Duration delay, F&& fn, Args&&... args) {
    return call_at(context, time() + delay, std::forward<F>(fn), std::forward<Args>(args)...);
  }
  /// Calls `fn(args...)` at `when` on the clock of `time()`; never early.
  template <class F, class... Args>
  TimerHandle call_at(Duration when, F&& fn, Args&&... args) {
    return call_at_in(&detail::copy_current_context, when, std::forward<F>(fn),
                      std::forward<Args>(args)...);
  }
  template <class F, class... Args>
  TimerHandle call_at(const Context& context, Duration when, F&& fn, Args&&... args) {
    return call_at_in([&context] { return context.state(); }, when, std::forward<F>(fn),
                      std::forward<Args>(args)...);
  }
  /// The same as `call_soon`, from any thread; wakes the loop when it sleeps. The callback is also
  /// destroyed on the loop's thread. Throws RuntimeError when the loop is closed.
  template <class F, class... Args>
  ThreadSafeHandle call_soon_threadsafe(F&& fn, Args&&... args) {
    if constexpr (sizeof...(Args) == 0) {
      return post(Function<void()>(std::forward<F>(fn)));
    } else {
      return post(Function<void()>(
          [fn = std::decay_t<F>(std::forward<F>(fn)),
           args = std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)]() mutable {
            std::apply([&fn](auto&... a) { static_cast<void>(fn(a...)); }, args);
          }));
    }
  }
  /// Time on the loop's clock: CLOCK_MONOTONIC, or virtual time with the `sim` driver.
  Duration time() const noexcept;

  // Futures and tasks. (Defined in the task layer.)

  template <class T = void>
  Future<T> create_future();
  template <class T>
  Task<T> create_task(Coro<T>&& coro);
  template <class T>
  Task<T> create_task(Coro<T>&& coro, const TaskOptions& options);
  /// For what is awaited and no coroutine: a sleep, a read, ...
  template <class A>
  auto create_task(A&& awaitable);
  template <class A>
  auto create_task(A&& awaitable, const TaskOptions& options);
  /// Called with the options of every new task, before it is made: it may name tasks, or start them
  /// eagerly
  /// (`hob::eager_task_factory`). An empty function removes it.
  void set_task_factory(Function<void(EventLoop&, TaskOptions&)> factory);
  /// Closes every async generator that was started and not finished. Awaited by `run` at its end
  /// (PEP 525).
  Coro<void> shutdown_asyncgens();

  // Executors. (Defined in executor/run_in_executor.hpp.)

  /// Calls `fn(args...)` in `executor` (anything with a `submit` that gives a concurrent::Future);
  /// in the default executor for nullptr. Gives a Future of this loop. Cancelling it cancels a job
  /// that has not begun; one that runs goes on, and is told when it takes a std::stop_token first.
  template <class E, class F, class... Args>
  auto run_in_executor(E* executor, F&& fn, Args&&... args);
  template <class F, class... Args>
  auto run_in_executor(std::nullptr_t, F&& fn, Args&&... args);
  /// Makes `executor` what `run_in_executor(nullptr, ...)` and `to_thread` use. It may be destroyed
  /// before the loop, which then finds it shut down; the loop shuts it down at its end.
  void set_default_executor(ThreadPoolExecutor& executor);
  /// Waits, without blocking, until the default executor's jobs have ended and its threads are
  /// gone; after `timeout` leaves them to the end of the process, with a warning. From now on
  /// the default executor refuses jobs with RuntimeError. Awaited by `run` at its end.
  Coro<void> shutdown_default_executor(Duration timeout = Duration::forever());

  // File descriptors and signals.

  /// Calls `fn(args...)` whenever `fd` can be read (or is at its end), until `remove_reader`;
  /// replaces the reader that was there. `fd` must stay open until it is removed. Regular files
  /// count as always ready, as in poll(2). Throws OSError when the kernel refuses the descriptor.
  template <class F, class... Args>
  void add_reader(int fd, F&& fn, Args&&... args) {
    watch(fd, false,
          make_handle(&detail::copy_current_context, std::forward<F>(fn),
                      std::forward<Args>(args)...));
  }
  /// Stops watching; gives whether there was a reader.
  bool remove_reader(int fd) { return unwatch(fd, false); }
  template <class F, class... Args>
  void add_writer(int fd, F&& fn, Args&&... args) {
    watch(fd, true,
          make_handle(&detail::copy_current_context, std::forward<F>(fn),
                      std::forward<Args>(args)...));
  }
  bool remove_writer(int fd) { return unwatch(fd, true); }
  /// Calls `fn(args...)` in the loop, not in the signal handler, when `signal` arrives; replaces
  /// this loop's handler for it. Several loops may handle a signal: each is told. `hob::signals`
  /// awaits them instead. Throws ValueError for a number that is no signal, OSError for SIGKILL and
  /// SIGSTOP.
  template <class F, class... Args>
  void add_signal_handler(int signal, F&& fn, Args&&... args) {
    watch_signal(signal, make_handle(&detail::copy_current_context, std::forward<F>(fn),
                                     std::forward<Args>(args)...));
  }
  /// Takes it out, and restores the signal's default action when no other loop and no receiver
  /// wants it; gives whether there was a handler.
  bool remove_signal_handler(int signal);

  // Plain sockets, as in asyncio. Each call is tried at once, and waited for if so; a cancelled
  // one has had no effect (but sock_sendall and sock_sendfile may have sent a part). They throw
  // OSError; RuntimeError for a socket of another loop, or one that another task waits for in the
  // same direction. Buffers and views are borrowed until the await ends. (Defined in the net layer;
  // <hob/net/socket_awaiter.hpp>.)

  /// Up to `size` bytes; "" at the end.
  detail::RecvAwaiter sock_recv(Socket& socket, std::size_t size) noexcept;
  /// The same into `data`; gives how many.
  detail::RecvIntoAwaiter sock_recv_into(Socket& socket, char* data, std::size_t size) noexcept;
  /// One packet and where it came from; what is longer than `size` is cut off.
  detail::RecvFromAwaiter sock_recvfrom(Socket& socket, std::size_t size) noexcept;
  /// All of it.
  detail::SendAllAwaiter sock_sendall(Socket& socket, std::string_view data) noexcept;
  /// Gives how many bytes were sent: of packets, all.
  Coro<std::size_t> sock_sendto(Socket& socket, std::string_view data,
                                const SocketAddress& address);
  Coro<void> sock_connect(Socket& socket, const SocketAddress& address);
  /// The new connection, and the peer's address.
  detail::AcceptAwaiter sock_accept(Socket& socket) noexcept;
  /// Sends `count` bytes of a file from `offset` on, or what there is of them, without copying them
  /// through the program; gives how many. `file` is a descriptor.
  Coro<std::size_t> sock_sendfile(Socket& socket, int file, std::int64_t offset = 0,
                                  std::size_t count = static_cast<std::size_t>(-1));

  // Errors and debugging.

  using ExceptionHandler = Function<void(EventLoop&, const ExceptionContext&)>;
  /// Called with errors that nobody awaits. An empty function restores the default, which prints to
  /// stderr.
  void set_exception_handler(ExceptionHandler handler);
  /// Whether a handler is set. (asyncio gives the handler itself; a Function has one owner.)
  bool has_exception_handler() const noexcept;
  void call_exception_handler(const ExceptionContext& context) noexcept;
  void default_exception_handler(const ExceptionContext& context) noexcept;
  /// Debug mode: calls from a wrong thread throw, slow callbacks and steps are reported.
  void set_debug(bool enabled) noexcept;
  bool get_debug() const noexcept { return core_.debug; }
  /// In debug mode, a handle that runs longer than this is reported. Default 100 ms.
  Duration slow_callback_duration() const noexcept;
  void set_slow_callback_duration(Duration duration) noexcept;
  /// The driver in use.
  Driver driver() const noexcept;

  detail::LoopCore& core() const noexcept { return core_; }
  detail::LoopImpl& impl() noexcept { return *impl_; }

 private:
  template <class MakeContext, class F, class... Args>
  detail::Ref<detail::HandleState> make_handle(const MakeContext& make_context, F&& fn,
                                               Args&&... args) {
    static_assert(std::is_invocable_v<std::decay_t<F>&, std::decay_t<Args>&...>,
                  "the callback cannot be called with these arguments");
    using State = detail::BoundHandle<std::decay_t<F>, std::decay_t<Args>...>;
    return detail::Ref<detail::HandleState>::adopt(
        new State(*this, make_context, std::forward<F>(fn), std::forward<Args>(args)...));
  }
  template <class MakeContext, class F, class... Args>
  Handle call_soon_in(const MakeContext& make_context, F&& fn, Args&&... args) {
    if (!core_.plain) [[unlikely]]
      check_usable();
    auto state = make_handle(make_context, std::forward<F>(fn), std::forward<Args>(args)...);
    state->retain();  // the ready queue's
    core_.ready.push_back(*state.get());
    return Handle(std::move(state));
  }
  template <class MakeContext, class F, class... Args>
  TimerHandle call_at_in(const MakeContext& make_context, Duration when, F&& fn, Args&&... args) {
    auto state = make_handle(make_context, std::forward<F>(fn), std::forward<Args>(args)...);
    schedule_at(*state.get(), when);
    return TimerHandle(std::move(state));
  }
  /// Throws RuntimeError when closed, or (debug mode) when called from a wrong thread.
  void check_usable() const;
  void schedule_at(detail::HandleState& handle, Duration when);
  ThreadSafeHandle post(Function<void()> fn);
  void watch(int fd, bool write, detail::Ref<detail::HandleState> handle);
  bool unwatch(int fd, bool write);
  void watch_signal(int signal, detail::Ref<detail::HandleState> handle);

  detail::LoopCore& core_;
  detail::LoopImpl* impl_;
};

namespace detail {
template <class F, class... Args>
void BoundHandle<F, Args...>::run_bound(Node* node) {
  auto& self = static_cast<BoundHandle&>(*node);
  const Ref<BoundHandle> queued = Ref<BoundHandle>::adopt(&self);
  if (!self.loop_->core().plain) [[unlikely]]
    return self.run_unusually();
  current_context_slot = &self.context_;
  self.running_ = true;
  try {
    std::apply([](F& fn, Args&... args) { static_cast<void>(detail::invoke(fn, args...)); },
               self.bound_);
  } catch (...) {
    self.report_failure();
  }
  self.running_ = false;
  current_context_slot = nullptr;
}
}  // namespace detail

/// The loop that runs in this thread. Throws RuntimeError when there is none: call it from a
/// coroutine or callback.
inline EventLoop& get_running_loop() {
  if (!detail::running_loop) [[unlikely]]
    detail::raise_no_running_loop();
  return *detail::running_loop;
}

namespace detail {
/// Puts a timer into the loop's wheel; it is run once its time has come. Leaves by `cancel_timer`.
void start_timer(EventLoop& loop, TimerNode& node, std::int64_t when_ns) noexcept;
/// Takes a node out of the wheel or of any other list it is in; no effect when it is in none.
void cancel_timer(EventLoop& loop, TimerNode& node) noexcept;
/// Makes "nothing can happen any more" an error while a future is waited for; called by
/// run_until_complete.
void run_loop(EventLoop& loop, Function<void()> on_deadlock);
}  // namespace detail

}  // namespace hob
