// SPDX-License-Identifier: MIT
#include <hob/task/generator.hpp>

#include "task/report.hpp"

#include <cassert>

namespace hob::detail {

void raise_type_error(const char* what) { throw TypeError(what); }
void raise_generator_running() { throw ValueError("generator already executing"); }
void raise_generator_not_returned() { throw InvalidStateError("the generator has not returned"); }

bool GeneratorPromiseBase::inject(std::exception_ptr error) {
  check_idle();
  if (state_ == State::suspended) {
    thrown_ = std::move(error);
    return advance();
  }
  state_ = State::finished;
  std::rethrow_exception(std::move(error));
}

void GeneratorPromiseBase::close() {
  check_idle();
  if (state_ == State::created) state_ = State::finished;
  if (state_ == State::finished) return;
  bool yielded = false;
  try {
    yielded = inject(std::make_exception_ptr(GeneratorExit()));
  } catch (const GeneratorExit&) {  // the usual end of a generator that is closed
  }
  if (yielded) raise_runtime_error("generator ignored GeneratorExit");
}

namespace {

// Nobody can be told by an exception: a destructor found it.
void report_ignored(std::source_location function) noexcept {
  try {
    ExceptionContext context;
    context.message = "Exception ignored in: <generator object " +
                      short_function_name(function.function_name()) + ">";
    context.exception = std::current_exception();
    context.source = format_location(function);
    if (running_loop) return running_loop->call_exception_handler(context);
    default_exception_report(context);
  } catch (...) {  // out of memory: the report is lost
  }
}

}  // namespace

void GeneratorPromiseBase::drop() noexcept {
  assert(state_ != State::running && "a generator was destroyed by its own code");
  try {
    close();
  } catch (...) {
    report_ignored(location_);
  }
  std::coroutine_handle<GeneratorPromiseBase>::from_promise(*this).destroy();
}

}  // namespace hob::detail
