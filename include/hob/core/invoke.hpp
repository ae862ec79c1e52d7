// SPDX-License-Identifier: MIT
// invoke: std::invoke without <functional> (28,000 lines).
#pragma once

#include <type_traits>
#include <utility>

namespace hob::detail {

template <class M, class Object, class... Args>
constexpr decltype(auto) invoke_member(M member, Object&& object, Args&&... args) {
  if constexpr (requires { (*object.*member)(std::forward<Args>(args)...); }) {
    return (*object.*member)(std::forward<Args>(args)...);
  } else if constexpr (requires { (object.get().*member)(std::forward<Args>(args)...); }) {
    return (object.get().*member)(std::forward<Args>(args)...);
  } else {
    return (std::forward<Object>(object).*member)(std::forward<Args>(args)...);
  }
}

/// Calls `fn(args...)`; a pointer to member is called on the first argument (an object or a pointer
/// to one).
template <class F, class... Args>
constexpr decltype(auto) invoke(F&& fn, Args&&... args) {
  if constexpr (std::is_member_pointer_v<std::remove_cvref_t<F>>) {
    return invoke_member(fn, std::forward<Args>(args)...);
  } else {
    return std::forward<F>(fn)(std::forward<Args>(args)...);
  }
}

}  // namespace hob::detail
