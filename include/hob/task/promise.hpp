// SPDX-License-Identifier: MIT
// PromiseBase: what every suspended coroutine of Hob carries: who awaits it, which task it runs in,
// and at which line it waits. And the one place that knows how control passes from coroutine to
// coroutine.
#pragma once

#include <coroutine>
#include <exception>
#include <source_location>
#include <utility>

// Symmetric transfer needs a guaranteed tail call: clang gives it always, g++ only with
// optimisation and without sanitizers. Elsewhere the task's step loop resumes the next coroutine
// itself (a trampoline).
#if !defined(HOB_TRAMPOLINE)
#if defined(__clang__)
#define HOB_TRAMPOLINE 0
#elif defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HOB_TRAMPOLINE 0
#else
#define HOB_TRAMPOLINE 1
#endif
#endif

namespace hob::detail {

class TaskBase;

/// The exception that ended a coroutine. Whoever awaits takes it out in the same step, before the
/// frame goes: so the destructor has nothing to do, and a frame that ended well does not pay for
/// looking.
class EndError {
 public:
  EndError() noexcept : error_() {}
  EndError(const EndError&) = delete;
  EndError& operator=(std::exception_ptr error) noexcept {
    error_ = std::move(error);
    return *this;
  }
  ~EndError() {}
  explicit operator bool() const noexcept { return static_cast<bool>(error_); }
  std::exception_ptr take() noexcept { return std::move(error_); }

 private:
  union {
    std::exception_ptr error_;
  };
};

struct PromiseBase {
  PromiseBase* continuation = nullptr;  // the coroutine that awaits this one; null at a task's root
  TaskBase* task = nullptr;             // inherited when awaited
  std::source_location
      location;  // of the co_await where it is suspended; at first, of the function
  EndError error;

  void resume() noexcept { std::coroutine_handle<PromiseBase>::from_promise(*this).resume(); }
  void destroy() noexcept { std::coroutine_handle<PromiseBase>::from_promise(*this).destroy(); }
};

#if HOB_TRAMPOLINE
using Transfer = void;
#else
using Transfer = std::coroutine_handle<>;
#endif

/// Returned from await_suspend: control goes on in `next`.
Transfer transfer_to(PromiseBase& next) noexcept;
/// Returned from await_suspend: control goes back to the loop.
Transfer transfer_to_loop() noexcept;

}  // namespace hob::detail
