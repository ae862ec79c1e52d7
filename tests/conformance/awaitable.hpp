// SPDX-License-Identifier: MIT
// An awaitable of a scenario: a hob::Future of any result type behind one interface. Tasks and
// futures give a Value, gathers what hob::gather gives.
#pragma once

#include "conformance/render.hpp"

#include <hob/core/function.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/future.hpp>
#include <hob/task/shield.hpp>
#include <hob/task/task.hpp>
#include <hob/task/timeout.hpp>

#include <exception>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace conformance {

class Awaitable;
using AwaitablePtr = std::shared_ptr<Awaitable>;

/// An argument of a gather beside another one: a future, or a coroutine to be made of a body.
struct Member;
class Runtime;

class Awaitable {
 public:
  Awaitable() = default;
  Awaitable(const Awaitable&) = delete;
  Awaitable& operator=(const Awaitable&) = delete;
  virtual ~Awaitable() = default;

  virtual bool done() const = 0;
  virtual bool cancelled() const = 0;
  virtual std::exception_ptr exception() const = 0;
  virtual Value result() const = 0;
  virtual bool cancel(const std::string* message) const = 0;
  virtual hob::Coro<Value> wait() const = 0;
  virtual hob::Coro<Value> wait_for(hob::Duration timeout) const = 0;
  virtual AwaitablePtr shield() const = 0;
  virtual hob::DoneCallbackId add_done_callback(hob::Function<void()> fn) const = 0;
  virtual int remove_done_callback(hob::DoneCallbackId id) const = 0;
  /// hob::gather of this one alone, or with another one on its left or right.
  virtual AwaitablePtr gather(Runtime& rt, bool rex, const Member* left,
                              const Member* right) const = 0;
  /// The future, when it gives a Value; else null.
  virtual const hob::Future<Value>* simple() const = 0;
  virtual const hob::detail::FutureBase* identity() const = 0;
};

template <class T>
hob::Coro<Value> wait_of(hob::Future<T> future) {
  co_return to_value(co_await future);
}

template <class T>
hob::Coro<Value> wait_for_of(hob::Future<T> future, hob::Duration timeout) {
  co_return to_value(co_await hob::wait_for(future, timeout));
}

/// Whether a gather can have a future of this type as an argument: whether it is a gather's itself.
template <class T>
inline constexpr bool kCanBeGathered = false;
template <>
inline constexpr bool kCanBeGathered<std::vector<Value>> = true;
template <>
inline constexpr bool kCanBeGathered<std::vector<hob::Result<Value>>> = true;
template <class... T>
inline constexpr bool kCanBeGathered<std::tuple<T...>> =
    ((std::is_same_v<T, Value> || std::is_same_v<T, hob::Result<Value>>) && ...);

/// Defined in gather.cpp, for those types.
template <class T>
AwaitablePtr gather_around(Runtime& rt, bool rex, const hob::Future<T>& inner, const Member* left,
                           const Member* right);

template <class T>
class Holder final : public Awaitable {
 public:
  explicit Holder(hob::Future<T> future) : future_(std::move(future)) {}

  bool done() const override { return future_.done(); }
  bool cancelled() const override { return future_.cancelled(); }
  std::exception_ptr exception() const override { return future_.exception(); }
  Value result() const override { return to_value(future_.result()); }
  bool cancel(const std::string* message) const override {
    return message ? future_.cancel(*message) : future_.cancel();
  }
  hob::Coro<Value> wait() const override { return wait_of(future_); }
  hob::Coro<Value> wait_for(hob::Duration timeout) const override {
    return wait_for_of(future_, timeout);
  }
  AwaitablePtr shield() const override { return std::make_shared<Holder>(hob::shield(future_)); }
  hob::DoneCallbackId add_done_callback(hob::Function<void()> fn) const override {
    return future_.add_done_callback(
        [call = std::move(fn)](const hob::Future<T>&) mutable { call(); });
  }
  int remove_done_callback(hob::DoneCallbackId id) const override {
    return future_.remove_done_callback(id);
  }
  AwaitablePtr gather(Runtime& rt, bool rex, const Member* left,
                      const Member* right) const override {
    if constexpr (kCanBeGathered<T>) {
      return gather_around(rt, rex, future_, left, right);
    } else {
      throw ScenarioError("a gather of gathers of gathers");
    }
  }
  const hob::Future<Value>* simple() const override {
    if constexpr (std::is_same_v<T, Value>) return &future_;
    return nullptr;
  }
  const hob::detail::FutureBase* identity() const override { return future_.state().get(); }

 private:
  hob::Future<T> future_;
};

template <class T>
AwaitablePtr hold(hob::Future<T> future) {
  return std::make_shared<Holder<T>>(std::move(future));
}

}  // namespace conformance
