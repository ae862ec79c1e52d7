// SPDX-License-Identifier: MIT
#include <hob/task/task.hpp>

#include "loop/loop_impl.hpp"
#include "task/report.hpp"

#include <hob/core/error.hpp>

namespace hob {
namespace detail {

void check_can_start(EventLoop& loop) {
  if (loop.is_closed()) raise_runtime_error("create_task: the event loop is closed");
}

void destroy_never_awaited(PromiseBase& promise) noexcept {
  try {
    warn("coroutine '" + coroutine_name(promise.location) + "' was never awaited (" +
         format_location(promise.location) + ")");
  } catch (...) {  // out of memory: the warning is lost
  }
  promise.destroy();
}

std::string coroutine_name(std::source_location location) {
  return short_function_name(location.function_name());
}

}  // namespace detail

std::optional<AnyTask> current_task() {
  EventLoop& loop = get_running_loop();
  if (!loop.core().current_task) return std::nullopt;
  return AnyTask(detail::Ref<detail::TaskBase>(loop.core().current_task));
}

std::vector<AnyTask> all_tasks() { return all_tasks(get_running_loop()); }

std::vector<AnyTask> all_tasks(EventLoop& loop) {
  std::vector<AnyTask> tasks;
  const detail::LinkList& list = loop.core().tasks;
  for (detail::Link* link = list.front(); link != list.end(); link = link->next) {
    tasks.emplace_back(detail::Ref<detail::TaskBase>(&detail::TaskBase::of(*link)));
  }
  return tasks;
}

std::optional<CoroutineInfo> AnyTask::get_coro() const {
  const detail::PromiseBase* root = task_->root();
  if (!root) return std::nullopt;
  return CoroutineInfo{detail::coroutine_name(root->location), root->location};
}

Context AnyTask::get_context() const {
  detail::ContextSlot& slot = task_->context();
  if (!slot) slot = detail::ContextSlot::adopt(new detail::ContextState(nullptr));
  return Context(slot);
}

void eager_task_factory(EventLoop&, TaskOptions& options) { options.eager_start = true; }

}  // namespace hob
