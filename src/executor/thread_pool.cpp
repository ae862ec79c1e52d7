// SPDX-License-Identifier: MIT
#include <hob/executor/thread_pool.hpp>

#include "executor/thread_pool_core.hpp"
#include "sys/syscall.hpp"

#include <hob/core/raise.hpp>

namespace hob {
namespace detail {

void retain_pool(ThreadPool& pool) noexcept { pool.retain(); }
void release_pool(ThreadPool& pool) noexcept { pool.release(); }
void enqueue(ThreadPool& pool, Job& job) { pool.enqueue(job); }
concurrent::Future<> request_place(ThreadPool& pool) {
  if (pool.admission().bounded()) return pool.admission().enter();
  auto place = concurrent::Future<>::make();
  place.set_result();
  return place;
}
void wait_for_place(ThreadPool& pool) {
  if (pool.is_mine()) return pool.admission().force();
  pool.admission().enter().result();
}
void give_place_back(ThreadPool& pool) noexcept {
  if (pool.admission().bounded()) pool.admission().leave();
}
bool is_bounded(const ThreadPool& pool) noexcept { return pool.admission().bounded(); }

Duration blocking_deadline(Duration timeout) noexcept {
  if (timeout.is_forever()) return timeout;
  return Duration::nanoseconds(sys::monotonic_ns()) + timeout;
}
Duration time_left(Duration deadline) noexcept {
  if (deadline.is_forever()) return deadline;
  return deadline - Duration::nanoseconds(sys::monotonic_ns());
}

namespace {

int check_workers(int max_workers) {
  if (max_workers <= 0) raise_value_error("max_workers must be greater than 0");
  return max_workers;
}

}  // namespace
}  // namespace detail

ThreadPoolExecutor::ThreadPoolExecutor(ThreadPoolOptions options)
    : ThreadPoolExecutor(detail::ThreadPool::default_workers(), std::move(options)) {}

ThreadPoolExecutor::ThreadPoolExecutor(int max_workers, ThreadPoolOptions options)
    : core_(new detail::ThreadPool(detail::check_workers(max_workers), std::move(options))),
      bounded_(core_->admission().bounded()) {}

ThreadPoolExecutor::~ThreadPoolExecutor() {
  core_->close(false);
  core_->join_or_leave();
  core_->release();
}

void ThreadPoolExecutor::shutdown(ShutdownOptions options) {
  core_->close(options.cancel_futures);
  if (!options.wait) return;
  if (core_->is_mine()) detail::raise_runtime_error("cannot join current thread");
  core_->join();
}

std::size_t ThreadPoolExecutor::workers() const noexcept { return core_->workers(); }

}  // namespace hob
