// SPDX-License-Identifier: MIT
// FunctionId: a function's name for other processes of the same program: which module it is in, and
// where. Nothing is registered: whatever the program can call has an address, and the address minus
// that of its module is the same in every process, wherever the modules were loaded.
#pragma once

#include <cstdint>
#include <type_traits>

namespace hob::detail {

struct FunctionId {
  std::uint64_t module = 0;  // identity of the build of the program or shared object; 0: none
  std::uint64_t offset = 0;
};

using AnyFunction = void (*)();

/// Of this program's build: two processes with the same one find each other's functions.
std::uint64_t program_identity();
/// Any thread. Throws ValueError for what is not code of a loaded module (null, generated code).
FunctionId function_id(AnyFunction function);
/// Any thread. Throws RuntimeError when this process has not loaded that build of that module, and
/// ValueError when the offset is outside its code.
AnyFunction find_function(FunctionId id);

/// Functions (static members included) by pointer, and classes without state: captureless lambdas,
/// std::plus<>.
template <class F>
inline constexpr bool kIsFunctionPointer =
    std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>;
template <class F>
concept RemoteCallable = kIsFunctionPointer<F> ||
                         (std::is_class_v<F> && std::is_empty_v<F> &&
                          std::is_trivially_copyable_v<F> && std::is_default_constructible_v<F>);

/// Refuses to compile what another process could not call.
template <class F>
constexpr void require_remote_callable() {
  static_assert(!std::is_member_pointer_v<F>,
                "hob: a process pool cannot call a member of an object. Submit a lambda without "
                "captures that takes the object as an argument: "
                "submit([](Thing thing) { return thing.work(); }, thing)");
  static_assert(RemoteCallable<F> || std::is_member_pointer_v<F>,
                "hob: a process pool runs functions, static members and lambdas without captures: "
                "what a lambda captures lies in the memory of this process. Pass it as arguments "
                "instead: submit([](int n) { return n + 1; }, n)");
}

}  // namespace hob::detail
