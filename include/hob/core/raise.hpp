// SPDX-License-Identifier: MIT
// Out-of-line throwers: headers that can fail call these, and stay free of <stdexcept> (19,000
// lines).
#pragma once

#include <hob/core/message.hpp>

#include <exception>

namespace hob::detail {

[[noreturn]] void raise_runtime_error(const char* what);
[[noreturn]] void raise_value_error(const char* what);
[[noreturn]] void raise_invalid_state(const char* what);
[[noreturn]] void raise_timeout(const char* what = "");
[[noreturn]] void raise_cancelled(Ref<Message> message);
[[noreturn]] void raise_stop_async_iteration();

/// The object inside `error` when it is exactly a `T`, else null; it lives as long as `error`.
/// Reads libstdc++'s exception_ptr directly, because a rethrow to look inside costs 1 to 2 us.
const void* exception_object(const std::exception_ptr& error, const void* type_info) noexcept;
bool is_cancelled_error(const std::exception_ptr& error) noexcept;
bool is_keyboard_interrupt(const std::exception_ptr& error) noexcept;
/// The message of a CancelledError held by `error`.
Ref<Message> cancel_message_of(const std::exception_ptr& error) noexcept;
std::exception_ptr make_cancelled_error(Ref<Message> message);

}  // namespace hob::detail
