// SPDX-License-Identifier: MIT
#include <hob/loop/handle.hpp>

#include "loop/loop_impl.hpp"
#include "sys/syscall.hpp"

#include <hob/core/error.hpp>
#include <hob/loop/exception_context.hpp>

#include <cstdio>

namespace hob {
namespace detail {

void HandleState::cancel() noexcept {
  if (std::exchange(cancelled_, true)) return;
  if (!running_) {
    dropped_ = true;
    drop();
  }
  if (linked()) {
    cancel_timer(*loop_, *this);
    release();
  }
}

namespace {

// Runs a callback in its context; its exception goes to the loop's handler (KeyboardInterrupt
// leaves).
template <class Call>
void run_callback(EventLoop& loop, ContextSlot& slot, Call call) {
  const ContextScope scope(slot);
  const bool timed = loop.get_debug();
  const Duration before = timed ? loop.time() : Duration();
  try {
    call();
  } catch (const KeyboardInterrupt&) {
    throw;
  } catch (...) {
    ExceptionContext context;
    context.message = "Exception in callback";
    context.exception = std::current_exception();
    loop.call_exception_handler(context);
  }
  if (!timed) return;
  if (const Duration took = loop.time() - before; took >= loop.slow_callback_duration()) {
    char text[64];
    const int size = std::snprintf(text, sizeof text, "Executing a callback took %.3f seconds\n",
                                   took.seconds());
    sys::write_stderr(text, static_cast<unsigned long>(size));
  }
}

}  // namespace

void HandleState::run_unusually() {
  if (!loop_->is_closed()) invoke();
}

void HandleState::report_failure() {
  try {
    throw;
  } catch (const KeyboardInterrupt&) {
    throw;
  } catch (...) {
    ExceptionContext context;
    context.message = "Exception in callback";
    context.exception = std::current_exception();
    loop_->call_exception_handler(context);
  }
}

void HandleState::invoke() {
  running_ = true;
  run_callback(*loop_, context_, [this] { call(); });
  running_ = false;
}

}  // namespace detail

void ThreadSafeHandle::State::run_node(detail::Node* node) {
  const auto item = detail::Ref<State>::adopt(static_cast<State*>(node));
  // Callback and context leave the item here, whoever holds it last: they belong to this thread
  // now.
  Function<void()> call = std::move(item->fn);
  detail::ContextSlot slot = std::move(item->context);
  if (item->loop.is_closed() || !item->claim(Phase::taken)) return;
  detail::run_callback(item->loop, slot, std::move(call));
}

ThreadSafeHandle::ThreadSafeHandle() noexcept = default;
ThreadSafeHandle::ThreadSafeHandle(detail::Ref<State> state) noexcept : state_(std::move(state)) {}
ThreadSafeHandle::ThreadSafeHandle(const ThreadSafeHandle&) noexcept = default;
ThreadSafeHandle::ThreadSafeHandle(ThreadSafeHandle&&) noexcept = default;
ThreadSafeHandle& ThreadSafeHandle::operator=(ThreadSafeHandle other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
ThreadSafeHandle::~ThreadSafeHandle() = default;

bool ThreadSafeHandle::cancel() noexcept {
  return state_ && state_->claim(State::Phase::cancelled);
}
bool ThreadSafeHandle::cancelled() const noexcept {
  return state_ && state_->phase.load(std::memory_order_acquire) == State::Phase::cancelled;
}

}  // namespace hob
