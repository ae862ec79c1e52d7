// SPDX-License-Identifier: MIT
// The statements that may suspend: allowed in coro, agen and main bodies. (Those on locks and
// queues: sync.cpp.)
#include "conformance/runtime.hpp"

#include <hob/task/sleep.hpp>
#include <hob/task/wait.hpp>

#include <algorithm>
#include <optional>

namespace conformance {
namespace {

hob::Coro<Value> sleep(Runtime&, Frame&, const Tokens& args) {
  co_await hob::sleep(ticks(integer(args.at(0))));
  co_return Value();
}

hob::Coro<Value> await(Runtime& rt, Frame&, const Tokens& args) {
  return rt.awaitable(args.at(0))->wait();
}

hob::Coro<Value> call(Runtime& rt, Frame&, const Tokens& args) {
  return rt.coroutine(args.at(0) + "()");
}

hob::ReturnWhen return_when(const std::string& word) {
  if (word == "first") return hob::FIRST_COMPLETED;
  return word == "exc" ? hob::FIRST_EXCEPTION : hob::ALL_COMPLETED;
}

hob::Coro<Value> wait(Runtime& rt, Frame&, const Tokens& args) {
  Tokens names;
  std::vector<hob::Future<Value>> futures;
  for (std::size_t i = 2; i < args.size(); ++i) {
    if (std::ranges::count(names, args[i]) != 0) continue;
    names.push_back(args[i]);
    futures.push_back(rt.future(args[i]));
  }
  hob::WaitOptions options;
  options.timeout = ticks_or_forever(args.at(1));
  options.return_when = return_when(args[0]);
  const hob::WaitResult<hob::Future<Value>> result = co_await hob::wait(futures, options);
  std::string done, pending;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool is_done = std::ranges::count(result.done, futures[i]) != 0;
    std::string& list = is_done ? done : pending;
    list += (list.empty() ? "" : " ") + names[i];
  }
  co_return Value("done [" + done + "] pending [" + pending + "]");
}

hob::Coro<Value> wait_for(Runtime& rt, Frame&, const Tokens& args) {
  const hob::Duration timeout = ticks_or_forever(args.at(0));
  const Member member = rt.members(args, 1).at(0);
  if (member.is_coro()) return hob::wait_for(rt.coroutine(member.token), timeout);
  return member.future->wait_for(timeout);
}

// Asynchronous generators. Nothing may hold one: `drop` must drop the last reference.

Value item(const std::optional<Value>& given) { return given ? *given : Value("stop"); }

hob::Coro<Value> anext(Runtime& rt, Frame&, const Tokens& args) {
  const std::optional<Value> given = co_await Runtime::find(rt.generators, args.at(0)).anext();
  co_return item(given);
}

hob::Coro<Value> asend(Runtime& rt, Frame&, const Tokens& args) {
  Agen& generator = Runtime::find(rt.generators, args.at(0));
  Value sent = number(args.at(1));
  // None may also be sent to a generator that has not begun; that is anext.
  if (sent.is_none()) {
    const std::optional<Value> given = co_await generator.anext();
    co_return item(given);
  }
  const std::optional<Value> given = co_await generator.asend(std::move(sent));
  co_return item(given);
}

hob::Coro<Value> athrow(Runtime& rt, Frame&, const Tokens& args) {
  Agen& generator = Runtime::find(rt.generators, args.at(0));
  const std::exception_ptr error = make_error(args, 1);
  const std::optional<Value> given = co_await generator.athrow(error);
  co_return item(given);
}

hob::Coro<Value> aclose(Runtime& rt, Frame&, const Tokens& args) {
  co_await Runtime::find(rt.generators, args.at(0)).aclose();
  co_return Value();
}

#define HOB_AWAITING(function) {#function, Operation(&function)}

}  // namespace

const Operations& awaiting_operations() {
  static const Operations operations{HOB_AWAITING(sleep),
                                     HOB_AWAITING(await),
                                     HOB_AWAITING(call),
                                     HOB_AWAITING(wait),
                                     HOB_AWAITING(wait_for),
                                     HOB_AWAITING(anext),
                                     HOB_AWAITING(asend),
                                     HOB_AWAITING(athrow),
                                     HOB_AWAITING(aclose),
                                     {"break", Operation(Flow::break_)},
                                     {"return", Operation(Flow::return_)},
                                     {"yield", Operation(Flow::next)}};
  return operations;
}

#undef HOB_AWAITING

const Operation* find_operation(const std::string& name) {
  for (const Operations* table :
       {&plain_operations(), &sync_operations(), &awaiting_operations(), &block_operations()}) {
    const auto found = table->find(name);
    if (found != table->end()) return &found->second;
  }
  return nullptr;
}

}  // namespace conformance
