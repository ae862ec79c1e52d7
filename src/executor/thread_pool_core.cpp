// SPDX-License-Identifier: MIT
#include "executor/thread_pool_core.hpp"

#include "sys/syscall.hpp"
#include "sys/thread.hpp"

#include <hob/core/error.hpp>

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace hob::detail {
namespace {

constinit thread_local const ThreadPool* own_pool = nullptr;

std::string pool_name(Text prefix) {
  if (!prefix.empty()) return std::string(prefix.data(), prefix.size());
  static std::atomic<unsigned> next{0};
  return "ThreadPoolExecutor-" + std::to_string(next.fetch_add(1, std::memory_order_relaxed));
}

}  // namespace

ThreadPool::ThreadPool(int max_workers, ThreadPoolOptions options)
    : max_workers_(static_cast<std::size_t>(max_workers)),
      max_tasks_(options.max_tasks_per_child),
      spin_ns_(options.spin.count_ns()),
      initializer_(std::move(options.initializer)),
      name_(pool_name(options.thread_name_prefix)),
      admission_(options.queue_limit) {
  threads_.reserve(max_workers_ < 64 ? max_workers_ : 64);
  ended_.set_running_or_notify_cancel();  // nobody's cancelled wait shall cancel it
}

int ThreadPool::default_workers() noexcept {
  const unsigned processors = std::max(1u, std::thread::hardware_concurrency());
  return static_cast<int>(std::min(32u, processors + 4));
}

bool ThreadPool::is_mine() const noexcept { return own_pool == this; }

std::exception_ptr ThreadPool::refusal() const {
  if (broken_.load()) {
    return std::make_exception_ptr(
        BrokenThreadPool("A thread initializer failed, the thread pool is not usable anymore"));
  }
  return std::make_exception_ptr(RuntimeError("cannot schedule new futures after shutdown"));
}

void ThreadPool::enqueue(Job& job) {
  // The first thread comes before the first job: a job in the queue always has a thread.
  const bool first = started_.load(std::memory_order_acquire) == 0 && start_thread();
  if (!queue_.push(job)) [[unlikely]]
    std::rethrow_exception(refusal());
  if (first) [[unlikely]] {
    wake_one();
  } else {
    kick();
  }
}

// There is work for one more thread.
void ThreadPool::kick() noexcept {
  if (spinning_.load(std::memory_order_seq_cst) > 0) return;  // they look, and will call on others
  if (wake_one()) return;
  if (started_.load(std::memory_order_relaxed) == max_workers_) [[likely]]
    return;
  try {
    start_thread();
  } catch (...) {  // no more threads than there are
  }
}

bool ThreadPool::wake_one() noexcept {
  std::int32_t idle = idle_.load(std::memory_order_seq_cst);
  while (idle > 0) {
    if (!idle_.compare_exchange_weak(idle, idle - 1, std::memory_order_seq_cst)) continue;
    tokens_.fetch_add(1, std::memory_order_release);
    sys::futex_wake(reinterpret_cast<const std::uint32_t*>(&tokens_), 1);
    return true;
  }
  return false;
}

bool ThreadPool::start_thread() {
  const std::lock_guard lock(mutex_);
  const std::size_t slot = threads_.size();
  if (closed_ || slot == max_workers_) return false;
  threads_.emplace_back();
  retain();  // the thread's
  try {
    threads_.back() = std::thread([this, slot] { work(slot); });
  } catch (...) {
    threads_.pop_back();
    release();
    if (slot == 0) raise_runtime_error("can't start new thread");
    return false;
  }
  live_.fetch_add(1, std::memory_order_relaxed);
  started_.store(slot + 1, std::memory_order_release);
  return true;
}

// A thread that has done its share makes its successor, which waits for its end.
bool ThreadPool::replace(std::size_t slot) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  std::thread* predecessor = nullptr;
  try {
    predecessor = new std::thread(std::move(threads_[slot]));
    threads_[slot] = std::thread([this, slot, predecessor] {
      predecessor->join();
      delete predecessor;
      work(slot);
    });
  } catch (...) {  // it goes on itself
    if (predecessor) threads_[slot] = std::move(*predecessor);
    delete predecessor;
    return false;
  }
  return true;
}

// Owns one count of the pool.
void ThreadPool::work(std::size_t slot) {
  own_pool = this;
  sys::set_thread_name((name_ + "_" + std::to_string(slot)).c_str());
  loop(slot);
}

void ThreadPool::loop(std::size_t slot) {
  if (!initialize()) return leave();
  std::size_t done = 0;
  while (Job* job = next_job()) {
    if (admission_.bounded()) admission_.leave();
    job->run();
    if (max_tasks_ != 0 && ++done == max_tasks_) {
      if (replace(slot)) return;  // the successor has inherited our count
      done = 0;
    }
  }
  leave();
}

