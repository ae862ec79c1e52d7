// SPDX-License-Identifier: MIT
#include "conformance/runtime.hpp"

#include <hob/task/task.hpp>

namespace conformance {
namespace {

// First part of the exception handler's message -> how the trace calls it.
constexpr std::pair<std::string_view, std::string_view> kHandlerMessages[] = {
    {"Exception in callback", "callback"},
    {"unhandled exception during asyncio.run() shutdown", "shutdown"},
    {"an error occurred during closing of asynchronous generator", "asyncgen"}};

// "never retrieved" and "destroyed but pending" give "": when they come is not part of the trace.
std::string handler_kind(const std::string& message) {
  for (const auto& [prefix, kind] : kHandlerMessages) {
    if (message.starts_with(prefix)) return std::string(kind);
  }
  if (message.starts_with("user: ")) return message;
  return message.ends_with("exception in shielded future") ? "shielded" : "";
}

}  // namespace

Runtime::Runtime(const Scenario& parsed) : scenario(parsed) {
  loop.set_exception_handler(
      [this](hob::EventLoop&, const hob::ExceptionContext& context) { on_loop_error(context); });
  for (const Declaration& declared : scenario.objects) {
    if (declared.kind == "future") {
      bind(declared.name, hold(loop.create_future<Value>()));
    } else {
      objects.insert_or_assign(declared.name, make_object(declared));
    }
  }
}

void Runtime::bind(const std::string& name, AwaitablePtr awaitable) {
  awaitables[name] = awaitable;
  named.emplace_back(name, std::move(awaitable));
}

AwaitablePtr Runtime::awaitable(const std::string& name) const {
  if (name != "self") return find(awaitables, name);
  const std::optional<hob::AnyTask> task = hob::current_task();
  if (!task) throw Unbound();
  return hold(hob::Future<Value>(hob::detail::Ref<hob::detail::FutureBase>(&task->base())));
}

hob::Future<Value> Runtime::future(const std::string& name) const {
  const AwaitablePtr found = awaitable(name);
  if (!found->simple()) throw Unbound();
  return *found->simple();
}

hob::Task<Value> Runtime::task(const std::string& name) const {
  const hob::Future<Value> found = future(name);
  if (!found.state()->is_task()) throw Unbound();
  return hob::Task<Value>(found.state());
}

std::vector<Member> Runtime::members(const Tokens& given, std::size_t first) const {
  std::vector<Member> found;
  for (std::size_t i = first; i < given.size(); ++i) {
    found.push_back({given[i], given[i].ends_with("()") ? nullptr : awaitable(given[i])});
  }
  return found;
}

hob::Future<Value> Runtime::ensured(const Member& member) {
  if (member.is_coro()) return hob::ensure_future(coroutine(member.token));
  if (!member.future->simple()) throw ScenarioError("not for gathers: " + member.token);
  return hob::ensure_future(*member.future->simple());
}

std::string Runtime::task_name(const std::string& name) {
  const int count = ++names_used_[name];
  return count == 1 ? name : name + "." + std::to_string(count);
}

std::string Runtime::display(const std::string& task_name) {
  if (!task_name.starts_with("Task-")) return task_name;
  return aliases_.try_emplace(task_name, "T" + std::to_string(aliases_.size() + 1)).first->second;
}

void Runtime::log(const std::string& text) {
  if (!open) return;
  std::string who = "-";
  if (loop.is_running()) {
    if (const std::optional<hob::AnyTask> task = hob::current_task()) {
      who = display(task->get_name());
    }
  }
  trace += std::to_string(loop.time().count_ns() / kTick) + " " + who + " " + text + "\n";
}

void Runtime::log_value(const std::string& text, const Value& result) {
  log(result.is_none() ? text : text + " -> " + result.rendered());
}

void Runtime::on_loop_error(const hob::ExceptionContext& context) {
  const std::string kind = handler_kind(context.message);
  if (kind.empty()) return;
  std::string text = "handler" + handler_tag + " " + kind;
  if (handler_var) text += " " + handler_var->name + "=" + std::to_string(handler_var->var.get());
  log(context.exception ? text + " " + render_error(context.exception) : text);
}

hob::Coro<Value> Runtime::coroutine(const std::string& token) {
  const std::string name = token.substr(0, token.size() - 2);
  const auto body = scenario.coros.find(name);
  if (body == scenario.coros.end()) throw ScenarioError("there is no coro " + name);
  return run_body(name, body->second);
}

hob::Coro<Value> Runtime::run_body(std::string name, const Block& body) {
  Frame frame;
  log("begin " + name);
  try {
    co_await run_block(frame, body);
  } catch (...) {
    log("fail " + name + " " + render_error(std::current_exception()));
    throw;
  }
  log_value("end " + name, frame.result);
  co_return frame.result;
}

Agen Runtime::generator(const std::string& name) {
  const auto body = scenario.agens.find(name);
  if (body == scenario.agens.end()) throw ScenarioError("there is no agen " + name);
  return generate(*this, name, body->second);
}

void Runtime::run_callback(const std::string& name) {
  log("callback " + name);
  Frame frame;
  for (const Stmt& stmt : scenario.callbacks.at(name)) run_plain(frame, stmt);
}

void Runtime::pass_error(const Stmt& stmt, const std::exception_ptr& error) {
  if (is_unbound(error)) return log(stmt.text + " -> unbound");
  if (!stmt.quiet || !is_exception(error)) std::rethrow_exception(error);
  log(stmt.text + " ! " + render_error(error));
}

void Runtime::run_plain(Frame& frame, const Stmt& stmt) {
  if (!stmt.operation->plain) throw ScenarioError("not in a callback: " + stmt.text);
  std::exception_ptr error;
  Value result;
  try {
    result = stmt.operation->plain(*this, frame, stmt.args);
  } catch (...) {
    error = std::current_exception();
  }
  if (error) return pass_error(stmt, error);
  log_value(stmt.text, result);
}

hob::Coro<Flow> Runtime::run_block(Frame& frame, const Block& block) {
  for (const Stmt& stmt : block) {
    const Flow flow = co_await run_statement(frame, stmt);
    if (flow != Flow::next) co_return flow;
  }
  co_return Flow::next;
}

hob::Coro<Flow> Runtime::run_statement(Frame& frame, const Stmt& stmt) {
  const Operation& operation = *stmt.operation;
  if (operation.plain) {
    run_plain(frame, stmt);
  } else if (operation.await) {
    std::exception_ptr error;
    Value result;
    try {
      result = co_await operation.await(*this, frame, stmt.args);
    } catch (...) {
      error = std::current_exception();
    }
    if (error) {
      pass_error(stmt, error);
    } else {
      log_value(stmt.text, result);
    }
  } else if (operation.block) {
    try {
      co_return co_await operation.block(*this, frame, stmt);
    } catch (const Unbound&) {
      log(stmt.text + " -> unbound");
    }
  } else if (operation.flow != Flow::next) {
    if (operation.flow == Flow::return_) frame.result = number(stmt.args.at(0));
    co_return operation.flow;
  } else {
    throw ScenarioError("not here: " + stmt.text);
  }
  co_return Flow::next;
}

const Block* find_clause(const Stmt& stmt, const std::exception_ptr& error) {
  if (is_unbound(error)) return nullptr;
  for (const Clause& clause : stmt.clauses) {
    if (matches(clause.kind, error)) return &clause.body;
  }
  return nullptr;
}

}  // namespace conformance
