// SPDX-License-Identifier: MIT
#include <hob/task/runtime.hpp>

#include <hob/core/error.hpp>
#include <hob/task/concurrent_future.hpp>
#include <hob/task/run.hpp>
#include <hob/task/this_task.hpp>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

namespace hob {

struct Runtime::Core {
  explicit Core(LoopOptions o) : options(o) {}

  // Of its thread: makes the loop, tells so, runs it until `stop`, closes it.
  void run() {
    static_cast<void>(ended.set_running_or_notify_cancel());
    try {
      runner.emplace(options);
      started.set_result(&runner->get_loop());
    } catch (...) {
      started.set_exception(std::current_exception());
      ended.set_result();
      return;
    }
    try {
      runner->run(wait(*this));
      runner->close();
    } catch (...) {
      ended.set_exception(std::current_exception());
      return;
    }
    ended.set_result();
  }
  static Coro<> wait(Core& core) { co_await core.stop; }

  LoopOptions options;
  concurrent::Future<EventLoop*> started = concurrent::Future<EventLoop*>::make();
  concurrent::Future<> ended = concurrent::Future<>::make();
  std::optional<Runner> runner;  // destroyed last, so that the loop is there, closed
  detail::Signal stop;           // the loop's thread
  std::atomic<std::size_t> load{0};
  std::thread thread;
};

Runtime::Runtime(std::size_t loops, LoopOptions options) {
  if (loops == 0) loops = std::max(1u, std::thread::hardware_concurrency());
  cores_.reserve(loops);
  try {
    for (std::size_t i = 0; i < loops; ++i) {
      cores_.push_back(new Core(options));
      Core& core = *cores_.back();
      core.thread = std::thread([&core] { core.run(); });
    }
    for (Core* core : cores_) core->started.result();
  } catch (...) {
    stop();
    for (Core* core : cores_) delete core;
    throw;
  }
}

Runtime::~Runtime() {
  try {
    stop();
  } catch (...) {  // only from one of the loops, which cannot wait for itself
    std::terminate();
  }
  for (Core* core : cores_) delete core;
}

EventLoop& Runtime::loop(std::size_t index) const {
  if (index >= cores_.size()) detail::raise_value_error("Runtime: no such loop");
  return **&cores_[index]->started.result();
}

void Runtime::request_stop() {
  for (Core* core : cores_) {
    if (!core->thread.joinable() || core->started.exception()) continue;
    try {
      core->started.result()->call_soon_threadsafe([core] { core->stop.set(); });
    } catch (const RuntimeError&) {  // closed already
    }
  }
}

void Runtime::stop() {
  for (const Core* core : cores_) {
    if (core->thread.get_id() == std::this_thread::get_id())
      detail::raise_runtime_error("a Runtime cannot be stopped by one of its loops");
  }
  request_stop();
  for (Core* core : cores_) {
    if (core->thread.joinable()) core->thread.join();
  }
}

Coro<> Runtime::aclose() {
  request_stop();
  for (Core* core : cores_) co_await core->ended;
  stop();  // the threads have nothing left to do
}

Runtime::Load::Load(Runtime& runtime) noexcept : runtime_(runtime), index_(0) {
  // Two that ask at the same time may choose the same: the next ones make up for it.
  std::size_t least = runtime.cores_[0]->load.load(std::memory_order_relaxed);
  for (std::size_t i = 1; i < runtime.cores_.size(); ++i) {
    const std::size_t load = runtime.cores_[i]->load.load(std::memory_order_relaxed);
    if (load >= least) continue;
    least = load;
    index_ = i;
  }
  runtime.cores_[index_]->load.fetch_add(1, std::memory_order_relaxed);
}

Runtime::Load::~Load() { runtime_.cores_[index_]->load.fetch_sub(1, std::memory_order_relaxed); }

}  // namespace hob
