// SPDX-License-Identifier: MIT
// The statements on locks, events, conditions, barriers and queues.
#include "conformance/runtime.hpp"

#include <algorithm>

namespace conformance {
namespace {

Value size(std::size_t n) { return Value(static_cast<std::int64_t>(n)); }

/// Lock, condition or semaphore.
template <class F>
auto with_lock(const Runtime& rt, const std::string& name, F fn) {
  return with_one_of<hob::Lock, hob::Condition, hob::Semaphore, hob::BoundedSemaphore>(
      Runtime::find(rt.objects, name), fn);
}

template <class F>
auto with_queue(const Runtime& rt, const std::string& name, F fn) {
  return with_one_of<Fifo, Priority, Lifo>(Runtime::find(rt.objects, name), fn);
}

Value release(Runtime& rt, Frame&, const Tokens& args) {
  with_lock(rt, args.at(0), [](auto& lock) { lock.release(); });
  return {};
}

Value locked(Runtime& rt, Frame&, const Tokens& args) {
  return Value(with_lock(rt, args.at(0), [](const auto& lock) { return lock.locked(); }));
}

Value set(Runtime& rt, Frame&, const Tokens& args) {
  rt.object<hob::Event>(args.at(0)).set();
  return {};
}

Value clear(Runtime& rt, Frame&, const Tokens& args) {
  rt.object<hob::Event>(args.at(0)).clear();
  return {};
}

Value is_set(Runtime& rt, Frame&, const Tokens& args) {
  return Value(rt.object<hob::Event>(args.at(0)).is_set());
}

Value inc(Runtime& rt, Frame&, const Tokens& args) {
  return Value(++rt.object<Counter>(args.at(0)).count);
}

Value notify(Runtime& rt, Frame&, const Tokens& args) {
  const std::int64_t n = std::max<std::int64_t>(integer(args.at(1)), 0);
  rt.object<hob::Condition>(args[0]).notify(static_cast<std::size_t>(n));
  return {};
}

Value notify_all(Runtime& rt, Frame&, const Tokens& args) {
  rt.object<hob::Condition>(args.at(0)).notify_all();
  return {};
}

Value barrier_info(Runtime& rt, Frame&, const Tokens& args) {
  const auto& barrier = rt.object<hob::Barrier>(args.at(0));
  return Value(
      Value::List{size(barrier.parties()), size(barrier.n_waiting()), Value(barrier.broken())});
}

Value put_nowait(Runtime& rt, Frame&, const Tokens& args) {
  const std::int64_t item = integer(args.at(1));
  with_queue(rt, args[0], [item](auto& queue) { queue.put_nowait(item); });
  return {};
}

Value get_nowait(Runtime& rt, Frame&, const Tokens& args) {
  return Value(with_queue(rt, args.at(0), [](auto& queue) { return queue.get_nowait(); }));
}

Value task_done(Runtime& rt, Frame&, const Tokens& args) {
  with_queue(rt, args.at(0), [](auto& queue) { queue.task_done(); });
  return {};
}

Value qinfo(Runtime& rt, Frame&, const Tokens& args) {
  return with_queue(rt, args.at(0), [](const auto& queue) {
    return Value(Value::List{size(queue.qsize()), Value(queue.empty()), Value(queue.full())});
  });
}

Value shutdown(Runtime& rt, Frame&, const Tokens& args) {
  const bool immediate = args.size() > 1;
  with_queue(rt, args.at(0), [immediate](auto& queue) { queue.shutdown(immediate); });
  return {};
}

// Those that may suspend.

template <class Lock>
hob::Coro<Value> acquire_of(Lock& lock) {
  co_await lock.acquire();
  co_return Value(true);
}

hob::Coro<Value> acquire(Runtime& rt, Frame&, const Tokens& args) {
  return with_lock(rt, args.at(0), [](auto& lock) { return acquire_of(lock); });
}

hob::Coro<Value> event_wait(Runtime& rt, Frame&, const Tokens& args) {
  co_await rt.object<hob::Event>(args.at(0)).wait();
  co_return Value(true);
}

hob::Coro<Value> cond_wait(Runtime& rt, Frame&, const Tokens& args) {
  co_await rt.object<hob::Condition>(args.at(0)).wait();
  co_return Value(true);
}

hob::Coro<Value> cond_wait_for(Runtime& rt, Frame&, const Tokens& args) {
  const Counter& counter = rt.object<Counter>(args.at(1));
  auto enough = [&counter, least = integer(args.at(2))] { return counter.count >= least; };
  const bool result = co_await rt.object<hob::Condition>(args[0]).wait_for(enough);
  co_return Value(result);
}

hob::Coro<Value> barrier_wait(Runtime& rt, Frame&, const Tokens& args) {
  co_return size(co_await rt.object<hob::Barrier>(args.at(0)).wait());
}

hob::Coro<Value> barrier_reset(Runtime& rt, Frame&, const Tokens& args) {
  co_await rt.object<hob::Barrier>(args.at(0)).reset();
  co_return Value();
}

hob::Coro<Value> barrier_abort(Runtime& rt, Frame&, const Tokens& args) {
  co_await rt.object<hob::Barrier>(args.at(0)).abort();
  co_return Value();
}

template <class Q>
hob::Coro<Value> put_into(Q& queue, std::int64_t item) {
  co_await queue.put(item);
  co_return Value();
}

template <class Q>
hob::Coro<Value> get_from(Q& queue) {
  const std::int64_t item = co_await queue.get();
  co_return Value(item);
}

template <class Q>
hob::Coro<Value> join_of(Q& queue) {
  co_await queue.join();
  co_return Value();
}

hob::Coro<Value> put(Runtime& rt, Frame&, const Tokens& args) {
  const std::int64_t item = integer(args.at(1));
  return with_queue(rt, args[0], [item](auto& queue) { return put_into(queue, item); });
}

hob::Coro<Value> get(Runtime& rt, Frame&, const Tokens& args) {
  return with_queue(rt, args.at(0), [](auto& queue) { return get_from(queue); });
}

hob::Coro<Value> join(Runtime& rt, Frame&, const Tokens& args) {
  return with_queue(rt, args.at(0), [](auto& queue) { return join_of(queue); });
}

#define HOB_STATEMENT(function) {#function, Operation(&function)}

}  // namespace

const Operations& sync_operations() {
  static const Operations operations{
      HOB_STATEMENT(release),      HOB_STATEMENT(locked),        HOB_STATEMENT(set),
      HOB_STATEMENT(clear),        HOB_STATEMENT(is_set),        HOB_STATEMENT(inc),
      HOB_STATEMENT(notify),       HOB_STATEMENT(notify_all),    HOB_STATEMENT(barrier_info),
      HOB_STATEMENT(put_nowait),   HOB_STATEMENT(get_nowait),    HOB_STATEMENT(task_done),
      HOB_STATEMENT(qinfo),        HOB_STATEMENT(shutdown),      HOB_STATEMENT(acquire),
      HOB_STATEMENT(event_wait),   HOB_STATEMENT(cond_wait),     HOB_STATEMENT(cond_wait_for),
      HOB_STATEMENT(barrier_wait), HOB_STATEMENT(barrier_reset), HOB_STATEMENT(barrier_abort),
      HOB_STATEMENT(put),          HOB_STATEMENT(get),           HOB_STATEMENT(join)};
  return operations;
}

#undef HOB_STATEMENT

}  // namespace conformance
