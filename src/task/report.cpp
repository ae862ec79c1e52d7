// SPDX-License-Identifier: MIT
#include "task/report.hpp"

#include "sys/syscall.hpp"

#include <hob/task/future_base.hpp>

#include <cstdio>

namespace hob::detail {

void report(LoopCore& core, const ExceptionContext& context) noexcept {
  if (core.loop) {
    core.loop->call_exception_handler(context);
  } else {
    default_exception_report(context);
  }
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

std::string short_function_name(const char* pretty) {
  const std::string text = pretty;
  // The name is what stands before the parameter list; template arguments and lambdas may nest parentheses.
  std::size_t end = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '<') ++depth;
    if (c == '>' && depth > 0) --depth;
    if (c == '(' && depth == 0) {
      // `(anonymous namespace)::f(...)` and `main()::(lambda)::operator()(...)`: not the parameter list yet.
      const std::size_t close = text.find(')', i);
      if (close != std::string::npos && close + 1 < text.size() && (text[close + 1] == ':' || text[close + 1] == '(')) {
        i = close;
        continue;
      }
      end = i;
      break;
    }
  }
  if (end == 0) return text;
  std::size_t begin = end;
  depth = 0;
  while (begin > 0) {
    const char c = text[begin - 1];
    if (c == '>') ++depth;
    if (c == '<' && depth > 0) --depth;
    if (depth == 0 && (c == ' ' || c == ':' || c == '*' || c == '&')) break;
    --begin;
  }
  std::string name = text.substr(begin, end - begin);
  if (name.starts_with("operator()") || name.starts_with("operator")) return "<lambda>";
  return name;
}

std::string format_location(std::source_location at) {
  if (at.line() == 0) return "";
  std::string text = at.file_name();
  text += ':' + std::to_string(at.line());
  if (*at.function_name()) text += " in " + short_function_name(at.function_name());
  return text;
}

}  // namespace hob::detail
