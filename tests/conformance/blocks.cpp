// SPDX-License-Identifier: MIT
// The blocks. No co_await in a catch handler: what was caught is kept, and handled after it.
#include "conformance/runtime.hpp"

#include <hob/task/wait.hpp>

#include <optional>

namespace conformance {
namespace {

hob::Coro<Flow> try_block(Runtime& rt, Frame& frame, const Stmt& stmt) {
  Flow flow = Flow::next;
  std::exception_ptr error;
  try {
    flow = co_await rt.run_block(frame, stmt.body);
  } catch (...) {
    error = std::current_exception();
  }
  const Block* clause = error ? find_clause(stmt, error) : nullptr;
  if (clause) {
    rt.log("except " + render_error(error));
    frame.errors.push_back(std::exchange(error, nullptr));
    try {
      flow = co_await rt.run_block(frame, *clause);
    } catch (...) {
      error = std::current_exception();
    }
    frame.errors.pop_back();
  }
  if (stmt.final) {
    rt.log("finally");
    co_await rt.run_block(frame, *stmt.final);
  }
  if (error) std::rethrow_exception(error);
  co_return flow;
}

hob::Coro<Flow> repeat(Runtime& rt, Frame& frame, const Stmt& stmt) {
  const std::int64_t turns = integer(stmt.args.at(0));
  for (std::int64_t i = 0; i < turns; ++i) {
    const Flow flow = co_await rt.run_block(frame, stmt.body);
    if (flow == Flow::return_) co_return flow;
    if (flow == Flow::break_) break;
  }
  co_return Flow::next;
}

// Timeouts and groups are known by their names meanwhile.

void leave(Runtime& rt, const std::string& name, Entered entered) {
  const auto found = rt.blocks.find(name);
  if (found != rt.blocks.end() && found->second == entered) rt.blocks.erase(found);
}

hob::Coro<Flow> timeout_body(hob::Timeout& scope, Runtime* rt, Frame* frame, const Stmt* stmt) {
  const std::string& name = stmt->args.at(0);
  rt->blocks.insert_or_assign(name, &scope);
  rt->log(stmt->text);
  Flow flow = Flow::next;
  std::exception_ptr error;
  try {
    flow = co_await rt->run_block(*frame, stmt->body);
  } catch (...) {
    error = std::current_exception();
  }
  leave(*rt, name, &scope);
  if (error) std::rethrow_exception(error);
  co_return flow;
}

hob::Coro<Flow> timeout(Runtime& rt, Frame& frame, const Stmt& stmt) {
  const hob::Duration delay = ticks_or_forever(stmt.args.at(1));
  const Flow flow = co_await hob::timeout(delay, &timeout_body, &rt, &frame, &stmt);
  rt.log("timeout " + stmt.args[0] + " exit");
  co_return flow;
}

hob::Coro<Flow> timeout_at(Runtime& rt, Frame& frame, const Stmt& stmt) {
  const hob::Duration when = ticks_or_forever(stmt.args.at(1));
  const Flow flow = co_await hob::timeout_at(when, &timeout_body, &rt, &frame, &stmt);
  rt.log("timeout_at " + stmt.args[0] + " exit");
  co_return flow;
}

hob::Coro<Flow> group_body(hob::TaskGroup& group, Runtime* rt, Frame* frame, const Stmt* stmt,
                           hob::TaskGroup** entered) {
  *entered = &group;
  rt->blocks.insert_or_assign(stmt->args.at(0), &group);
  rt->log(stmt->text);
  co_return co_await rt->run_block(*frame, stmt->body);
}

hob::Coro<Flow> group(Runtime& rt, Frame& frame, const Stmt& stmt) {
  hob::TaskGroup* entered = nullptr;
  Flow flow = Flow::next;
  std::exception_ptr error;
  try {
    flow = co_await hob::task_group(&group_body, &rt, &frame, &stmt, &entered);
  } catch (...) {
    error = std::current_exception();
  }
  const std::string& name = stmt.args.at(0);
  if (!error) rt.log("group " + name + " exit");
  leave(rt, name, entered);
  if (error) std::rethrow_exception(error);
  co_return flow;
}

// `with`: by the guard that `scoped` gives. A release at the end of `async with` may fail, which
// the guard's destructor cannot show: it is released by hand.

template <class Lock>
hob::Coro<Flow> with_lock(Runtime& rt, Frame& frame, const Stmt& stmt, Lock& lock) {
  auto guard = co_await lock.scoped();
  rt.log(stmt.text);
  Flow flow = Flow::next;
  std::exception_ptr error;
  try {
    flow = co_await rt.run_block(frame, stmt.body);
  } catch (...) {
    error = std::current_exception();
  }
  guard.release();
  if (error) std::rethrow_exception(error);
  rt.log(stmt.text + " exit");
  co_return flow;
}

hob::Coro<Flow> with_lock(Runtime& rt, Frame& frame, const Stmt& stmt, hob::Barrier& barrier) {
  const std::size_t index = co_await barrier.wait();
  rt.log_value(stmt.text, Value(static_cast<std::int64_t>(index)));
  const Flow flow = co_await rt.run_block(frame, stmt.body);
  rt.log(stmt.text + " exit");
  co_return flow;
}

hob::Coro<Flow> with(Runtime& rt, Frame& frame, const Stmt& stmt) {
  return with_one_of<hob::Lock, hob::Condition, hob::Semaphore, hob::BoundedSemaphore,
                     hob::Barrier>(Runtime::find(rt.objects, stmt.args.at(0)),
                                   [&](auto& lock) { return with_lock(rt, frame, stmt, lock); });
}

hob::Coro<Flow> for_gen(Runtime& rt, Frame& frame, const Stmt& stmt) {
  const std::string& name = stmt.args.at(0);
  for (;;) {
    const std::optional<Value> item = co_await Runtime::find(rt.generators, name).anext();
    rt.log_value(stmt.text, item ? *item : Value("stop"));
    if (!item) co_return Flow::next;
    const Flow flow = co_await rt.run_block(frame, stmt.body);
    if (flow == Flow::return_) co_return flow;
    if (flow == Flow::break_) co_return Flow::next;
  }
}

/// What the trace calls a future: the first of the arguments that is its name now.
std::string known_as(const Runtime& rt, const Tokens& args, const hob::Future<Value>& future) {
  for (std::size_t i = 2; i < args.size(); ++i) {
    const auto found = rt.awaitables.find(args[i]);
    if (found != rt.awaitables.end() && found->second->identity() == future.state().get()) {
      return args[i];
    }
  }
  return "new";
}

hob::Coro<Flow> as_completed(Runtime& rt, Frame& frame, const Stmt& stmt) {
  const std::string& name = stmt.args.at(0);
  hob::AsCompletedOptions options;
  options.timeout = ticks_or_forever(stmt.args.at(1));
  std::vector<hob::Future<Value>> futures;
  for (const Member& member : rt.members(stmt.args, 2)) futures.push_back(rt.ensured(member));
  auto completed = hob::as_completed(std::move(futures), options);
  while (const std::optional<hob::Future<Value>> future = co_await completed.anext()) {
    rt.awaitables[name] = hold(*future);  // a second name for it, not a second one to report
    rt.log("as_completed " + name + " -> " + known_as(rt, stmt.args, *future));
    const Flow flow = co_await rt.run_block(frame, stmt.body);
    if (flow == Flow::return_) co_return flow;
    if (flow == Flow::break_) co_return Flow::next;
  }
  rt.log("as_completed " + name + " end");
  co_return Flow::next;
}

#define HOB_BLOCK(function) {#function, Operation(&function)}

}  // namespace

const Operations& block_operations() {
  static const Operations operations{{"try", Operation(&try_block)},
                                     HOB_BLOCK(repeat),
                                     HOB_BLOCK(timeout),
                                     HOB_BLOCK(timeout_at),
                                     HOB_BLOCK(group),
                                     HOB_BLOCK(with),
                                     HOB_BLOCK(for_gen),
                                     HOB_BLOCK(as_completed)};
  return operations;
}

#undef HOB_BLOCK

}  // namespace conformance
