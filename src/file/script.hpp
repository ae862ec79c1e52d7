// SPDX-License-Identifier: MIT
// FileScript: what a FileOperation does, written once as a coroutine over single system calls: a
// thread of the pool makes them one after the other and never suspends; a loop on io_uring queues
// each and goes on when it has completed.
#pragma once

#include "sys/file_call.hpp"

#include <coroutine>
#include <cstdlib>
#include <exception>
#include <utility>

namespace hob::detail {

struct FileOperation;

/// Gives a count, or -errno. Starts when it is awaited by another script, or by `start`.
class FileScript {
 public:
  struct promise_type {
    FileScript get_return_object() noexcept {
      return FileScript(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    struct Final {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        const std::coroutine_handle<> next = self.promise().parent;
        return next ? next : std::noop_coroutine();
      }
      void await_resume() const noexcept {}
    };
    Final final_suspend() const noexcept { return {}; }
    void return_value(long value) noexcept { result = value; }
    void unhandled_exception() noexcept;  // no memory for the result

    long result = 0;
    std::coroutine_handle<> parent;
  };

  FileScript() noexcept = default;
  FileScript(FileScript&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  FileScript& operator=(FileScript other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~FileScript() {
    if (frame_) frame_.destroy();
  }

  void start() { frame_.resume(); }
  bool done() const noexcept { return frame_.done(); }
  long result() const noexcept { return frame_.promise().result; }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    frame_.promise().parent = caller;
    return frame_;
  }
  long await_resume() const noexcept { return result(); }

 private:
  explicit FileScript(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

/// One call in a script. `may_stop`: a cancellation ends it, because nothing has happened so far
/// that could not be left so.
class FileStep {
 public:
  FileStep(FileOperation& operation, const sys::FileCall& call, bool may_stop) noexcept
      : operation_(operation), call_(call), may_stop_(may_stop) {}
  bool await_ready() noexcept;
  bool await_suspend(std::coroutine_handle<> script) noexcept;
  long await_resume() noexcept;

 private:
  FileOperation& operation_;
  sys::FileCall call_;
  const bool may_stop_;
};

}  // namespace hob::detail
