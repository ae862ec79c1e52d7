// SPDX-License-Identifier: MIT
// The objects that a scenario declares at its top: locks, queues, counters, context variables.
#pragma once

#include "conformance/render.hpp"

#include <hob/core/context.hpp>
#include <hob/sync/barrier.hpp>
#include <hob/sync/condition.hpp>
#include <hob/sync/event.hpp>
#include <hob/sync/lock.hpp>
#include <hob/sync/queue.hpp>
#include <hob/sync/semaphore.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

namespace conformance {

struct Counter {
  std::int64_t count;
};

using Var = hob::ContextVar<std::int64_t>;
/// A context variable; it keeps its name alive.
struct NamedVar {
  NamedVar(std::string n, std::int64_t fallback)
      : name(std::move(n)), var(name.c_str(), fallback) {}
  std::string name;
  Var var;
};

using Fifo = hob::Queue<std::int64_t>;
using Priority = hob::PriorityQueue<std::int64_t>;
using Lifo = hob::LifoQueue<std::int64_t>;

template <class... T>
using OneOf = std::variant<std::unique_ptr<T>...>;
using Object = OneOf<hob::Lock, hob::Event, hob::Condition, hob::Semaphore, hob::BoundedSemaphore,
                     hob::Barrier, Fifo, Priority, Lifo, Counter, NamedVar>;

inline Object make_object(const Declaration& declared) {
  const std::string& kind = declared.kind;
  const std::int64_t n = declared.args.empty() ? 0 : declared.args[0];
  if (kind == "lock") return std::make_unique<hob::Lock>();
  if (kind == "event") return std::make_unique<hob::Event>();
  if (kind == "condition") return std::make_unique<hob::Condition>();
  if (kind == "semaphore") return std::make_unique<hob::Semaphore>(n);
  if (kind == "bounded_semaphore") return std::make_unique<hob::BoundedSemaphore>(n);
  if (kind == "barrier") return std::make_unique<hob::Barrier>(n);
  if (kind == "queue") return std::make_unique<Fifo>(n);
  if (kind == "priority_queue") return std::make_unique<Priority>(n);
  if (kind == "lifo_queue") return std::make_unique<Lifo>(n);
  if (kind == "counter") return std::make_unique<Counter>(n);
  return std::make_unique<NamedVar>(declared.name, n);
}

/// Calls `fn` with the object when it is of one of the types T; else the statement is unbound.
template <class... T, class F>
auto with_one_of(const Object& object, F fn) {
  using Result = std::common_type_t<std::invoke_result_t<F&, T&>...>;
  return std::visit(
      [&]<class X>(const std::unique_ptr<X>& found) -> Result {
        if constexpr ((std::is_same_v<X, T> || ...)) {
          return fn(*found);
        } else {
          throw Unbound();
        }
      },
      object);
}

}  // namespace conformance
