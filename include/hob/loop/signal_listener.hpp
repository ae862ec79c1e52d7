// SPDX-License-Identifier: MIT
// SignalListener: what a loop tells about Unix signals, beside the handlers of add_signal_handler.
#pragma once

#include <hob/core/node.hpp>

#include <cstdint>

namespace hob::detail {

/// A set of signals: bit n - 1 is signal n.
using SignalSet = std::uint64_t;
inline constexpr int kSignalMax = 64;

constexpr SignalSet signal_bit(int signal) noexcept { return SignalSet{1} << (signal - 1); }

/// Belongs to the loop's thread.
class SignalListener : public Link {
 public:
  SignalListener(const SignalListener&) = delete;
  SignalListener& operator=(const SignalListener&) = delete;

  /// In the loop, while it looks outside: these have arrived. Must not run user code.
  virtual void on_signals(SignalSet arrived) noexcept = 0;
  /// The loop was closed: there will be no more.
  virtual void loop_closed() noexcept = 0;
  SignalSet wanted() const noexcept { return wanted_; }

 protected:
  explicit SignalListener(SignalSet wanted) noexcept : wanted_(wanted) {}
  ~SignalListener() = default;

 private:
  SignalSet wanted_;
};

}  // namespace hob::detail