bool ThreadPool::initialize() noexcept {
  if (!initializer_) return true;
  try {
    initializer_();
    return true;
  } catch (...) {
    try {
      const std::string text =
          "Exception in initializer: " + describe(std::current_exception()) + "\n";
      sys::write_stderr(text.data(), text.size());
    } catch (...) {  // out of memory: the report is lost
    }
  }
  broken_.store(true);
  close(false);
  drain(refusal());
  return false;
}

void ThreadPool::leave() noexcept {
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    last = live_.fetch_sub(1, std::memory_order_relaxed) == 1 && closed_;
  }
  if (last) ended_.set_result();
  release();
}

Job* ThreadPool::next_job() noexcept {
  if (Job* job = queue_.pop()) return job;
  if (spin_ns_ > 0) {
    if (Job* job = spin_for_job()) return job;
  }
  return sleep_for_job();
}

Job* ThreadPool::spin_for_job() noexcept {
  spinning_.fetch_add(1, std::memory_order_seq_cst);
  const std::int64_t until = sys::monotonic_ns() + spin_ns_;
  Job* job = nullptr;
  do {
    for (int i = 0; i < 16 && queue_.seems_empty(); ++i) sys::cpu_relax();
    if (!queue_.seems_empty()) job = queue_.pop();
  } while (!job && !queue_.closed() && sys::monotonic_ns() < until);
  spinning_.fetch_sub(1, std::memory_order_seq_cst);
  if (job && !queue_.empty()) kick();
  return job;
}

Job* ThreadPool::sleep_for_job() noexcept {
  for (;;) {
    idle_.fetch_add(1, std::memory_order_seq_cst);
    Job* job = queue_.pop();
    if (job || queue_.closed()) {
      retract();
      // Whoever called on us meant a job of theirs.
      if (job && !queue_.empty()) kick();
      if (job) return job;
      return queue_.pop();
    }
    take_token();
    if ((job = queue_.pop())) return job;
  }
}

void ThreadPool::retract() noexcept {
  std::int32_t idle = idle_.load(std::memory_order_relaxed);
  while (idle > 0) {
    if (idle_.compare_exchange_weak(idle, idle - 1, std::memory_order_seq_cst)) return;
  }
  take_token();  // somebody is waking us
}

void ThreadPool::take_token() noexcept {
  for (;;) {
    std::uint32_t tokens = tokens_.load(std::memory_order_relaxed);
    if (tokens == 0) {
      sys::futex_wait(reinterpret_cast<const std::uint32_t*>(&tokens_), 0, -1);
    } else if (tokens_.compare_exchange_weak(tokens, tokens - 1, std::memory_order_acquire)) {
      return;
    }
  }
}

void ThreadPool::close(bool cancel_waiting) noexcept {
  bool over = false;
  {
    const std::lock_guard lock(mutex_);
    over = !closed_ && live_.load(std::memory_order_relaxed) == 0;
    closed_ = true;
  }
  queue_.close();
  if (admission_.bounded()) admission_.close(refusal());
  if (cancel_waiting) drain(nullptr);
  while (wake_one()) {
  }
  if (over) ended_.set_result();
}

void ThreadPool::drain(const std::exception_ptr& error) noexcept {
  while (Job* job = queue_.pop()) {
    if (admission_.bounded()) admission_.leave();
    job->refuse(error);
  }
}

void ThreadPool::join() {
  ended_.exception();
  const std::lock_guard lock(joining_);
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void ThreadPool::join_or_leave() noexcept {
  if (!is_mine()) return join();
  join_at_exit(*this);
}

// The threads of pools that were left behind. Static objects that were made before the first of
// them outlive them.
namespace {

struct Abandoned {
  std::mutex mutex;
  std::vector<ThreadPool*> pools;
};
Abandoned& abandoned() {
  static auto* const all = new Abandoned;  // never destroyed: used at exit
  return *all;
}

void join_abandoned() {
  for (;;) {
    ThreadPool* pool = nullptr;
    {
      const std::lock_guard lock(abandoned().mutex);
      if (abandoned().pools.empty()) return;
      pool = abandoned().pools.back();
      abandoned().pools.pop_back();
    }
    if (!pool->is_mine()) pool->join();
    pool->release();
  }
}

}  // namespace

void join_at_exit(ThreadPool& pool) noexcept {
  pool.retain();
  const std::lock_guard lock(abandoned().mutex);
  static const int registered = std::atexit(&join_abandoned);
  static_cast<void>(registered);
  abandoned().pools.push_back(&pool);
}

}  // namespace hob::detail
