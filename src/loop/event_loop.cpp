// SPDX-License-Identifier: MIT
// The file to read first: `run_once` is one iteration.
#include <hob/loop/event_loop.hpp>

#include "loop/loop_impl.hpp"
#include "sys/syscall.hpp"
#include "sys/thread.hpp"

#include <hob/core/error.hpp>
#include <hob/loop/exception_context.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace hob {
namespace detail {

constinit thread_local EventLoop* running_loop = nullptr;

void raise_no_running_loop() {
  raise_runtime_error(
      "no running event loop: call this from a coroutine or callback that hob::run is running");
}

namespace {

// A needless epoll_wait costs several task switches, so while there is work the kernel is asked
// only now and then: more seldom while it has nothing and no timer waits for the clock to be read.
constexpr std::uint32_t kHandlesPerPoll = 61;
constexpr std::uint32_t kHandlesPerPollMax = 8 * kHandlesPerPoll;
// As seldom the clock is looked at, whether handles are slow: more seldom while it stands.
constexpr std::uint32_t kTurnsPerLook = 3;
constexpr std::uint32_t kTurnsPerLookMax = 31;
constexpr std::int64_t kBusyPollNs = 50'000;
// Of a crowd of timers that is due only so many start in one turn, those of one microsecond
// together: what they bring into the cache is then still there when their tasks run.
constexpr std::size_t kTimersPerTurn = 256;
constexpr std::int64_t kSleepMaxNs =
    86'400'000'000'000;  // a day, as asyncio's MAXIMUM_SELECT_TIMEOUT

bool environment_says(const char* name, const char* value) {
  const char* set = std::getenv(name);
  return set && std::strcmp(set, value) == 0;
}

}  // namespace

LoopImpl::LoopImpl(EventLoop& owner, LoopOptions options)
    : loop(owner),
      core(owner.core()),
      driver(options.driver),
      poller(driver),
      timers(driver == Driver::sim ? 0 : sys::monotonic_ns()),
      remote(Ref<RemoteLoop>::adopt(new RemoteLoop(owner))),
      random(driver == Driver::sim ? options.shuffle_seed : 0) {
  if (driver != Driver::sim) now = sys::monotonic_ns();
  handles_per_poll = kHandlesPerPoll;
  turns_per_look = kTurnsPerLook;
  set_chunk_source(&sys::map_huge);
  spin_ns = options.spin.count_ns();
  core.set_debug(options.debug || environment_says("HOB_DEBUG", "1"));
}

std::int64_t LoopImpl::now_ns() noexcept {
  if (driver != Driver::sim) now = sys::monotonic_ns();
  return now;
}

// One iteration, in asyncio's order: what other threads sent, what the kernel has, the timers that
// are due; then exactly the handles that are ready now. What they make ready waits for the next
// iteration.
[[gnu::always_inline]] inline void LoopImpl::run_once() {
  inbox.take_all(core.ready);
  if (core.ready.empty() || turns_until_look-- == 0) [[unlikely]]
    look_outside();
  if (!timers.empty() && timers.next_ns() <= now) timers.advance(now, core.ready, kTimersPerTurn);
  // Often one task is ready, and no batch is needed to tell it from what it makes ready.
  if (core.ready.has_one()) {
    Node& node = core.ready.pop_only();
    ++handles_since_poll;
    return node.run(&node);
  }
  run_batch();
}

void LoopImpl::run_until_stopped() {
  do {  // stop() before running still lets one iteration run
    run_once();
  } while (!stopping);
}

void LoopImpl::run_batch() {
  if (random != 0) [[unlikely]]
    shuffle_ready();
  NodeList batch;
  batch.take_all(core.ready);
  // KeyboardInterrupt leaves through here: what was not run yet stays first in line.
  struct Rest {
    NodeList& batch;
    LoopImpl& impl;
    std::uint32_t ran = 0;
    ~Rest() {
      impl.handles_since_poll += ran;
      if (batch.empty()) return;
      batch.take_all(impl.core.ready);
      impl.core.ready.take_all(batch);
    }
  } rest{batch, *this};
  while (!batch.empty()) {
    Node& node = batch.pop_front();
    ++rest.ran;
    node.run(&node);
  }
  if (handles_since_poll + rest.ran >= handles_per_poll) turns_until_look = 0;
}

// Not in every turn, because even the question whether it is time has its price.
void LoopImpl::look_outside() {
  turns_until_look = driver == Driver::sim ? 0 : turns_per_look;
  if (core.ready.empty() && !stopping) {
    poll(true);
  } else if (stopping || should_poll()) {
    poll(false);
  }
}

bool LoopImpl::should_poll() noexcept {
  if (driver == Driver::sim)
    return poller.watches() != 0 || user_signals() != 0 || (++turns & 63) == 0;
  if (handles_since_poll >= handles_per_poll) return true;
  // Slow handles: the coarse clock moves every few milliseconds and costs a quarter of the exact
  // one.
  const std::int64_t since = sys::monotonic_coarse_ns() - polled_at;
  if (since > kBusyPollNs) return true;
  turns_per_look = std::min(2 * turns_per_look + 1, kTurnsPerLookMax);
  return false;
}

// Whether a sleeping loop could never wake: no timer, no descriptor, no signal, and nobody else to
// call us.
bool LoopImpl::nothing_can_happen() const noexcept {
  return on_deadlock && timers.empty() && poller.watches() == 0 && user_signals() == 0 &&
         inbox.empty() && remote_work.load() == 0 &&
         (driver == Driver::sim || sys::single_threaded());
}

void LoopImpl::poll(bool may_sleep) {
  handles_since_poll = 0;
  turns_per_look = kTurnsPerLook;
  if (!may_sleep) {
    if (driver != Driver::sim) {
      now = sys::monotonic_ns();
      polled_at = now;
    }
    const Link* last = core.ready.back();
    poller.poll(0, core.ready);
    signals.collect(core.ready);
    const bool nothing = core.ready.back() == last && timers.empty();
    handles_per_poll =
        nothing ? std::min(2 * handles_per_poll, kHandlesPerPollMax) : kHandlesPerPoll;
    return;
  }
  handles_per_poll = kHandlesPerPoll;
  if (nothing_can_happen()) {
    on_deadlock();
    if (!core.ready.empty() || stopping) return;
  }
  wait(sleep_limit());
  signals.collect(core.ready);
}

std::int64_t LoopImpl::sleep_limit() noexcept {
  if (timers.empty()) return -1;
  return std::clamp<std::int64_t>(timers.next_ns() - now_ns(), 0, kSleepMaxNs);
}

void LoopImpl::wait(std::int64_t timeout_ns) {
  if (driver == Driver::sim) {
    // Real descriptors and jobs elsewhere take real time, of which virtual time knows nothing: they
    // go first.
    const bool outside = remote_work.load() != 0 || timeout_ns < 0;
    if (poller.watches() == 0 && user_signals() == 0 && !outside) {
      now += timeout_ns;
      return;
    }
    if (inbox.fall_asleep()) poller.poll(outside ? -1 : 0, core.ready);
    inbox.wake_up();
    if (!outside && core.ready.empty() && inbox.empty()) now += timeout_ns;
    return;
  }
  if (spin_ns > 0 && timeout_ns != 0 && remote_work.load() != 0) spin(timeout_ns);
  if (timeout_ns == 0 || (spin_ns > 0 && !inbox.empty())) {
    poller.poll(0, core.ready);
  } else {
    if (inbox.fall_asleep()) poller.poll(timeout_ns, core.ready);
    inbox.wake_up();
  }
  now = sys::monotonic_ns();
  polled_at = now;
}

// Until something comes in, within the limits.
void LoopImpl::spin(std::int64_t timeout_ns) noexcept {
  const std::int64_t limit = timeout_ns < 0 ? spin_ns : std::min(spin_ns, timeout_ns);
  const std::int64_t until = sys::monotonic_ns() + limit;
  do {
    for (int i = 0; i < 16 && inbox.empty(); ++i) sys::cpu_relax();
  } while (inbox.empty() && sys::monotonic_ns() < until);
}

void LoopImpl::watch_internal_signal(int signal, Function<void()> fn) {
  loop.add_signal_handler(signal, std::move(fn));
  internal_signal = signal;
}

void LoopImpl::shuffle_ready() {
  std::vector<Link*> nodes;
  while (!core.ready.empty()) nodes.push_back(&core.ready.pop_front());
  for (std::size_t i = nodes.size(); i > 1; --i) {
    random ^= random << 13;  // xorshift64
    random ^= random >> 7;
    random ^= random << 17;
    std::swap(nodes[i - 1], nodes[random % i]);
  }
  for (Link* node : nodes) core.ready.push_back(*node);
}

void start_timer(EventLoop& loop, TimerNode& node, std::int64_t when_ns) noexcept {
  node.when_ns = when_ns;
  LoopImpl& impl = loop.impl();
  // Virtual time would jump to the end of all times and never come back: there "forever" is no
  // event.
  if (when_ns == INT64_MAX && impl.driver == Driver::sim) return;
  impl.timers.insert(node);
}

void cancel_timer(EventLoop& loop, TimerNode& node) noexcept {
  if (node.linked()) loop.impl().timers.remove(node);
}

void run_loop(EventLoop& loop, Function<void()> on_deadlock) {
  struct Reset {
    LoopImpl& impl;
    ~Reset() { impl.on_deadlock = {}; }
  } const reset{loop.impl()};
  loop.impl().on_deadlock = std::move(on_deadlock);
  loop.run_forever();
}

}  // namespace detail

