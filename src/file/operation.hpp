// SPDX-License-Identifier: MIT
// FileOperation: one request about files, with all that it needs, in the kernel's words; and the
// await of one. Whoever carries it out sees nothing but this: today the pool of threads, later a
// ring for those kinds that it knows.
#pragma once

#include "loop/loop_impl.hpp"
#include "sys/fault.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"

#include <hob/core/node.hpp>
#include <hob/core/ref.hpp>
#include <hob/core/text.hpp>
#include <hob/task/awaitable.hpp>

#include <atomic>
#include <coroutine>
#include <string>
#include <vector>

namespace hob::detail {

class FileWait;

/// Counted atomically: by who waits for it, and by who carries it out. While it is under way only
/// the latter touches it, but for `stop`.
struct FileOperation : Link {
  enum class Kind : unsigned char {
    open,        // path, flags, permissions -> opened, seekable, offset
    close,       // opened
    seek,        // only named in errors
    read,        // fd, size, offset -> text
    write,       // fd, data, offset (negative: the descriptor's own) -> result, offset
    sync,        // fd
    data_sync,   // fd
    truncate,    // fd, size_wanted
    status,      // path, follow -> status
    size_of,     // fd -> status
    rename,      // path, other
    unlink,      // path
    make_dir,    // path, permissions
    make_dirs,   // path, permissions, may_exist
    remove_dir,  // path
    remove_tree,
    make_link,           // path is the target, other the new name
    read_link,           // path -> text
    read_whole,          // path -> text
    write_whole,         // path, data, permissions
    list,                // fd -> entries; result 0 at the end
    make_temporary,      // path is the beginning of the name, other its end -> opened, text
    make_temporary_dir,  // the same -> text
  };

  explicit FileOperation(Kind k) noexcept : kind(k) {}
  void retain() noexcept { refs.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  /// Does it, on any thread that may wait.
  void perform() noexcept;
  /// Throws OSError when it failed.
  void check() const;

  Kind kind;
  bool follow = true;
  bool may_exist = false;
  bool seekable = true;
  bool stopped = false;  // a read that ended early because of `stop`
  int fd = -1;
  unsigned flags = 0;
  unsigned permissions = 0;
  std::size_t size = 0;
  std::int64_t offset = -1;
  std::string path;
  std::string other;
  Text data;  // borrowed: see FileWait

  long result = 0;  // a count, or -errno
  sys::Fd opened;
  sys::FileStatus status;
  std::string text;
  std::vector<sys::Entry> entries;

  std::atomic<bool> stop{false};  // nobody wants the bytes any more
  std::atomic<bool> finished{false};
  std::atomic<unsigned> refs{1};
  sys::FaultLoan faults;  // the loop's thread's
  Ref<RemoteLoop> home;
  FileWait* waiter = nullptr;  // home's thread

 private:
  long open();
  long read();
  long write();
  long read_whole();
  long write_whole();
  long make_dirs();
  long make_temporary();
  long carry_out();
};

/// `co_await FileWait(operation)`: has it carried out. A cancellation takes it back when nobody has
/// begun; else waits for its end, which gives the result but for a read, which is given up.
class FileWait final : public LibraryAwaiter, private RemoteWait {
 public:
  explicit FileWait(Ref<FileOperation> operation) noexcept : operation_(std::move(operation)) {}
  /// Before it waits.
  FileWait(FileWait&& other) noexcept : operation_(std::move(other.operation_)) {}
  FileWait& operator=(FileWait&&) = delete;
  /// A frame that is destroyed meanwhile takes its borrowed data along: waits for who uses them.
  ~FileWait();

  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) {
    start(self.promise());
  }
  /// Throws CancelledError. Errors of the operation are in it.
  void await_resume();

 private:
  friend FileOperation;
  friend class FilePool;
  void start(PromiseBase& leaf);
  void finish() noexcept;
  void loop_closed() noexcept override {}
  static bool cancel(TaskBase& task, const Ref<Message>& message) noexcept;
  static const WaitKind kKind;

  Ref<FileOperation> operation_;
  TaskBase* task_ = nullptr;
  LoopImpl* loop_ = nullptr;
  bool submitted_ = false;
};

inline Ref<FileOperation> make_operation(FileOperation::Kind kind, std::string path = {}) {
  auto operation = Ref<FileOperation>::adopt(new FileOperation(kind));
  operation->path = std::move(path);
  return operation;
}

inline std::string to_string(Text text) { return std::string(text.data(), text.size()); }

}  // namespace hob::detail
