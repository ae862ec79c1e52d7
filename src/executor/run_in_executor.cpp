// SPDX-License-Identifier: MIT
#include <hob/executor/run_in_executor.hpp>

#include "executor/thread_pool_core.hpp"
#include "loop/loop_impl.hpp"
#include "sys/syscall.hpp"

#include <hob/task/task_group.hpp>
#include <hob/task/timeout.hpp>

#include <optional>
#include <string>

namespace hob {
namespace detail {
namespace {

class DefaultThreadPool final : public DefaultExecutor {
 public:
  ~DefaultThreadPool() override {
    if (pool_) abandon();
  }
  static DefaultThreadPool& of(EventLoop& loop) {
    DefaultExecutor*& executor = loop.impl().default_executor;
    if (!executor) executor = new DefaultThreadPool;
    return static_cast<DefaultThreadPool&>(*executor);
  }

  ThreadPool& pool() {
    if (shut_down_) raise_runtime_error("Executor shutdown has been called");
    if (!pool_) {
      ThreadPoolOptions options;
      options.thread_name_prefix = "asyncio";
      auto* made = new ThreadPool(ThreadPool::default_workers(), std::move(options));
      pool_.emplace(*made);
      made->release();
      made_here_ = true;
    }
    return *pool_->pool;
  }
  void set(ThreadPool& pool) {
    if (made_here_) abandon();
    pool_.emplace(pool);
    made_here_ = false;
  }

  Coro<void> shut_down(Duration timeout) override {
    shut_down_ = true;
    if (!pool_) co_return;
    const PoolRef pool = *pool_;
    pool.pool->close(false);
    const Result<> ended = co_await as_result(wait_for(wrap_future(pool.pool->ended()), timeout));
    if (ended) {
      pool.pool->join();
      pool_.reset();
    } else if (ended.cancelled()) {
      ended.value();
    } else {
      const std::string text = "The executor did not finish joining its threads within " +
                               std::to_string(timeout.count_ns() / 1'000'000'000) + " seconds.\n";
      sys::write_stderr(text.data(), text.size());
    }
  }

 private:
  /// Its threads go on until they have nothing to do; the end of the process waits for them.
  void abandon() noexcept {
    ThreadPool& pool = *pool_->pool;
    pool.close(false);
    if (!made_here_) return;
    if (pool.ended().done() && !pool.is_mine()) return pool.join();
    join_at_exit(pool);
  }

  std::optional<PoolRef> pool_;
  bool made_here_ = false;  // and not by the user, who shuts his own down
  bool shut_down_ = false;
};

// Waits for the end of `job`, whatever becomes of it, and deaf to cancellation.
Coro<> wait_for_end(Ref<ConcurrentFutureBase> job) {
  while (!job->done()) {
    const auto ended = concurrent::Future<>::make();
    job->add_done_callback([ended](ConcurrentFutureBase&) {
      if (ended.set_running_or_notify_cancel()) ended.set_result();
    });
    static_cast<void>(co_await as_result(ended));
  }
}

}  // namespace

ThreadPool& default_pool(EventLoop& loop) { return DefaultThreadPool::of(loop).pool(); }

void join_in_group(TaskBase& task, const Ref<ConcurrentFutureBase>& job) {
  if (TaskGroup* group = TaskGroup::around(task)) group->adopt(wait_for_end(job));
}

}  // namespace detail

void EventLoop::set_default_executor(ThreadPoolExecutor& executor) {
  check_usable();
  detail::DefaultThreadPool::of(*this).set(executor.core());
}

Coro<void> EventLoop::shutdown_default_executor(Duration timeout) {
  return detail::DefaultThreadPool::of(*this).shut_down(timeout);
}

}  // namespace hob
