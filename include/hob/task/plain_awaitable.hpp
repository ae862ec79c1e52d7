// SPDX-License-Identifier: MIT
// What can be awaited and is neither a coroutine nor a future: a sleep, a read, a queue's get. In
// Python these are coroutines; here one is made around it where a task needs it.
#pragma once

#include <hob/task/awaitable.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/future.hpp>

#include <type_traits>
#include <utility>

namespace hob::detail {

template <class A>
inline constexpr bool kIsCoro = false;
template <class T>
inline constexpr bool kIsCoro<Coro<T>> = true;

template <class A>
concept PlainAwaitable =
    !kIsCoro<std::remove_cvref_t<A>> && !kIsFuture<std::remove_cvref_t<A>> &&
    (HasMemberCoAwait<std::decay_t<A>> || HasFreeCoAwait<std::decay_t<A>> ||
     std::is_base_of_v<LibraryAwaiter, std::decay_t<A>> || CustomAwaiter<std::decay_t<A>>);

template <class A>
Coro<AwaitResult<A>> await_whole(A awaited) {
  co_return co_await std::move(awaited);
}

/// As a coroutine, which owns what it awaits.
template <PlainAwaitable A>
auto as_coroutine(A&& awaitable) {
  return await_whole<std::decay_t<A>>(std::forward<A>(awaitable));
}

}  // namespace hob::detail
