// SPDX-License-Identifier: MIT
// ensure_future: anything that can be awaited, as a future. What the combinators do with their
// arguments.
#pragma once

#include <hob/task/future.hpp>
#include <hob/task/plain_awaitable.hpp>
#include <hob/task/task.hpp>

#include <type_traits>
#include <utility>

namespace hob {

/// A future stays itself; a coroutine becomes a task; another awaitable is awaited in a task of its
/// own.
inline Future<> ensure_future(const AnyTask& task) { return task; }
template <class T>
Future<T> ensure_future(const Future<T>& future) {
  return future;
}
template <class T>
Task<T> ensure_future(const Task<T>& task) {
  return task;
}
template <class T>
Task<T> ensure_future(Coro<T>&& coro) {
  return create_task(std::move(coro));
}
template <detail::PlainAwaitable A>
auto ensure_future(A&& awaitable) {
  return create_task(std::forward<A>(awaitable));
}

namespace detail {

/// The type that awaiting `A` gives.
template <class A>
using FutureValue = typename decltype(ensure_future(std::declval<A>()))::value_type;

/// Whether a combinator may move the value out of the future that it made or was given.
template <class A>
inline constexpr bool kMayMove =
    kIsCoro<std::remove_cvref_t<A>> || !kIsFuture<std::remove_cvref_t<A>>;

/// The value of a done future: moved when it is ours alone, else copied.
template <class T, bool Ours>
T take_value(FutureBase& future) {
  auto& value = value_of<T>(future).get();
  if constexpr (!std::is_copy_constructible_v<T>) {
    return std::move(value);
  } else {
    if (Ours || future.unique()) return std::move(value);
    return value;
  }
}

}  // namespace detail
}  // namespace hob
