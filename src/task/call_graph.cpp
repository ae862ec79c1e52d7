// SPDX-License-Identifier: MIT
#include <hob/task/call_graph.hpp>

#include "sys/syscall.hpp"
#include "task/report.hpp"

#include <algorithm>

namespace hob {
namespace {

using detail::FutureBase;
using detail::TaskBase;

constexpr int kDepthMax = 64;  // a cycle of awaits ends here

FutureCallGraph capture(FutureBase& future, int depth) {
  FutureCallGraph graph;
  future.describe(graph.future);
  if (future.is_task()) {
    auto& task = static_cast<TaskBase&>(future);
    if (task.wait_kind()) graph.waiting_for = task.wait_kind()->name;
    for (detail::PromiseBase* p = task.leaf(); p; p = p->continuation) {
      graph.call_stack.push_back({detail::short_function_name(p->location.function_name()),
                                  p->location.file_name(), p->location.line()});
    }
  }
  if (depth >= kDepthMax) return graph;
  detail::LinkList& waiting = future.callbacks();
  for (detail::Link* link = waiting.front(); link != waiting.end(); link = link->next) {
    auto* node = static_cast<detail::Node*>(link);
    if (FutureBase* by = detail::awaited_by(*node))
      graph.awaited_by.push_back(capture(*by, depth + 1));
  }
  return graph;
}

void format(const FutureCallGraph& graph, std::string& out, std::string indent) {
  out += indent + "* " + graph.future;
  if (!graph.waiting_for.empty()) out += " waiting for " + graph.waiting_for;
  out += '\n';
  for (const FrameCallGraphEntry& frame : graph.call_stack) {
    out += indent + "    " + frame.function + " at " + frame.file + ":" +
           std::to_string(frame.line) + "\n";
  }
  if (!graph.awaited_by.empty()) out += indent + "  awaited by:\n";
  for (const FutureCallGraph& by : graph.awaited_by) format(by, out, indent + "    ");
}

}  // namespace

FutureCallGraph capture_call_graph(const AnyTask& task) { return capture(task.base(), 0); }

FutureCallGraph capture_call_graph() {
  const std::optional<AnyTask> task = current_task();
  if (!task) detail::raise_runtime_error("capture_call_graph: there is no current task");
  return capture_call_graph(*task);
}

std::string format_call_graph(const AnyTask& task) {
  std::string text;
  format(capture_call_graph(task), text, "");
  return text;
}

void print_call_graph(const AnyTask& task) {
  const std::string text = format_call_graph(task);
  sys::write_stderr(text.data(), text.size());
}

void print_call_graph() {
  const std::optional<AnyTask> task = current_task();
  if (!task) detail::raise_runtime_error("print_call_graph: there is no current task");
  print_call_graph(*task);
}

std::vector<std::source_location> AnyTask::get_stack() const {
  std::vector<std::source_location> stack;
  if (done()) return stack;
  for (detail::PromiseBase* p = task_->leaf(); p; p = p->continuation) stack.push_back(p->location);
  std::reverse(stack.begin(), stack.end());
  return stack;
}

void AnyTask::print_stack() const {
  std::string text = "Stack for " + repr() + " (most recent call last):\n";
  for (const std::source_location& at : get_stack())
    text += "  " + detail::format_location(at) + "\n";
  sys::write_stderr(text.data(), text.size());
}

}  // namespace hob
