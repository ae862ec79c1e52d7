// SPDX-License-Identifier: MIT
#include "testing/network/agenda.hpp"

#include <algorithm>
#include <utility>

namespace hob::testing {

Time Agenda::now() noexcept {
  EventLoop* loop = detail::running_loop;
  if (!loop) return now_;
  if (&loop->core() != core_.get()) enter_loop(*loop);
  return now_ = loop->time().count_ns() + ahead_;
}

void Agenda::at(Time when, Function<void()> fn) {
  constexpr Time kTick = detail::TimerWheel::kTickNs;
  now();
  events_.push_back({(when + kTick - 1) / kTick * kTick, number_++, std::move(fn)});
  std::push_heap(events_.begin(), events_.end());
  set_timer();
}

void Agenda::on_timer(detail::Node* node) {
  auto& self = static_cast<Agenda&>(*static_cast<detail::TimerNode*>(node));
  if (!self.core_->closed) self.run_due();
}

// What these note for the same time happens in the next iteration: the program comes first.
void Agenda::run_due() {
  const Time until = now();
  const std::uint64_t end = number_;
  while (!events_.empty() && events_.front().when <= until && events_.front().number < end) {
    std::pop_heap(events_.begin(), events_.end());
    Event event = std::move(events_.back());
    events_.pop_back();
    event.fn();
  }
  set_timer();
}

void Agenda::set_timer() noexcept {
  if (!core_ || core_->closed || events_.empty()) return;
  if (linked()) {
    if (when_ns <= events_.front().when - ahead_) return;
    detail::cancel_timer(*core_->loop, *this);
  }
  detail::start_timer(*core_->loop, *this, events_.front().when - ahead_);
}

void Agenda::enter_loop(EventLoop& loop) noexcept {
  leave_loop();
  core_ = detail::Ref<detail::LoopCore>(&loop.core());
  ahead_ = now_ - loop.time().count_ns();
  set_timer();
}

void Agenda::leave_loop() noexcept {
  if (linked() && core_->loop) detail::cancel_timer(*core_->loop, *this);
  core_ = {};
}

}  // namespace hob::testing
