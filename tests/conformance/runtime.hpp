// SPDX-License-Identifier: MIT
// What a running scenario has: named objects, the trace, and the execution of bodies. The
// statements themselves are in plain.cpp (those that never suspend), awaits.cpp and blocks.cpp.
#pragma once

#include "conformance/awaitable.hpp"
#include "conformance/objects.hpp"
#include "conformance/operations.hpp"
#include "conformance/scenario.hpp"

#include <hob/loop/event_loop.hpp>
#include <hob/loop/exception_context.hpp>
#include <hob/task/async_generator.hpp>
#include <hob/task/task_group.hpp>
#include <hob/task/timeout.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace conformance {

using Agen = hob::AsyncGenerator<Value, Value>;
/// A timeout or group that is entered at this moment.
using Entered = std::variant<hob::Timeout*, hob::TaskGroup*>;

/// One activation of a body: the errors being handled in it, and its result.
struct Frame {
  std::vector<std::exception_ptr> errors;
  Value result;
};

/// An argument of gather and its like: a name that was looked up, or `C()`.
struct Member {
  std::string token;
  AwaitablePtr future;  // null for a coroutine
  bool is_coro() const { return future == nullptr; }
};

/// A registration of `add_cb`, for `remove_cb`.
struct Registration {
  AwaitablePtr future;
  std::string callback;
  hob::DoneCallbackId id;
};

constexpr std::int64_t kTick = 1'000'000'000;
inline hob::Duration ticks(std::int64_t n) { return hob::Duration::nanoseconds(n * kTick); }
/// `none`: no limit.
inline hob::Duration ticks_or_forever(const std::string& token) {
  return token == "none" ? hob::Duration::forever() : ticks(integer(token));
}
/// An integer, or None for `none`.
inline Value number(const std::string& token) {
  return token == "none" ? Value() : Value(integer(token));
}

class Runtime {
 public:
  explicit Runtime(const Scenario& scenario);

  // Names. All lookups throw Unbound.
  void bind(const std::string& name, AwaitablePtr awaitable);
  AwaitablePtr awaitable(const std::string& name) const;
  /// The same, for what only knows futures of one type.
  hob::Future<Value> future(const std::string& name) const;
  /// The same, for the methods of tasks.
  hob::Task<Value> task(const std::string& name) const;
  std::vector<Member> members(const Tokens& tokens, std::size_t first) const;
  /// A future as it is, a coroutine as a task.
  hob::Future<Value> ensured(const Member& member);
  template <class T>
  T& object(const std::string& name) const {
    const auto* found = std::get_if<std::unique_ptr<T>>(&find(objects, name));
    if (!found) throw Unbound();
    return **found;
  }
  template <class T>
  T& block(const std::string& name) const {
    T* const* found = std::get_if<T*>(&find(blocks, name));
    if (!found) throw Unbound();
    return **found;
  }
  template <class Table>
  static auto& find(Table& table, const std::string& name) {
    const auto found = table.find(name);
    if (found == table.end()) throw Unbound();
    return found->second;
  }
  /// A name for a new task: the second `t` is called `t.2`.
  std::string task_name(const std::string& name);
  std::string display(const std::string& task_name);

  // The trace.
  void log(const std::string& text);
  void log_value(const std::string& text, const Value& result);

  // Bodies.
  /// The coroutine that a token `name()` stands for.
  hob::Coro<Value> coroutine(const std::string& token);
  hob::Coro<Value> run_body(std::string name, const Block& body);
  Agen generator(const std::string& name);
  void run_callback(const std::string& name);
  /// Runs statements in order; gives the flow with which the block was left.
  hob::Coro<Flow> run_block(Frame& frame, const Block& block);
  hob::Coro<Flow> run_statement(Frame& frame, const Stmt& stmt);
  void run_plain(Frame& frame, const Stmt& stmt);
  /// After a failed statement: logs the error when that was asked for, else throws it again.
  void pass_error(const Stmt& stmt, const std::exception_ptr& error);

  const Scenario& scenario;
  std::string trace;
  bool open = true;  // false once the run is over: stragglers must not write
  std::map<std::string, Object> objects;
  std::map<std::string, AwaitablePtr> awaitables;
  std::vector<std::pair<std::string, AwaitablePtr>> named;  // in order of creation
  std::map<std::string, Entered> blocks;
  std::map<std::string, Agen> generators;
  std::map<std::string, hob::Handle> handles;
  std::map<std::string, Var::Token> tokens;
  std::vector<Registration> registrations;
  std::string handler_tag;
  const NamedVar* handler_var = nullptr;
  hob::EventLoop loop{{.driver = hob::Driver::sim}};  // goes first: its tasks use the objects

 private:
  void on_loop_error(const hob::ExceptionContext& context);

  std::map<std::string, std::string> aliases_;  // Task-N -> T1, T2, ... in order of appearance
  std::map<std::string, int> names_used_;
};

/// hob::gather of members (gather.cpp).
AwaitablePtr gather(Runtime& rt, bool rex, const std::vector<Member>& members);
/// The clause of a `try` that takes this error; null when none does.
const Block* find_clause(const Stmt& stmt, const std::exception_ptr& error);
/// A generator's body (generator.cpp).
Agen generate(Runtime& rt, std::string name, const Block& body);

}  // namespace conformance
