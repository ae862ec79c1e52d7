// SPDX-License-Identifier: MIT
// signals(SIGTERM, ...): Unix signals as something to await, in place of a callback.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/loop/signal_listener.hpp>
#include <hob/sync/event.hpp>
#include <hob/task/coro.hpp>

#include <optional>

namespace hob {

namespace detail {
/// Throws ValueError for a number that is no signal.
SignalSet checked_signal_bit(int signal);
}  // namespace detail

/// Signals that arrive from its construction to its end or `close`; see `signals`. Belongs to the
/// running loop of its construction. Any number of receivers, in any number of loops, may want the
/// same signal: each gets it. While a receiver for SIGINT exists, SIGINT does not cancel the main
/// task of `run` in this loop. When the last one for a signal in the process goes, and no handler
/// of add_signal_handler is left, the signal has its default action again. (Python has none; trio's
/// open_signal_receiver.)
class SignalReceiver final : private detail::SignalListener {
 public:
  /// Throws RuntimeError outside a running loop, OSError for signals that cannot be caught.
  explicit SignalReceiver(detail::SignalSet wanted);
  ~SignalReceiver() { close(); }

  /// Waits for the next signal and gives its number; empty after `close`. Signals of a kind that
  /// arrive before they are taken are one, as the kernel has it; of several kinds the lowest number
  /// comes first. A cancellation takes no signal. Any number of tasks may wait: each signal goes to
  /// one of them.
  Coro<std::optional<int>> anext();
  /// No more signals; those that arrived can still be taken. Idempotent.
  void close() noexcept;

 private:
  void on_signals(detail::SignalSet arrived) noexcept override;
  void loop_closed() noexcept override;

  detail::Ref<detail::LoopCore> core_;
  detail::SignalSet arrived_ = 0;
  Event changed_;
  bool open_ = true;
};

/// Receives signals, from this call on: `auto terminations = signals(SIGTERM, SIGINT);` then
/// `while (auto signal = co_await terminations.anext())`. Throws ValueError for a number that is no
/// signal, and as SignalReceiver does.
template <class... Signal>
[[nodiscard]] SignalReceiver signals(Signal... signal) {
  static_assert(sizeof...(Signal) > 0, "signals() needs the signals to receive");
  return SignalReceiver((detail::checked_signal_bit(signal) | ...));
}

}  // namespace hob
