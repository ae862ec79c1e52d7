// SPDX-License-Identifier: MIT
#include <hob/task/timeout.hpp>

namespace hob {

Timeout::Timeout(detail::TaskBase& task, Duration when, bool keep_result)
    : task_(task),
      when_(when),
      context_(&detail::current_context_state()),
      outer_deadline_ns_(context_->deadline_ns),
      cancelling_(task.cancelling()),
      keep_result_(keep_result) {
  timer_.run = &Timeout::on_timeout;
  timer_.owner = this;
  reschedule(when);
}

Timeout::~Timeout() {
  disarm();
  context_->deadline_ns = outer_deadline_ns_;
}

void Timeout::publish() noexcept {
  context_->deadline_ns =
      when_.count_ns() < outer_deadline_ns_ ? when_.count_ns() : outer_deadline_ns_;
}

void Timeout::disarm() noexcept {
  if (timer_.linked()) detail::cancel_timer(*task_.loop(), timer_);
}

void Timeout::reschedule(Duration when) {
  if (state_ != State::entered) {
    detail::raise_runtime_error(
        state_ == State::expiring  ? "Cannot change state of expiring Timeout"
        : state_ == State::expired ? "Cannot change state of expired Timeout"
                                   : "Cannot change state of finished Timeout");
  }
  when_ = when;
  publish();
  disarm();
  if (when.is_forever()) return;
  EventLoop& loop = *task_.loop();
  if (when <= loop.time()) {
    timer_.when_ns = when.count_ns();
    loop.core().ready.push_back(timer_);
  } else {
    detail::start_timer(loop, timer_, when.count_ns());
  }
}

void Timeout::on_timeout(detail::Node* node) {
  Timeout& self = *static_cast<Timer*>(node)->owner;
  if (self.keep_result_ && !self.deferred_ && self.task_.wake_pending()) {
    self.deferred_ = true;
    self.task_.core().ready.push_back(self.timer_);
    return;
  }
  self.state_ = State::expiring;
  self.task_.cancel({});
}

Deadline Deadline::current() {
  get_running_loop();
  const detail::ContextSlot& slot = detail::current_context();
  return Deadline(slot ? Duration::nanoseconds(slot->deadline_ns) : Duration::forever());
}

Duration Deadline::remaining() const {
  return when_.is_forever() ? when_ : when_ - get_running_loop().time();
}

void Timeout::exit(const std::exception_ptr& error) {
  disarm();
  if (state_ == State::entered) {
    state_ = State::exited;
    return;
  }
  state_ = State::expired;
  // No more cancellations than at entry: the one that is under way is our own.
  if (task_.uncancel() <= cancelling_ && error && detail::is_cancelled_error(error))
    detail::raise_timeout();
}

namespace detail {

Duration deadline_after(Duration delay) {
  return delay.is_forever() ? delay : get_running_loop().time() + delay;
}

namespace {

class SetSignal final : public Callback {
 public:
  explicit SetSignal(Signal& signal) noexcept : signal_(signal) {}
  ~SetSignal() { detach(); }

 private:
  void on_done(FutureBase&) override { signal_.set(); }
  void drop() noexcept override {}
  Signal& signal_;
};

}  // namespace

Coro<> cancel_and_wait(Ref<FutureBase> future) {
  Signal done;
  SetSignal callback(done);
  future->add_callback(callback);
  future->cancel({});
  co_await done;
}

void check_cancelled_future(FutureBase& future) {
  if (std::exception_ptr error = future.outcome_error(); error && is_cancelled_error(error))
    raise_timeout();
}

}  // namespace detail
}  // namespace hob
