// SPDX-License-Identifier: MIT
#include <hob/testing/faults.hpp>

#include "sys/fault.hpp"
#include "sys/syscall.hpp"

#include <array>
#include <map>
#include <mutex>
#include <utility>

namespace hob::testing {

class Faults::Plan final : public sys::FaultPlan {
 public:
  int before(sys::Call call, std::size_t& size) noexcept override {
    const std::lock_guard lock(mutex);
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

  void added(int epoll, int fd, std::uint32_t events, std::uint64_t data) noexcept override {
    const std::lock_guard lock(mutex);
    watches[fd] = {epoll, events, data};
  }

  // Changing an edge-triggered registration, be it to what it is, makes the kernel look again.
  void held_back(int fd) noexcept override {
    const std::lock_guard lock(mutex);
    const auto watch = watches.find(fd);
    if (watch == watches.end()) return;
    const auto& [epoll, events, data] = watch->second;
    sys::FaultPlan* const plan = std::exchange(sys::fault_plan, nullptr);
    sys::epoll_control(epoll, EPOLL_CTL_MOD, fd, events, data);
    sys::fault_plan = plan;
  }

  void disarm() noexcept {
    const std::lock_guard lock(mutex);
    rules = {};
    watches.clear();
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
  struct Watch {
    int epoll;
    std::uint32_t events;
    std::uint64_t data;
  };
  std::mutex mutex;  // of what follows: helper threads count, too
  std::array<Rule, kCalls> rules;
  std::map<int, Watch> watches;
  std::size_t injected = 0;

 private:
  ~Plan() override = default;
};

static_assert(static_cast<int>(sys::Call::count_) == Faults::kCalls &&
              static_cast<int>(sys::Call::fcntl) == static_cast<int>(Faults::Call::fcntl) &&
              static_cast<int>(sys::Call::mmap) == static_cast<int>(Faults::Call::mmap) &&
              static_cast<int>(sys::Call::recv) == static_cast<int>(Faults::Call::recv) &&
              static_cast<int>(sys::Call::write) == static_cast<int>(Faults::Call::write));

Faults::Faults() : plan_(new Plan) { sys::fault_plan = plan_; }
Faults::~Faults() {
  sys::fault_plan = nullptr;
  plan_->disarm();  // whoever borrowed it may keep it
  plan_->release();
}

void Faults::fail(Call call, int error, std::size_t nth, std::size_t times) noexcept {
  const std::lock_guard lock(plan_->mutex);
  auto& rule = plan_->rules[static_cast<std::size_t>(call)];
  rule.fail_from = rule.calls + nth;
  rule.fail_times = times;
  rule.error = error;
}

void Faults::shorten(Call call, std::size_t size, std::size_t nth, std::size_t times) noexcept {
  const std::lock_guard lock(plan_->mutex);
  auto& rule = plan_->rules[static_cast<std::size_t>(call)];
  rule.short_from = rule.calls + nth;
  rule.short_times = times;
  rule.size = size;
}

std::size_t Faults::calls(Call call) const noexcept {
  const std::lock_guard lock(plan_->mutex);
  return plan_->rules[static_cast<std::size_t>(call)].calls;
}
std::size_t Faults::injected() const noexcept {
  const std::lock_guard lock(plan_->mutex);
  return plan_->injected;
}

}  // namespace hob::testing
