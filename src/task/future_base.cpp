// SPDX-License-Identifier: MIT
#include <hob/task/future_base.hpp>

#include <hob/core/error.hpp>
#include "task/report.hpp"

#include <hob/task/future.hpp>

#include <cassert>
#include <memory>
#include <string>

namespace hob::detail {

void Callback::run_node(Node* node) {
  auto* callback = static_cast<Callback*>(node);
  const auto future = Ref<FutureBase>::adopt(std::exchange(callback->future_, nullptr));
  if (future->core().closed) return callback->drop();
  callback->on_done(*future);
}

void Callback::hold(FutureBase& future) noexcept {
  future_ = &future;
  future.retain();
}

void Callback::detach() noexcept {
  if (!linked()) return;
  unlink();
  if (FutureBase* future = std::exchange(future_, nullptr)) future->release();
}

void FutureBase::end_unfinished() noexcept {
  while (!callbacks_.empty()) static_cast<Callback&>(callbacks_.pop_front()).drop();
  message_.~Ref();
}

bool FutureBase::cancel(Ref<Message> message) noexcept {
  mark_retrieved();  // as asyncio: whoever cancels does not care for the outcome
  if (done()) return false;
  finish_cancelled(std::move(message));
  return true;
}

void FutureBase::set_exception(std::exception_ptr error) {
  require_pending();
  if (!error) raise_value_error("set_exception: the exception_ptr is null");
  finish_error(std::move(error));
}

std::exception_ptr FutureBase::exception() {
  if (!done()) raise_invalid_state("Exception is not set.");
  if (cancelled()) raise_cancelled(take_cancel_message());
  log_error_ = false;
  return error_;
}

std::exception_ptr FutureBase::outcome_error() {
  assert(done());
  if (cancelled()) return make_cancelled_error(take_cancel_message());
  log_error_ = false;
  return error_;
}

std::exception_ptr FutureBase::gathered_error() {
  if (!cancelled()) return outcome_error();
  return make_cancelled_error(wait_cancelled_ ? Ref<Message>() : message_);
}

Ref<Message> FutureBase::take_cancel_message() noexcept {
  return wait_cancelled_ ? std::exchange(message_, {}) : message_;
}

void FutureBase::throw_outcome() {
  if (!done()) raise_invalid_state("Result is not set.");
  if (cancelled()) raise_cancelled(take_cancel_message());
  log_error_ = false;
  std::rethrow_exception(error_);
}

void FutureBase::raise_done() { raise_invalid_state("invalid state: the future is already done"); }

void FutureBase::add_callback(Callback& callback) noexcept {
  callbacks_.push_back(callback);
  if (done()) schedule_waiters();
}

int FutureBase::remove_callback(std::uint64_t id) noexcept {
  for (Link* link = callbacks_.front(); link != callbacks_.end(); link = link->next) {
    auto* node = static_cast<Node*>(link);
    if (!Callback::is(*node)) continue;
    auto* callback = static_cast<Callback*>(node);
    if (callback->id() != id) continue;
    callback->unlink();
    callback->drop();
    return 1;
  }
  return 0;
}

std::uint64_t next_callback_id() noexcept {
  static thread_local std::uint64_t last = 0;
  return ++last;
}

void run_user_callback(FutureBase& future, ContextSlot& slot, Function<void()> call) {
  const ContextScope scope(slot);
  try {
    call();
  } catch (const KeyboardInterrupt&) {
    throw;
  } catch (...) {
    ExceptionContext context;
    context.message = "Exception in callback";
    context.exception = std::current_exception();
    future.describe(context.future);
    report(future.core(), context);
  }
}

void FutureBase::run_callbacks() noexcept {
  if (core_->closed) [[unlikely]] {
    while (!callbacks_.empty()) {
      Node& node = callbacks_.pop_front();
      if (Callback::is(node)) static_cast<Callback&>(node).drop();
    }
    return;
  }
  const Ref<FutureBase> alive(this);
  do {
    Node& node = callbacks_.pop_front();
    if (Callback::is(node)) {  // a waiting task holds the future itself
      auto& callback = static_cast<Callback&>(node);
      if (callback.done_early(*this)) continue;
      callback.hold(*this);
    }
    core_->ready.push_back(node);
  } while (!callbacks_.empty());
}

void FutureBase::finish_cancelled(Ref<Message> message, bool for_first) noexcept {
  message_ = std::move(message);
  wait_cancelled_ = for_first;
  finish(FutureStatus::cancelled);
}

void FutureBase::finish_error(std::exception_ptr error) noexcept {
  change_status(FutureStatus::finished);
  error_ = std::move(error);
  log_error_ = true;
  schedule_waiters();
}

void FutureBase::describe(std::string& out) const {
  switch (status_) {
    case FutureStatus::pending:
      out += "<Future pending>";
      break;
    case FutureStatus::cancelled:
      out += "<Future cancelled>";
      break;
    case FutureStatus::finished:
      out += error_ ? "<Future finished exception>" : "<Future finished>";
      break;
  }
}

void FutureBase::report_error() noexcept {
  log_error_ = false;
  try {
    ExceptionContext context;
    context.message =
        is_task_ ? "Task exception was never retrieved" : "Future exception was never retrieved";
    context.exception = error_;
    describe(context.future);
    context.source = format_location(source());
    report(*this, context);
  } catch (...) {  // out of memory: the report is lost, the program goes on
  }
}

}  // namespace hob::detail
