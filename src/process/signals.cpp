// SPDX-License-Identifier: MIT
#include <hob/process/signals.hpp>

#include "loop/loop_impl.hpp"

#include <hob/core/raise.hpp>

#include <bit>

namespace hob {

detail::SignalSet detail::checked_signal_bit(int signal) {
  if (signal <= 0 || signal > kSignalMax) raise_value_error("signals: no such signal number");
  return signal_bit(signal);
}

SignalReceiver::SignalReceiver(detail::SignalSet wanted)
    : SignalListener(wanted), core_(&get_running_loop().core()) {
  core_->loop->impl().signals.listen(*this);
}

Coro<std::optional<int>> SignalReceiver::anext() {
  while (arrived_ == 0) {
    if (!open_) co_return std::nullopt;
    changed_.clear();
    co_await changed_.wait();
  }
  const int signal = std::countr_zero(arrived_) + 1;
  arrived_ &= arrived_ - 1;
  co_return signal;
}

void SignalReceiver::close() noexcept {
  open_ = false;
  if (linked()) core_->loop->impl().signals.forget(*this);
  changed_.set();
}

void SignalReceiver::on_signals(detail::SignalSet arrived) noexcept {
  arrived_ |= arrived;
  changed_.set();
}

void SignalReceiver::loop_closed() noexcept { open_ = false; }

}  // namespace hob