EventLoop::EventLoop(LoopOptions options) : core_(*new detail::LoopCore(*this)) {
  try {
    impl_ = new detail::LoopImpl(*this, options);
  } catch (...) {  // no memory, or no descriptors
    core_.release();
    throw;
  }
}

EventLoop::~EventLoop() {
  if (!core_.closed) close();
  delete impl_;
  core_.loop = nullptr;
  core_.release();
}

void EventLoop::run_forever() {
  if (core_.closed) detail::raise_runtime_error("Event loop is closed");
  if (impl_->fork.forked) detail::raise_forked();
  if (impl_->running) detail::raise_runtime_error("This event loop is already running");
  if (detail::running_loop) {
    detail::raise_runtime_error(
        "Cannot run the event loop while another loop is running in this thread");
  }
  if (detail::UringPoller* uring = impl_->poller.uring()) uring->begin_run();
  struct Running {
    detail::LoopImpl& impl;
    detail::ContextSlot* context = detail::current_context_slot;  // the caller's; steps leave none
    explicit Running(detail::LoopImpl& i) : impl(i) {
      impl.running = true;
      impl.thread = sys::thread_id();
      detail::running_loop = &impl.loop;
      sys::set_timer_slack_ns(1);
    }
    ~Running() {
      impl.running = impl.stopping = false;
      impl.thread = 0;
      detail::running_loop = nullptr;
      detail::current_context_slot = context;
    }
  } const running(*impl_);
  impl_->run_until_stopped();
  if (impl_->fork.forked) [[unlikely]]
    detail::raise_forked();  // a callback has forked, and the child came back here
}

