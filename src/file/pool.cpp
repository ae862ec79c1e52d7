// SPDX-License-Identifier: MIT
#include "file/pool.hpp"

#include "sys/ipc.hpp"
#include "sys/process.hpp"
#include "sys/thread.hpp"

#include <new>
#include <thread>

namespace hob::detail {

FilePool& FilePool::instance() {
  // Never destroyed: its threads may be waiting when the process ends.
  static FilePool& pool = *new FilePool;
  return pool;
}

FilePool::FilePool() {
  sys::at_fork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
               [] { instance().forked(); });
}

// In the child of fork(2) there are no threads, and what was queued is the parent's business.
void FilePool::forked() noexcept {
  while (!queue_.empty()) queue_.pop_front();
  queued_ = threads_ = idle_ = 0;
  ::new (&wake_) std::condition_variable;  // the old one still counts the parent's threads
  mutex_.unlock();
}

void FilePool::submit(FileOperation& operation) {
  operation.retain();  // the pool's
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(operation);
    if (++queued_ > idle_ && threads_ < kThreadsMax) {
      try {
        add_thread();
      } catch (...) {
        if (threads_ == 0) {
          operation.unlink();
          --queued_;
          operation.release();
          throw;
        }
      }
    }
  }
  wake_.notify_one();
}

bool FilePool::withdraw(FileOperation& operation) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!operation.linked()) return false;
    operation.unlink();
    --queued_;
  }
  operation.release();
  return true;
}

void FilePool::add_thread() {
  std::thread([this] { work(); }).detach();
  ++threads_;
}

void FilePool::work() {
  sys::set_thread_name("hob-file");
  sys::block_all_signals();  // and a write to a broken pipe is just an error
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return !queue_.empty(); });
    --idle_;
    --queued_;
    const auto operation =
        Ref<FileOperation>::adopt(static_cast<FileOperation*>(&queue_.pop_front()));
    lock.unlock();
    operation->perform();
    const Ref<RemoteLoop> home = operation->home;
    home->post([operation]() mutable {
      if (operation->waiter) operation->waiter->finish();
    });
    lock.lock();
  }
}

}  // namespace hob::detail
