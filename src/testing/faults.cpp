// SPDX-License-Identifier: MIT
#include <hob/testing/faults.hpp>

#include "sys/fault.hpp"

#include <array>

namespace hob::testing {

class Faults::Plan final : public sys::FaultPlan {
 public:
  int before(sys::Call call, std::size_t& size) noexcept override {
    Rule& rule = rules[static_cast<std::size_t>(call)];
    const std::size_t number = ++rule.calls;
    if (number >= rule.fail_from && number - rule.fail_from < rule.fail_times) {
      ++injected;
      return -rule.error;
    }
    if (number >= rule.short_from && number - rule.short_from < rule.short_times &&
        size > rule.size) {
      ++injected;
      size = rule.size;
    }
    return 0;
  }

  struct Rule {
    std::size_t calls = 0;
    std::size_t fail_from = 0;
    std::size_t fail_times = 0;
    int error = 0;
    std::size_t short_from = 0;
    std::size_t short_times = 0;
    std::size_t size = 0;
  };
  std::array<Rule, kCalls> rules;
  std::size_t injected = 0;
};

static_assert(static_cast<int>(sys::Call::count_) == Faults::kCalls &&
              static_cast<int>(sys::Call::write) == static_cast<int>(Faults::Call::write));

Faults::Faults() : plan_(new Plan) { sys::install_fault_plan(plan_); }
Faults::~Faults() {
  sys::install_fault_plan(nullptr);
  delete plan_;
}

void Faults::fail(Call call, int error, std::size_t nth, std::size_t times) noexcept {
  auto& rule = plan_->rules[static_cast<std::size_t>(call)];
  rule.fail_from = rule.calls + nth;
  rule.fail_times = times;
  rule.error = error;
}

void Faults::shorten(Call call, std::size_t size, std::size_t nth, std::size_t times) noexcept {
  auto& rule = plan_->rules[static_cast<std::size_t>(call)];
  rule.short_from = rule.calls + nth;
  rule.short_times = times;
  rule.size = size;
}

std::size_t Faults::calls(Call call) const noexcept {
  return plan_->rules[static_cast<std::size_t>(call)].calls;
}
std::size_t Faults::injected() const noexcept { return plan_->injected; }

}  // namespace hob::testing
