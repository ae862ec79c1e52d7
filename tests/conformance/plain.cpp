// SPDX-License-Identifier: MIT
// The statements that never suspend: allowed in every body, also in callbacks. A result other than
// None is logged.
#include "conformance/runtime.hpp"

#include <hob/task/task.hpp>

#include <algorithm>

namespace conformance {
namespace {

Value boolean(bool truth) { return Value(truth); }
Value integer_value(std::int64_t n) { return Value(n); }
template <class N>
Value count(N n) {
  return Value(static_cast<std::int64_t>(n));
}

Value log(Runtime&, Frame&, const Tokens&) { return {}; }

Value raise(Runtime&, Frame&, const Tokens& args) { std::rethrow_exception(make_error(args)); }

Value reraise(Runtime&, Frame& frame, const Tokens&) {
  std::rethrow_exception(frame.errors.at(frame.errors.size() - 1));
}

// Tasks and futures.

hob::TaskOptions task_options(const std::string& name, const Tokens& args, std::size_t eager) {
  hob::TaskOptions options;
  options.name = name;
  options.eager_start = args.size() > eager;
  return options;
}

Value spawn(Runtime& rt, Frame&, const Tokens& args) {
  const std::string name = rt.task_name(args.at(0));
  const hob::TaskOptions options = task_options(name, args, 2);
  rt.bind(args[0], hold<Value>(rt.loop.create_task(rt.coroutine(args.at(1) + "()"), options)));
  return {};
}

Value gspawn(Runtime& rt, Frame&, const Tokens& args) {
  auto& group = rt.block<hob::TaskGroup>(args.at(0));
  const std::string name = rt.task_name(args.at(1));
  const hob::TaskOptions options = task_options(name, args, 3);
  rt.bind(args[1], hold<Value>(group.create_task(rt.coroutine(args.at(2) + "()"), options)));
  return {};
}

Value set_eager(Runtime& rt, Frame&, const Tokens& args) {
  if (args.at(0) == "on") {
    rt.loop.set_task_factory(&hob::eager_task_factory);
  } else {
    rt.loop.set_task_factory({});
  }
  return {};
}

Value future(Runtime& rt, Frame&, const Tokens& args) {
  rt.bind(args.at(0), hold(rt.loop.create_future<Value>()));
  return {};
}

Value cancel(Runtime& rt, Frame&, const Tokens& args) {
  return boolean(rt.awaitable(args.at(0))->cancel(args.size() > 1 ? &args[1] : nullptr));
}

Value uncancel(Runtime& rt, Frame&, const Tokens& args) {
  return count(rt.task(args.at(0)).uncancel());
}

Value cancelling(Runtime& rt, Frame&, const Tokens& args) {
  return count(rt.task(args.at(0)).cancelling());
}

Value name(Runtime& rt, Frame&, const Tokens&) {
  return Value(rt.display(rt.task("self").get_name()));
}

Value all_tasks(Runtime& rt, Frame&, const Tokens&) {
  return count(hob::all_tasks(rt.loop).size());
}

Value state(Runtime& rt, Frame&, const Tokens& args) {
  const AwaitablePtr found = rt.awaitable(args.at(0));
  if (!found->done()) return Value("pending");
  if (found->cancelled()) return Value("cancelled");
  if (const std::exception_ptr error = found->exception()) {
    return Value("exception " + render_error(error));
  }
  return Value("result " + found->result().rendered());
}

hob::Future<Value> plain_future(const Runtime& rt, const std::string& name) {
  const hob::Future<Value> found = rt.future(name);
  if (!rt.scenario.plain_futures.contains(name)) throw Unbound();
  return found;
}

Value set_result(Runtime& rt, Frame&, const Tokens& args) {
  plain_future(rt, args.at(0)).set_result(number(args.at(1)));
  return {};
}

Value set_exception(Runtime& rt, Frame&, const Tokens& args) {
  plain_future(rt, args.at(0)).set_exception(make_error(args, 1));
  return {};
}

Value add_cb(Runtime& rt, Frame&, const Tokens& args) {
  const std::string& callback = args.at(1);
  const AwaitablePtr found = rt.awaitable(args[0]);
  const auto id = found->add_done_callback([&rt, &callback] { rt.run_callback(callback); });
  rt.registrations.push_back({found, callback, id});
  return {};
}

// In Python every callback is one function, and all its registrations go.
Value remove_cb(Runtime& rt, Frame&, const Tokens& args) {
  const AwaitablePtr found = rt.awaitable(args.at(0));
  int removed = 0;
  std::erase_if(rt.registrations, [&](const Registration& registration) {
    const bool same =
        registration.future->identity() == found->identity() && registration.callback == args.at(1);
    if (same) removed += found->remove_done_callback(registration.id);
    return same;
  });
  return count(removed);
}

Value gather(Runtime& rt, Frame&, const Tokens& args) {
  rt.bind(args.at(0), gather(rt, false, rt.members(args, 1)));
  return {};
}

Value gather_rex(Runtime& rt, Frame&, const Tokens& args) {
  rt.bind(args.at(0), gather(rt, true, rt.members(args, 1)));
  return {};
}

Value shield(Runtime& rt, Frame&, const Tokens& args) {
  const Member member = rt.members(args, 1).at(0);
  rt.bind(args[0], member.is_coro() ? hold(hob::shield(rt.coroutine(member.token)))
                                    : member.future->shield());
  return {};
}

// Callbacks and the exception handler.

auto callback_of(Runtime& rt, const std::string& name) {
  return [&rt, &name] { rt.run_callback(name); };
}

Value call_soon(Runtime& rt, Frame&, const Tokens& args) {
  rt.handles[args.at(0)] = rt.loop.call_soon(callback_of(rt, args.at(1)));
  return {};
}

Value call_later(Runtime& rt, Frame&, const Tokens& args) {
  const hob::Duration delay = ticks(integer(args.at(1)));
  rt.handles[args[0]] = rt.loop.call_later(delay, callback_of(rt, args.at(2)));
  return {};
}

Value call_at(Runtime& rt, Frame&, const Tokens& args) {
  const hob::Duration when = ticks(integer(args.at(1)));
  rt.handles[args[0]] = rt.loop.call_at(when, callback_of(rt, args.at(2)));
  return {};
}

Value hcancel(Runtime& rt, Frame&, const Tokens& args) {
  Runtime::find(rt.handles, args.at(0)).cancel();
  return {};
}

Value hcancelled(Runtime& rt, Frame&, const Tokens& args) {
  return boolean(Runtime::find(rt.handles, args.at(0)).cancelled());
}

Value set_handler(Runtime& rt, Frame&, const Tokens& args) {
  rt.handler_tag = "[" + args.at(0) + "]";
  rt.handler_var = args.size() > 1 ? &rt.object<NamedVar>(args[1]) : nullptr;
  return {};
}

Value call_handler(Runtime& rt, Frame&, const Tokens& args) {
  hob::ExceptionContext context;
  context.message = "user:";
  for (const std::string& word : args) context.message += " " + word;
  rt.loop.call_exception_handler(context);
  return {};
}

// Timeouts.

Value expired(Runtime& rt, Frame&, const Tokens& args) {
  return boolean(rt.block<hob::Timeout>(args.at(0)).expired());
}

Value when(Runtime& rt, Frame&, const Tokens& args) {
  const hob::Duration deadline = rt.block<hob::Timeout>(args.at(0)).when();
  return deadline.is_forever() ? Value("none") : integer_value(deadline.count_ns() / kTick);
}

Value reschedule(Runtime& rt, Frame&, const Tokens& args) {
  const hob::Duration delay = ticks_or_forever(args.at(1));
  rt.block<hob::Timeout>(args[0]).reschedule(delay.is_forever() ? delay : rt.loop.time() + delay);
  return {};
}

// Context variables and generators.

Value ctx_get(Runtime& rt, Frame&, const Tokens& args) {
  return integer_value(rt.object<NamedVar>(args.at(0)).var.get());
}

Value ctx_set(Runtime& rt, Frame&, const Tokens& args) {
  Var& var = rt.object<NamedVar>(args.at(0)).var;
  rt.tokens.insert_or_assign(args.at(2), var.set(integer(args.at(1))));
  return {};
}

Value ctx_reset(Runtime& rt, Frame&, const Tokens& args) {
  Var& var = rt.object<NamedVar>(args.at(0)).var;
  var.reset(Runtime::find(rt.tokens, args.at(1)));
  return {};
}

Value gen(Runtime& rt, Frame&, const Tokens& args) {
  rt.generators.insert_or_assign(args.at(0), rt.generator(args.at(1)));
  return {};
}

Value drop(Runtime& rt, Frame&, const Tokens& args) {
  Runtime::find(rt.generators, args.at(0));
  rt.generators.erase(args[0]);
  return {};
}

#define HOB_PLAIN(function) {#function, Operation(&function)}

}  // namespace

const Operations& plain_operations() {
  static const Operations operations{
      HOB_PLAIN(log),        HOB_PLAIN(raise),       HOB_PLAIN(reraise),
      HOB_PLAIN(spawn),      HOB_PLAIN(gspawn),      HOB_PLAIN(set_eager),
      HOB_PLAIN(future),     HOB_PLAIN(cancel),      HOB_PLAIN(uncancel),
      HOB_PLAIN(cancelling), HOB_PLAIN(name),        HOB_PLAIN(all_tasks),
      HOB_PLAIN(state),      HOB_PLAIN(set_result),  HOB_PLAIN(set_exception),
      HOB_PLAIN(add_cb),     HOB_PLAIN(remove_cb),   {"gather", Operation(PlainFn(&gather))},
      HOB_PLAIN(gather_rex), HOB_PLAIN(shield),      HOB_PLAIN(call_soon),
      HOB_PLAIN(call_later), HOB_PLAIN(call_at),     HOB_PLAIN(hcancel),
      HOB_PLAIN(hcancelled), HOB_PLAIN(set_handler), HOB_PLAIN(call_handler),
      HOB_PLAIN(expired),    HOB_PLAIN(when),        HOB_PLAIN(reschedule),
      HOB_PLAIN(ctx_get),    HOB_PLAIN(ctx_set),     HOB_PLAIN(ctx_reset),
      HOB_PLAIN(gen),        HOB_PLAIN(drop)};
  return operations;
}

#undef HOB_PLAIN

}  // namespace conformance