void EventLoop::stop() noexcept {
  impl_->stopping = true;
  impl_->turns_until_look = 0;
}
bool EventLoop::is_running() const noexcept { return impl_->running; }

void EventLoop::close() {
  if (impl_->running) detail::raise_runtime_error("Cannot close a running event loop");
  if (core_.closed) return;
  if (impl_->poller.uring()) impl_->poller.uring()->check_may_close();
  if (core_.abandon_tasks) core_.abandon_tasks(*this);
  core_.close();
  impl_->remote->close();
  impl_->inbox.close(core_.ready);
  impl_->poller.clear(core_.ready);
  // In a closed loop callbacks drop themselves instead of running.
  impl_->timers.advance(INT64_MAX - 1, core_.ready);
  while (!core_.ready.empty()) {
    detail::Node& node = core_.ready.pop_front();
    node.run(&node);
  }
  while (!impl_->remote_waits.empty()) {
    auto& wait = static_cast<detail::RemoteWait&>(*impl_->remote_waits.front());
    impl_->end_remote_wait(wait);
    wait.loop_closed();
  }
  impl_->signals.clear();
  impl_->exception_handler = {};
  set_task_factory({});
  delete std::exchange(impl_->default_executor, nullptr);
}

Duration EventLoop::time() const noexcept { return Duration::nanoseconds(impl_->now_ns()); }

