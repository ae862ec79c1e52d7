// SPDX-License-Identifier: MIT
// gather: by hob::gather's form for a range when all members are futures, else by the one that
// takes futures and coroutines side by side.
#include <hob/task/gather.hpp>

#include "conformance/awaitable.hpp"
#include "conformance/runtime.hpp"

#include <span>

namespace conformance {
namespace {

constexpr std::size_t kSideBySide = 3;

template <class... A>
AwaitablePtr gather_these(bool rex, A&&... members) {
  if (rex) return hold(hob::gather(hob::return_exceptions, std::forward<A>(members)...));
  return hold(hob::gather(std::forward<A>(members)...));
}

AwaitablePtr gather_range(bool rex, const std::vector<hob::Future<Value>>& futures) {
  if (rex) return hold(hob::gather(hob::return_exceptions, futures));
  return hold(hob::gather(futures));
}

template <class... Taken>
AwaitablePtr gather_taken(Runtime& rt, bool rex, std::span<const Member> rest, Taken&&... taken) {
  if constexpr (sizeof...(Taken) > 0) {
    if (rest.empty()) return gather_these(rex, std::forward<Taken>(taken)...);
  }
  if constexpr (sizeof...(Taken) < kSideBySide) {
    const Member& member = rest.front();
    rest = rest.subspan(1);
    if (member.is_coro()) {
      return gather_taken(rt, rex, rest, std::forward<Taken>(taken)..., rt.coroutine(member.token));
    }
    return gather_taken(rt, rex, rest, std::forward<Taken>(taken)..., *member.future->simple());
  } else {
    throw ScenarioError("a gather of more than three, not all of them futures");
  }
}

}  // namespace

template <class T>
AwaitablePtr gather_around(Runtime& rt, bool rex, const hob::Future<T>& inner, const Member* left,
                           const Member* right) {
  if (left && left->is_coro()) return gather_these(rex, rt.coroutine(left->token), inner);
  if (left) return gather_these(rex, *left->future->simple(), inner);
  if (right && right->is_coro()) return gather_these(rex, inner, rt.coroutine(right->token));
  if (right) return gather_these(rex, inner, *right->future->simple());
  return gather_these(rex, inner);
}

using R = hob::Result<Value>;
#define HOB_GATHER_AROUND(...)                                                         \
  template AwaitablePtr gather_around(Runtime&, bool, const hob::Future<__VA_ARGS__>&, \
                                      const Member*, const Member*)
HOB_GATHER_AROUND(std::vector<Value>);
HOB_GATHER_AROUND(std::vector<R>);
HOB_GATHER_AROUND(std::tuple<Value>);
HOB_GATHER_AROUND(std::tuple<Value, Value>);
HOB_GATHER_AROUND(std::tuple<Value, Value, Value>);
HOB_GATHER_AROUND(std::tuple<R>);
HOB_GATHER_AROUND(std::tuple<R, R>);
HOB_GATHER_AROUND(std::tuple<R, R, R>);
#undef HOB_GATHER_AROUND

AwaitablePtr gather(Runtime& rt, bool rex, const std::vector<Member>& members) {
  std::vector<hob::Future<Value>> futures;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Member& member = members[i];
    if (member.is_coro()) continue;
    if (const hob::Future<Value>* future = member.future->simple()) {
      futures.push_back(*future);
      continue;
    }
    if (members.size() > 2) throw ScenarioError("a gather of a gather and more than one other");
    const Member* left = i == 1 ? &members[0] : nullptr;
    const Member* right = members.size() == 2 && i == 0 ? &members[1] : nullptr;
    return member.future->gather(rt, rex, left, right);
  }
  if (futures.size() == members.size()) return gather_range(rex, futures);
  return gather_taken(rt, rex, members);
}

}  // namespace conformance
