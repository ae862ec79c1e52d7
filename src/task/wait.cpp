// SPDX-License-Identifier: MIT
#include <hob/task/wait.hpp>

#include <memory>
#include <unordered_set>

namespace hob::detail {

struct Distinct::Set : std::unordered_set<const FutureBase*> {};

Distinct::Distinct(std::size_t expected) : set_(new Set) { set_->reserve(expected); }
Distinct::~Distinct() { delete set_; }
bool Distinct::add(const FutureBase* future) { return set_->insert(future).second; }

namespace {

// One call of wait: its callbacks and its timer live in the coroutine's frame and leave with it.
class WaitState {
 public:
  WaitState(EventLoop& loop, const std::vector<Ref<FutureBase>>& futures,
            const WaitOptions& options)
      : loop_(loop),
        options_(options),
        left_(futures.size()),
        children_(std::make_unique<Child[]>(futures.size())) {
    timer_.run = &WaitState::on_timeout;
    timer_.state = this;
    if (!options.timeout.is_forever())
      start_timer(loop, timer_, (loop.time() + options.timeout).count_ns());
    for (std::size_t i = 0; i < futures.size(); ++i) {
      children_[i].state = this;
      futures[i]->add_callback(children_[i]);
    }
  }
  ~WaitState() { stop_timer(); }

  Signal finished;

 private:
  struct Child final : Callback {
    ~Child() { detach(); }
    void on_done(FutureBase& future) override { state->child_done(future); }
    void drop() noexcept override {}
    WaitState* state = nullptr;
  };
  struct Timer : TimerNode {
    WaitState* state = nullptr;
  };

  static void on_timeout(Node* node) { static_cast<Timer*>(node)->state->finished.set(); }
  void stop_timer() noexcept {
    if (timer_.linked()) cancel_timer(loop_, timer_);
  }
  void child_done(FutureBase& future) {
    --left_;
    const bool enough = left_ == 0 || options_.return_when == ReturnWhen::first_completed ||
                        (options_.return_when == ReturnWhen::first_exception &&
                         !future.cancelled() && future.exception() != nullptr);
    if (!enough) return;
    stop_timer();
    finished.set();
  }

  EventLoop& loop_;
  const WaitOptions& options_;
  std::size_t left_;
  std::unique_ptr<Child[]> children_;
  Timer timer_;
};

}  // namespace

Coro<> wait_futures(std::vector<Ref<FutureBase>> futures, WaitOptions options) {
  if (futures.empty()) raise_value_error("wait: the set of tasks or futures is empty");
  WaitState state(get_running_loop(), futures, options);
  co_await state.finished;
}

CompletionQueue::CompletionQueue(std::vector<Ref<FutureBase>> futures, Duration timeout)
    : left_(futures.size()), todo_(futures.size()), children_(new Child[futures.size()]) {
  ready_.reserve(futures.size());
  timer_.run = &CompletionQueue::on_timeout;
  timer_.queue = this;
  if (futures.empty()) return;
  loop_ = futures.front()->loop();
  for (std::size_t i = 0; i < futures.size(); ++i) {
    children_[i].queue = this;
    futures[i]->add_callback(children_[i]);
  }
  if (!timeout.is_forever()) start_timer(*loop_, timer_, (loop_->time() + timeout).count_ns());
}

CompletionQueue::~CompletionQueue() {
  delete[] children_;
  if (timer_.linked()) cancel_timer(*loop_, timer_);
}

// A place in the queue's line: woken when something was put, takes it at its turn if it is still
// there.
class CompletionQueue::Awaiter : public LibraryAwaiter {
 public:
  explicit Awaiter(CompletionQueue& queue) noexcept : queue_(queue) {}
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    PromiseBase& promise = self.promise();
    task_ = promise.task;
    task_->begin_wait(promise, kKind, nullptr);
    queue_.waiting_.push_back(task_->node());
    task_->end_wait();
  }
  void await_resume() const { task_->finish_wait(); }

 private:
  static constexpr WaitKind kKind{&TaskBase::cancel_linked, "as_completed"};
  CompletionQueue& queue_;
  TaskBase* task_ = nullptr;
};

void CompletionQueue::put(Ref<FutureBase> future) {
  ready_.push_back(std::move(future));
  if (!waiting_.empty()) TaskBase::of(static_cast<Node&>(waiting_.pop_front())).wake();
}

void CompletionQueue::Child::on_done(FutureBase& future) {
  if (queue->todo_ == 0) return;
  --queue->todo_;
  if (queue->todo_ == 0 && queue->timer_.linked()) cancel_timer(*queue->loop_, queue->timer_);
  queue->put(Ref<FutureBase>(&future));
}

void CompletionQueue::on_timeout(Node* node) {
  CompletionQueue& self = *static_cast<Timer*>(node)->queue;
  const std::size_t left = std::exchange(self.todo_, 0);
  for (std::size_t i = 0; i < left; ++i) self.put({});
}

Coro<Ref<FutureBase>> CompletionQueue::next() {
  if (left_ == 0) co_return {};
  --left_;
  while (given_ == ready_.size()) co_await Awaiter(*this);
  Ref<FutureBase> future = std::move(ready_[given_++]);
  if (!future) raise_timeout();
  co_return future;
}

}  // namespace hob::detail
