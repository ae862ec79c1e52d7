// SPDX-License-Identifier: MIT
// The end of async generators: what an operation throws, and who closes one that was left
// unfinished.
#include <hob/task/async_generator.hpp>

#include "sys/syscall.hpp"
#include "task/report.hpp"

#include <hob/core/error.hpp>
#include <hob/task/gather.hpp>
#include <hob/task/task.hpp>

#include <cstdio>
#include <string>
#include <typeinfo>
#include <vector>

namespace hob {
namespace detail {
namespace {

using GeneratorRef = Ref<AsyncGeneratorBase>;
using State = AsyncGeneratorBase::State;

template <class E>
bool is_exactly(const std::exception_ptr& error) noexcept {
  return exception_object(error, &typeid(E)) != nullptr;
}

std::exception_ptr runtime_error(const char* what) {
  return std::make_exception_ptr(RuntimeError(what));
}

// What an operation throws that found the generator in a state where it cannot begin.
std::exception_ptr refusal(const AsyncGeneratorBase& generator, AsyncGeneratorCall call) {
  using enum AsyncGeneratorCall;
  switch (generator.state()) {
    case State::running:
      return runtime_error(call == next ? "anext(): asynchronous generator is already running"
                           : call == throw_
                               ? "athrow(): asynchronous generator is already running"
                               : "aclose(): asynchronous generator is already running");
    case State::created:
      return std::make_exception_ptr(
          TypeError("can't send non-None value to a just-started async generator"));
    case State::suspended:  // it ignored an aclose before
      if (call == close) return std::make_exception_ptr(StopAsyncIteration());
      return nullptr;
    case State::finished:
      return nullptr;
  }
  return nullptr;
}

// The body of the task that closes a generator. Unlike an ordinary coroutine it runs also when its
// task is cancelled before the first step: then the generator sees the CancelledError in place of
// GeneratorExit.
class CloseInTask : public AcloseAwaiter {
 public:
  using AcloseAwaiter::AcloseAwaiter;
  template <class P>
  Transfer await_suspend(std::coroutine_handle<P> self) {
    TaskBase& task = *self.promise().task;
    if (!task.must_cancel()) return AcloseAwaiter::await_suspend(self);
    task.clear_cancel();
    generator_->error = make_cancelled_error(task.cancel_message());
    return enter_to_close(self.promise());
  }
};

Coro<> close_generator(GeneratorRef generator) {
  generator->close_began = true;
  co_await CloseInTask(*generator);
}

Task<> start_closing(EventLoop& loop, const GeneratorRef& generator) {
  generator->close_began = false;
  Task<> task = loop.create_task(close_generator(generator));
  if (!generator->close_began) task.base().node().run = &TaskBase::step;  // see CloseInTask
  return task;
}

void close_soon(const GeneratorRef& generator) {
  if (EventLoop* loop = generator->loop_core->loop) start_closing(*loop, generator);
}

void warn_after_shutdown(const AsyncGeneratorBase& generator) noexcept {
  try {
    const std::string text = "ResourceWarning: asynchronous generator " + generator.repr() +
                             " was scheduled after loop.shutdown_asyncgens() call\n";
    sys::write_stderr(text.data(), text.size());
  } catch (...) {  // out of memory: the warning is lost
  }
}

}  // namespace

AsyncGeneratorBase::~AsyncGeneratorBase() {
  error.take();  // one that was thrown in and not taken out
  if (linked()) unlink();
  if (loop_core) loop_core->release();
}

std::string AsyncGeneratorBase::repr() const {
  char address[32];
  std::snprintf(address, sizeof address, "%p", static_cast<const void*>(this));
  return "<async_generator object " + short_function_name(function.function_name()) + " at " +
         address + ">";
}

void AsyncGeneratorBase::enlist(TaskBase& first) noexcept {
  loop_core = &first.core();
  loop_core->retain();
  if (loop_core->generators_shut_down) warn_after_shutdown(*this);
  loop_core->generators.push_back(*this);
}

void AsyncGeneratorBase::drop() noexcept {
  // A running one is destroyed only with its task, when the loop is closed.
  const bool unfinished = state_ == State::suspended && !closed && !finalized;
  finalized = true;
  if (!unfinished || !loop_core->loop || loop_core->closed) return destroy();
  if (linked()) unlink();
  EventLoop& loop = *loop_core->loop;
  refs_ = 1;
  try {
    // From here on whoever fails destroys the frame, with the last Ref.
    loop.call_soon(&close_soon, GeneratorRef::adopt(this));
  } catch (...) {
    ExceptionContext context;
    context.message = "an asynchronous generator could not be closed";
    context.exception = std::current_exception();
    loop.call_exception_handler(context);
  }
}

bool AcloseAwaiter::await_ready() noexcept {
  if (generator_->can_throw()) return false;
  if (generator_->state() == State::created) generator_->finish();
  return true;
}

std::exception_ptr AsyncGeneratorAwaiter::take_error_slow() {
  std::exception_ptr error = generator_->error.take();
  if (!std::exchange(began_, false)) return refusal(*generator_, call_);
  if (is_exactly<StopAsyncIteration>(error)) {
    return runtime_error("async generator raised StopAsyncIteration");
  }
  if (call_ != AsyncGeneratorCall::close) return error;
  if (is_exactly<GeneratorExit>(error)) return nullptr;
  if (!std::exchange(generator_->fresh, false)) return error;
  return runtime_error("async generator ignored GeneratorExit");
}

}  // namespace detail

Coro<> EventLoop::shutdown_asyncgens() {
  using namespace detail;
  core_.generators_shut_down = true;
  std::vector<GeneratorRef> generators;
  std::vector<Task<>> closing;
  while (!core_.generators.empty()) {
    generators.emplace_back(&AsyncGeneratorBase::of(core_.generators.pop_front()));
  }
  if (generators.empty()) co_return;
  for (const GeneratorRef& generator : generators)
    closing.push_back(start_closing(*this, generator));
  const std::vector<Result<>> results = co_await gather(return_exceptions, closing);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::exception_ptr& error = results[i].exception();
    // Python reports an Exception here, and passes over what is only a BaseException.
    if (!error || is_cancelled_error(error) || is_exactly<GeneratorExit>(error)) continue;
    ExceptionContext context;
    context.message =
        "an error occurred during closing of asynchronous generator " + generators[i]->repr();
    context.exception = error;
    call_exception_handler(context);
  }
}

}  // namespace hob
