// SPDX-License-Identifier: MIT
#include <hob/executor/pool.hpp>

#include <thread>

namespace hob::detail {

int processor_count() noexcept {
  const unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : static_cast<int>(count);
}

namespace {

ThreadPoolOptions options_of(PoolOptions options) {
  ThreadPoolOptions threads;
  threads.thread_name_prefix = "ThreadPool";
  threads.initializer = std::move(options.initializer);
  threads.max_tasks_per_child = options.maxtasksperchild;
  return threads;
}

}  // namespace

ThreadEngine::ThreadEngine(int workers, PoolOptions options)
    : threads_(workers, options_of(std::move(options))) {}

}  // namespace hob::detail
