// SPDX-License-Identifier: MIT
// FilePool: the threads that wait for disks. One for the process, made at first use; threads start
// when all are busy, and stay.
#pragma once

#include "file/operation.hpp"

#include <condition_variable>
#include <mutex>

namespace hob::detail {

class FilePool {
 public:
  static FilePool& instance();

  /// Has `operation` carried out, and then its FileWait told, on its loop. Throws std::system_error
  /// when there is no thread and none can be made.
  void submit(FileOperation& operation);
  /// Takes back what nobody has begun: true, and it never will be.
  bool withdraw(FileOperation& operation) noexcept;

 private:
  static constexpr unsigned kThreadsMax = 8;

  FilePool();
  void work();
  void add_thread();
  void forked() noexcept;

  std::mutex mutex_;
  std::condition_variable wake_;
  LinkList queue_;
  std::size_t queued_ = 0;
  unsigned threads_ = 0;
  unsigned idle_ = 0;
};

}  // namespace hob::detail
