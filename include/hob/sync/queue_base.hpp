// SPDX-License-Identifier: MIT
// QueueBase: a queue without its items: who waits for one or for room, what is unfinished, whether
// it is shut down.
#pragma once

#include <hob/sync/event.hpp>
#include <hob/sync/waiters.hpp>
#include <hob/task/awaitable.hpp>

#include <coroutine>
#include <cstddef>

namespace hob::detail {

enum class QueueSide : bool { get, put };
template <QueueSide>
class QueueWait;

class QueueBase {
 public:
  QueueBase(const QueueBase&) = delete;
  QueueBase& operator=(const QueueBase&) = delete;

  /// How many items are in it.
  std::size_t qsize() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  /// Whether it holds `maxsize` items; never, when that is 0 or less.
  bool full() const noexcept { return maxsize_ > 0 && size_ >= static_cast<std::size_t>(maxsize_); }
  std::ptrdiff_t maxsize() const noexcept { return maxsize_; }

  /// Says that the work on an item that was got is done. Never suspends.
  /// Throws ValueError when called more often than items were put.
  void task_done() {
    if (unfinished_ == 0) [[unlikely]]
      raise_too_many_done();
    if (--unfinished_ == 0) finished_.set();
  }
  /// Suspends until every item that was put is got and done; not at all when that is so.
  /// Cancellation has no effect on the queue.
  [[nodiscard]] EventAwaiter join() noexcept { return finished_.wait(); }

 protected:
  explicit QueueBase(std::ptrdiff_t maxsize) noexcept : maxsize_(maxsize) { finished_.set(); }
  ~QueueBase() = default;

  void check_can_put() const {
    if (shut_down_ || full()) [[unlikely]]
      raise_cannot_put();
  }
  void check_can_get() const {
    if (empty()) [[unlikely]]
      raise_cannot_get();
  }
  void item_added(std::size_t size_now) noexcept {
    size_ = size_now;
    ++unfinished_;
    finished_.clear();
    getters_.wake_next();
  }
  void item_removed(std::size_t size_now) noexcept {
    size_ = size_now;
    putters_.wake_next();
  }
  /// `immediate`: the items are gone.
  void shut_down(bool immediate) noexcept;

 private:
  template <QueueSide>
  friend class QueueWait;

  [[noreturn]] void raise_cannot_put() const;
  [[noreturn]] void raise_cannot_get() const;
  [[noreturn]] static void raise_too_many_done();

  WaitQueue getters_;
  WaitQueue putters_;
  Event finished_;  // nothing is unfinished
  LoopBound loop_;
  std::size_t size_ = 0;
  std::ptrdiff_t maxsize_;
  std::size_t unfinished_ = 0;
  bool shut_down_ = false;
};

/// Waiting for an item, or for room. A task that is woken looks again, because another may have
/// been faster, and then goes to the end of the line; all without resuming the coroutine.
template <QueueSide side>
class QueueWait : public LibraryAwaiter {
 public:
  bool await_ready() noexcept { return over() || link_.refused_by(queue_->loop_); }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    start(self.promise());
  }

 protected:
  explicit QueueWait(QueueBase& queue) noexcept : queue_(&queue) {}
  /// The first half of await_resume; throws when cancelled.
  void finish_wait() {
    if (link_.used()) finish();
  }

  QueueBase* queue_;

 private:
  static const QueuedWait kKind;
  static void look_again(Node* node);
  void start(PromiseBase& leaf) noexcept;
  void finish();
  bool possible() const noexcept {
    return side == QueueSide::get ? !queue_->empty() : !queue_->full();
  }
  bool over() const noexcept { return possible() || queue_->shut_down_; }
  WaitQueue& line() const noexcept {
    return side == QueueSide::get ? queue_->getters_ : queue_->putters_;
  }

  WaitLink link_;
};

extern template class QueueWait<QueueSide::get>;
extern template class QueueWait<QueueSide::put>;

}  // namespace hob::detail
