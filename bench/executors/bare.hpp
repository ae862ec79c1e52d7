// SPDX-License-Identifier: MIT
//
// The baseline: a hand-written pool for this one kind of job. A mutex-protected list, workers that
// take all of it at once, a condition variable that is notified only when a worker sleeps, and a
// result of one word that is waited for with a futex. Jobs behind a slow one wait with it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace bare {

struct Job {
  int (*fn)(int);
  int argument;
  int result = 0;
  std::atomic<int> done{0};
  Job* next = nullptr;

  int wait() {
    while (done.load(std::memory_order_acquire) == 0) done.wait(0);
    return result;
  }
};

class Pool {
 public:
  explicit Pool(int workers) {
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void submit(Job& job) {
    bool sleeping = false;
    {
      const std::lock_guard lock(mutex_);
      *end_ = &job;
      end_ = &job.next;
      sleeping = sleeping_ > 0;
    }
    if (sleeping) wake_.notify_one();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      while (!first_ && !closed_) {
        ++sleeping_;
        wake_.wait(lock);
        --sleeping_;
      }
      if (!first_) return;
      Job* job = first_;
      first_ = nullptr;
      end_ = &first_;
      lock.unlock();
      while (job) {
        Job* next = job->next;
        job->result = job->fn(job->argument);
        job->done.store(1, std::memory_order_release);
        job->done.notify_one();
        job = next;
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  Job* first_ = nullptr;
  Job** end_ = &first_;
  int sleeping_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace bare
