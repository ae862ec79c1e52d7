// SPDX-License-Identifier: MIT
#include "task/report.hpp"

#include "sys/syscall.hpp"

#include <hob/task/task_base.hpp>

#include <cstdio>

namespace hob::detail {

void report(LoopCore& core, const ExceptionContext& context) noexcept {
  if (core.loop) {
    core.loop->call_exception_handler(context);
  } else {
    default_exception_report(context);
  }
}

void report(FutureBase& future, const ExceptionContext& context) noexcept {
  if (!future.is_task()) return report(future.core(), context);
  const ContextScope scope(static_cast<TaskBase&>(future).context());
  report(future.core(), context);
}

void report_slow(FutureBase& task, Duration took) noexcept {
  try {
    std::string text = "Executing ";
    task.describe(text);
    char seconds[64];
    std::snprintf(seconds, sizeof seconds, " took %.3f seconds\n", took.seconds());
    text += seconds;
    sys::write_stderr(text.data(), text.size());
  } catch (...) {  // out of memory: the report is lost
  }
}

void warn(const std::string& text) noexcept {
  try {
    const std::string line = "RuntimeWarning: " + text + "\n";
    sys::write_stderr(line.data(), line.size());
  } catch (...) {  // out of memory: nothing to say it with
  }
}

namespace {

/// The position where the bracket that closes at `close` opens; npos when it does not.
std::size_t opening(const std::string& text, std::size_t close) {
  int depth = 0;
  for (std::size_t i = close + 1; i-- > 0;) {
    if (text[i] == ')' || text[i] == '>') ++depth;
    if ((text[i] == '(' || text[i] == '<') && --depth == 0) return i;
  }
  return std::string::npos;
}

}  // namespace

// clang: `hob::Coro<int> ns::add_one(int) const [T = int]`; g++ names the coroutine's body instead,
// as in `void ns::add_one(ns::add_one(int)::_Z7add_onei.Frame*)`. In both the name stands before
// the last list.
std::string short_function_name(const char* pretty) {
  std::string text = pretty;
  if (const auto at = text.find(" ["); at != std::string::npos) text.resize(at);
  const auto last = text.find_last_of(")>");
  if (last == std::string::npos) return text;
  text.resize(last + 1);
  if (text.back() == '>') return text.ends_with(")>") ? "<lambda>" : text;
  const std::size_t end = opening(text, last);
  if (end == std::string::npos || end == 0) return text;
  std::size_t begin = end;
  while (begin > 0) {
    const char c = text[begin - 1];
    if (c == ' ' || c == ':' || c == '*' || c == '&') break;
    if (c == ')' || c == '>') {
      const std::size_t open = opening(text, begin - 1);
      if (open == std::string::npos) break;
      begin = open;
    } else {
      --begin;
    }
  }
  std::string name = text.substr(begin, end - begin);
  return name.starts_with("operator") ? "<lambda>" : name;
}

std::string format_location(std::source_location at) {
  if (at.line() == 0) return "";
  std::string text = at.file_name();
  text += ':' + std::to_string(at.line());
  if (*at.function_name()) text += " in " + short_function_name(at.function_name());
  return text;
}

}  // namespace hob::detail
