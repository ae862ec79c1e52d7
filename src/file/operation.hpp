// SPDX-License-Identifier: MIT
// FileOperation: one request about files, with all that it needs, in the kernel's words; and the
// await of one. Whoever carries it out sees nothing but this: the loop's io_uring, for those kinds
// that it knows, else the pool of threads.
#pragma once

#include "file/script.hpp"
#include "loop/loop_impl.hpp"
#include "loop/ring_operation.hpp"
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
    write,       // fd, data, offset (negative: the descriptor's own), seekable -> result, offset
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
  /// Begins it on a ring; false when that has no such request. `ring` is null again at the end, and
  /// the waiter is told. Throws std::bad_alloc.
  bool perform_on(UringPoller& poller);
  /// Nobody wants it any more: asks for its end as far as that leaves no half-done work.
  void stop_on_ring() noexcept;
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

  // On a ring, or while a thread performs it.
  UringPoller* ring = nullptr;
  struct Step final : RingOperation {
    explicit Step(FileOperation& o) noexcept : RingOperation(&on_event), operation(&o) {}
    static void on_event(RingOperation& self, const sys::Ring::Event& event,
                         NodeList& ready) noexcept;
    FileOperation* operation;
    std::coroutine_handle<> script;  // to be resumed
    const sys::FileCall* call = nullptr;
    long result = 0;
    bool may_stop = false;
  };
  Step step{*this};  // the call that is under way
  /// The result of a script that has found that it has to go on in a thread: from the beginning.
  static constexpr long kNeedsThread = -1'000'000;
  FileScript script;

 private:
  bool suits(const UringPoller& poller) const noexcept;
  bool single_call(sys::FileCall& call) const noexcept;
  void script_ended() noexcept;
  FileScript carry_out();
  FileScript only();
  FileScript open();
  FileScript read();
  FileScript write();
  FileScript read_whole();
  FileScript write_whole();
  FileScript append(int from, std::size_t limit, std::int64_t at, std::size_t expected,
                    bool may_lose);
  FileScript write_all(int to, std::int64_t at, bool may_stop);
  long perform_here();
  long make_dirs();
  long make_temporary();
};

/// `co_await FileWait(operation)`: has it carried out. A cancellation takes it back when nobody has
/// begun; else waits for its end, which gives the result but for a read, which is given up, and for
/// what a ring could stop before anything had happened.
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
  friend struct FileOperation;
  friend class FilePool;
  void start(PromiseBase& leaf);
  void finish() noexcept;
  void abandon_on_ring() noexcept;
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