void EventLoop::check_usable() const {
  if (impl_->fork.forked) detail::raise_forked();
  if (core_.closed) detail::raise_runtime_error("Event loop is closed");
  const std::uintptr_t thread = core_.debug ? impl_->thread.load(std::memory_order_relaxed) : 0;
  if (thread != 0 && thread != sys::thread_id()) {
    detail::raise_runtime_error(
        "Non-thread-safe operation invoked on an event loop other than the current one: "
        "use call_soon_threadsafe from other threads");
  }
}

void EventLoop::schedule_at(detail::HandleState& handle, Duration when) {
  if (!core_.plain) [[unlikely]]
    check_usable();
  detail::start_timer(*this, handle, when.count_ns());
  if (handle.linked()) handle.retain();  // the wheel's; it does not take what is never due
}

ThreadSafeHandle EventLoop::post(Function<void()> fn) {
  if (impl_->fork.forked) detail::raise_forked();
  using State = ThreadSafeHandle::State;
  auto state =
      detail::Ref<State>::adopt(new State(*this, std::move(fn), detail::copy_current_context()));
  state->retain();  // the inbox's
  const auto pushed = impl_->inbox.push(*state.get());
  if (pushed == detail::Inbox::Pushed::to_sleeper) impl_->poller.wake();
  if (pushed == detail::Inbox::Pushed::refused) {
    state->release();
    detail::raise_runtime_error("Event loop is closed");
  }
  return ThreadSafeHandle(std::move(state));
}

void EventLoop::watch(int fd, bool write, detail::Ref<detail::HandleState> handle) {
  check_usable();
  impl_->poller.watch(fd, write, std::move(handle));
}

bool EventLoop::unwatch(int fd, bool write) {
  check_usable();
  return impl_->poller.unwatch(fd, write);
}

void EventLoop::watch_signal(int signal, detail::Ref<detail::HandleState> handle) {
  check_usable();
  impl_->signals.watch(signal, std::move(handle));
}

bool EventLoop::remove_signal_handler(int signal) {
  if (impl_->internal_signal == signal) impl_->internal_signal = 0;
  return impl_->signals.unwatch(signal);
}

void EventLoop::set_task_factory(Function<void(EventLoop&, TaskOptions&)> factory) {
  impl_->task_factory = std::move(factory);
  core_.has_task_factory = static_cast<bool>(impl_->task_factory);
}

void EventLoop::set_debug(bool enabled) noexcept { core_.set_debug(enabled); }
Duration EventLoop::slow_callback_duration() const noexcept {
  return Duration::nanoseconds(impl_->slow_callback_ns);
}
void EventLoop::set_slow_callback_duration(Duration d) noexcept {
  impl_->slow_callback_ns = d.count_ns();
}
Driver EventLoop::driver() const noexcept { return impl_->driver; }

void EventLoop::set_exception_handler(ExceptionHandler handler) {
  impl_->exception_handler = std::move(handler);
}

}  // namespace hob
