// SPDX-License-Identifier: MIT
#include <hob/stream/read_awaiter.hpp>

#include "loop/loop_impl.hpp"
#include "stream/stream_state.hpp"

#include <hob/core/raise.hpp>
#include <hob/stream/errors.hpp>

namespace hob::detail {

const WaitKind ReadAwaiter::kKind{&ReadAwaiter::cancel, "a stream to read"};

bool ReadAwaiter::await_ready() noexcept {
  if (!stream_) [[unlikely]] {
    state_ = State::empty;
    return true;
  }
  if (stream_->reading()) {
    state_ = State::busy;
    return true;
  }
  if (stream_->core().loop->impl().may_hurry()) return stream_->advance(*this);
  soon_ = true;
  return false;
}

void ReadAwaiter::suspend(PromiseBase& leaf) noexcept {
  task_ = leaf.task;
  task_->begin_wait(leaf, kKind, this);
  task_->run = &on_ready;
  waiting_ = true;
  stream_->wait_read(*this, soon_);
  task_->end_wait();
}

void ReadAwaiter::on_ready(Node* node) {
  TaskBase& task = TaskBase::of(*node);
  auto& self = *static_cast<ReadAwaiter*>(task.wait_object());
  self.stream_->read_woken();
  if (!self.stream_->advance(self)) return self.stream_->wait_read(self, self.soon_);
  self.waiting_ = false;
  TaskBase::step(node);
}

bool ReadAwaiter::cancel(TaskBase& task, const Ref<Message>& message) noexcept {
  if (task.wake_pending()) return false;
  auto& self = *static_cast<ReadAwaiter*>(task.wait_object());
  self.leave();
  task.set_wait_cancelled(message);
  task.wake();
  return true;
}

void ReadAwaiter::leave() noexcept {
  waiting_ = false;
  stream_->leave_read();
}

std::string_view ReadAwaiter::finish() {
  if (task_) task_->finish_wait();
  if (state_ != State::done) [[unlikely]]
    raise();
  return stream_->unread().substr(0, taken_);
}

void ReadAwaiter::consume() noexcept { stream_->lend(taken_); }

std::string ReadAwaiter::take() {
  std::string bytes(finish());
  consume();
  return bytes;
}

void ReadAwaiter::raise() {
  switch (state_) {
    case State::incomplete: {
      std::string partial(stream_->unread());
      stream_->lend(partial.size());
      throw IncompleteReadError(std::move(partial),
                                what_ == What::exactly ? size_ : IncompleteReadError::kUnknown);
    }
    case State::too_long:
    case State::not_found: {
      const char* text = state_ == State::too_long
                             ? "Separator is found, but chunk is longer than limit"
                             : "Separator is not found, and chunk exceed the limit";
      if (what_ != What::line) throw LimitOverrunError(text, taken_);
      // As asyncio: the line is dropped as far as it is known.
      stream_->lend(state_ == State::too_long ? taken_ + 1 : stream_->unread().size());
      raise_value_error(text);
    }
    case State::failed:
      if (stream_->error()) std::rethrow_exception(stream_->error());
      raise_runtime_error("the stream was lost");
    case State::busy:
      raise_runtime_error(
          "read() called while another coroutine is already waiting for incoming data");
    case State::empty:
      raise_runtime_error(
          "an empty StreamReader: where it comes from there is no stream (a Process "
          "has those that are PIPE)");
    case State::misused:
      raise_value_error("Separator should be at least one-byte string");
    case State::pending:
    case State::done:
      break;
  }
  raise_runtime_error("a read has no outcome");
}

}  // namespace hob::detail
