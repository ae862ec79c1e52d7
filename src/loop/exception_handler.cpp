// SPDX-License-Identifier: MIT
#include "loop/loop_impl.hpp"
#include "sys/syscall.hpp"

#include <hob/core/error.hpp>
#include <hob/loop/exception_context.hpp>

#include <string>

namespace hob {
namespace detail {

void default_exception_report(const ExceptionContext& context) noexcept {
  try {
    std::string text =
        context.message.empty() ? "Unhandled exception in event loop" : context.message;
    if (!context.future.empty()) text += "\nfuture: " + context.future;
    if (!context.source.empty()) text += "\nmade at: " + context.source;
    if (context.exception) text += "\n" + describe(context.exception);
    text += '\n';
    sys::write_stderr(text.data(), text.size());
  } catch (...) {  // out of memory while reporting: say at least that
    constexpr char kText[] = "Unhandled exception in event loop\n";
    sys::write_stderr(kText, sizeof kText - 1);
  }
}

}  // namespace detail

void EventLoop::default_exception_handler(const ExceptionContext& context) noexcept {
  detail::default_exception_report(context);
}

bool EventLoop::has_exception_handler() const noexcept {
  return static_cast<bool>(impl_->exception_handler);
}

void EventLoop::call_exception_handler(const ExceptionContext& context) noexcept {
  if (!impl_->exception_handler) return default_exception_handler(context);
  // Taken out for the call: a handler may replace itself.
  ExceptionHandler handler = std::move(impl_->exception_handler);
  try {
    handler(*this, context);
  } catch (...) {
    try {
      ExceptionContext failed{"Unhandled error in exception handler", std::current_exception(),
                              context.future, context.source};
      default_exception_handler(failed);
    } catch (...) {
      default_exception_handler(context);
    }
  }
  if (!impl_->exception_handler) impl_->exception_handler = std::move(handler);
}

}  // namespace hob
