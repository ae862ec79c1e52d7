// SPDX-License-Identifier: MIT
// The call graph of suspended tasks (Python 3.14's asyncio.capture_call_graph): which coroutine
// waits at which line, and which tasks wait for this one. Works in release builds without debug
// information.
#pragma once

#include <hob/task/task.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace hob {

/// One suspended coroutine: its function, and the line of the co_await where it waits.
struct FrameCallGraphEntry {
  std::string function;
  std::string file;
  std::uint32_t line = 0;
};

/// A task (or future), its suspended coroutines (innermost first), and those that await it.
struct FutureCallGraph {
  std::string future;
  /// What the innermost coroutine waits for: "sleep", "Lock.acquire", "a future"; "" when running
  /// or done.
  std::string waiting_for;
  std::vector<FrameCallGraphEntry> call_stack;
  std::vector<FutureCallGraph> awaited_by;
};

/// The graph above `task`; of the current task when called without. Loop's thread only.
FutureCallGraph capture_call_graph(const AnyTask& task);
FutureCallGraph capture_call_graph();
/// The same as text, one line per coroutine.
std::string format_call_graph(const AnyTask& task);
/// Prints it to stderr.
void print_call_graph(const AnyTask& task);
void print_call_graph();
template <class T>
FutureCallGraph capture_call_graph(const Task<T>& task) {
  return capture_call_graph(AnyTask(detail::Ref<detail::TaskBase>(&task.base())));
}
template <class T>
std::string format_call_graph(const Task<T>& task) {
  return format_call_graph(AnyTask(detail::Ref<detail::TaskBase>(&task.base())));
}
template <class T>
void print_call_graph(const Task<T>& task) {
  print_call_graph(AnyTask(detail::Ref<detail::TaskBase>(&task.base())));
}

}  // namespace hob
