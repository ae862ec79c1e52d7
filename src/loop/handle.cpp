// SPDX-License-Identifier: MIT
#include <hob/loop/handle.hpp>

#include "loop/loop_impl.hpp"

#include <hob/core/error.hpp>
#include <hob/loop/exception_context.hpp>

namespace hob {
namespace detail {

void HandleState::cancel() noexcept {
  if (std::exchange(cancelled_, true)) return;
  drop();
  if (linked()) {
    cancel_timer(*loop_, *this);
    release();
  }
}

void HandleState::run_node(Node* node) {
  auto* handle = static_cast<HandleState*>(node);
  const Ref<HandleState> queued = Ref<HandleState>::adopt(handle);
  if (!handle->loop_->is_closed()) handle->invoke();
}

void HandleState::invoke() {
  const ContextScope scope(context_);
  try {
    call();
  } catch (const KeyboardInterrupt&) {
    throw;
  } catch (...) {
    ExceptionContext context;
    context.message = "Exception in callback";
    context.exception = std::current_exception();
    loop_->call_exception_handler(context);
  }
}

}  // namespace detail

ThreadSafeHandle::ThreadSafeHandle(detail::Ref<State> state) noexcept : state_(std::move(state)) {}
ThreadSafeHandle::ThreadSafeHandle(const ThreadSafeHandle&) noexcept = default;
ThreadSafeHandle::ThreadSafeHandle(ThreadSafeHandle&&) noexcept = default;
ThreadSafeHandle& ThreadSafeHandle::operator=(ThreadSafeHandle other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
ThreadSafeHandle::~ThreadSafeHandle() = default;

bool ThreadSafeHandle::cancel() noexcept { return state_ && state_->claim(State::Phase::cancelled); }
bool ThreadSafeHandle::cancelled() const noexcept {
  return state_ && state_->phase.load(std::memory_order_acquire) == State::Phase::cancelled;
}

}  // namespace hob
