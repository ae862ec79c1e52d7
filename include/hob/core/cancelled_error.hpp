// SPDX-License-Identifier: MIT
// CancelledError alone: what a cancelled await throws. Kept apart from the other errors because it
// is not one.
#pragma once

#include <hob/core/message.hpp>

namespace hob {

/// Thrown at the suspension point of a task that was cancelled, and by awaiting something that was.
/// Not a std::exception, so `catch (const std::exception&)` never swallows a cancellation
/// (Python 3.8 made asyncio.CancelledError a BaseException for the same reason). Catch it to clean
/// up, then rethrow.
class CancelledError final {
 public:
  CancelledError() noexcept = default;
  /// Copies `message`, the reason given to `cancel(message)`.
  explicit CancelledError(Text message) : message_(detail::Message::make(message)) {}
  explicit CancelledError(detail::Ref<detail::Message> message) noexcept
      : message_(std::move(message)) {}

  /// The reason given to `cancel`; "" when none was.
  const char* what() const noexcept { return message_ ? message_->c_str() : ""; }
  bool has_message() const noexcept { return static_cast<bool>(message_); }
  const detail::Ref<detail::Message>& message() const noexcept { return message_; }

 private:
  detail::Ref<detail::Message> message_;
};

}  // namespace hob
