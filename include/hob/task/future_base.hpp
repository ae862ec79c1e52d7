// SPDX-License-Identifier: MIT
// FutureBase: state, callbacks and error of a future, without its value. What Future, Task, gather
// and shield have in common; non-template code sees futures as this.
#pragma once

#include <hob/core/memory.hpp>
#include <hob/core/message.hpp>
#include <hob/core/node.hpp>
#include <hob/core/raise.hpp>
#include <hob/core/ref.hpp>
#include <hob/loop/event_loop.hpp>

#include <cassert>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <source_location>

namespace hob {

/// asyncio.Future's states.
enum class FutureStatus : std::uint8_t { pending, cancelled, finished };

namespace detail {

class FutureBase;

/// Something to run, as a handle of its own, once a future is done. Linked into the future until
/// then.
class Callback : public Node {
 public:
  Callback() noexcept { run = &Callback::run_node; }
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;
  static void run_node(Node* node);
  /// Whether a node in a future's list is a callback: else it is a waiting task's.
  static bool is(const Node& node) noexcept { return node.run == &Callback::run_node; }
  /// Leaves the future, or the ready queue: it will not be called. No effect when in neither.
  void detach() noexcept;
  /// The future is done and this is in the ready queue: counts it until `on_done` has returned.
  void hold(FutureBase& future) noexcept;

  /// Called by the loop, once. The future is done, and lives until this returns.
  virtual void on_done(FutureBase& future) = 0;
  /// Asked in the turn in which the future is done: true when `on_done` would have nothing to do.
  /// Then nothing is called any more, and this may be gone.
  virtual bool done_early(FutureBase& future) noexcept {
    static_cast<void>(future);
    return false;
  }
  /// Called instead of `on_done` when the future was destroyed before it was done, or the loop was
  /// closed.
  virtual void drop() noexcept = 0;
  /// Not 0: what remove_done_callback knows it by.
  virtual std::uint64_t id() const noexcept { return 0; }
  /// The future that waits for this one through the callback (gather's, shield's); for the call
  /// graph.
  virtual FutureBase* dependent() const noexcept { return nullptr; }

 protected:
  ~Callback() = default;

 private:
  FutureBase* future_ = nullptr;
};

/// Counted without atomics: a future belongs to its loop's thread.
class FutureBase : public Pooled {
 public:
  explicit FutureBase(EventLoop& loop) noexcept : FutureBase(loop.core()) {}
  explicit FutureBase(LoopCore& core, bool is_task = false) noexcept
      : core_(&core), is_task_(is_task) {
    core_->retain();
  }
  FutureBase(const FutureBase&) = delete;
  FutureBase& operator=(const FutureBase&) = delete;
  [[gnu::always_inline]] inline virtual ~FutureBase() {
    if (status_ == FutureStatus::finished) [[likely]] {
      if (error_) error_.~exception_ptr();
    } else {
      end_unfinished();
    }
    core_->release();
  }

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }
  bool unique() const noexcept { return refs_ == 1; }

  LoopCore& core() const noexcept { return *core_; }
  /// Null once the loop is destroyed.
  EventLoop* loop() const noexcept { return core_->loop; }
  FutureStatus status() const noexcept { return status_; }
  bool done() const noexcept { return status_ != FutureStatus::pending; }
  bool cancelled() const noexcept { return status_ == FutureStatus::cancelled; }
  bool is_task() const noexcept { return is_task_; }
  bool finished_with_value() const noexcept { return status_ == FutureStatus::finished && !error_; }

  /// Cancels; gives false when it was done already. Overridden by what forwards a cancel.
  virtual bool cancel(Ref<Message> message) noexcept;
  void set_exception(std::exception_ptr error);
  /// The exception, null when it finished with a value. Throws InvalidStateError, CancelledError.
  std::exception_ptr exception();
  /// The same for a cancelled one too, as a CancelledError. Must be done. Marks it as retrieved.
  std::exception_ptr outcome_error();
  /// The same for `gather`'s list of results, as asyncio has it: without a message that is for the
  /// first who asks.
  std::exception_ptr gathered_error();
  /// Throws what an await or `result()` throws; returns when there is a value.
  void check_value() {
    if (!finished_with_value()) [[unlikely]]
      throw_outcome();
  }
  void mark_retrieved() noexcept { log_error_ = false; }
  /// Whether there is an exception that nobody has retrieved: what the last handle would report.
  bool log_error() const noexcept { return log_error_; }

  void add_callback(Callback& callback) noexcept;
  /// Drops the pending callback of that id; gives how many there were.
  int remove_callback(std::uint64_t id) noexcept;
  NodeList& callbacks() noexcept { return callbacks_; }

  /// How reports name it: `<Future pending>`, `<Task finished name='Task-2' ...>`.
  virtual void describe(std::string& out) const;
  virtual std::source_location source() const noexcept { return {}; }

 protected:
  void require_pending() const {
    if (done()) [[unlikely]]
      raise_done();
  }
  /// The state changes; then whoever waits is scheduled, in order.
  void finish(FutureStatus status) noexcept {
    change_status(status);
    schedule_waiters();
  }
  void change_status(FutureStatus status) noexcept {
    assert(status_ == FutureStatus::pending);
    if (status == FutureStatus::finished) {
      message_.~Ref();
      ::new (&error_) std::exception_ptr();
    }
    status_ = status;
  }
  void schedule_waiters() noexcept {
    if (callbacks_.empty()) return;
    if (callbacks_.has_one() && !Callback::is(*callbacks_.front()) && !core_->closed) [[likely]] {
      core_->ready.push_back(callbacks_.pop_only());  // most futures are awaited by one task
    } else {
      run_callbacks();
    }
  }
  /// `for_first`: only the first who asks gets the message. So it is with a task that ended by a
  /// CancelledError: asyncio hands that very exception out, once.
  void finish_cancelled(Ref<Message> message, bool for_first = false) noexcept;
  void finish_error(std::exception_ptr error) noexcept;
  void finish_value() noexcept { finish(FutureStatus::finished); }
  Ref<Message> take_cancel_message() noexcept;
  void run_callbacks() noexcept;
  void end_unfinished() noexcept;
  void report_error() noexcept;
  [[noreturn]] void throw_outcome();
  [[noreturn]] static void raise_done();
  /// "exception was never retrieved"; each final class calls it in its destructor, while it can
  /// describe itself.
  void report_unretrieved() noexcept {
    if (log_error_) [[unlikely]]
      report_error();
  }

  LoopCore* core_;
  NodeList callbacks_;
  union {
    Ref<Message> message_ = {};  // of a cancellation, until finished
    std::exception_ptr error_;   // once finished; null beside a value
  };
  std::uint32_t refs_ = 1;
  std::uint16_t cancelling_ = 0;  // Task: cancels requested and not yet undone
  FutureStatus status_ = FutureStatus::pending;
  bool is_task_ : 1;
  bool log_error_ : 1 = false;  // an exception that nobody has retrieved
  // Of TaskBase, here to fill the word.
  bool must_cancel_ : 1 = false;     // throw CancelledError at the next wake-up
  bool woken_ : 1 = false;           // the wait is over and the wake-up is on its way
  bool wait_cancelled_ : 1 = false;  // ... because the wait was cancelled; once done: `for_first`
  bool transfer_ : 1 = false;        // trampoline: `leaf_` is to be resumed in this step
  bool root_done_ : 1 = false;       // the root coroutine reached its end
  bool log_destroy_ : 1 = true;      // report when destroyed while pending
};

}  // namespace detail
}  // namespace hob
