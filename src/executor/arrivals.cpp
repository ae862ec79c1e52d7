// SPDX-License-Identifier: MIT
#include <hob/executor/imap.hpp>

#include <deque>
#include <mutex>

namespace hob::detail {
namespace {

class Row final : public Arrivals {
 public:
  Row(std::size_t jobs, bool ordered) : ordered_(ordered), here_(ordered ? jobs : 0), left_(jobs) {}

  void arrive(std::size_t number) noexcept override {
    concurrent::Future<> waiting;
    {
      const std::lock_guard lock(mutex_);
      if (ordered_) {
        here_[number] = true;
      } else {
        arrived_.push_back(number);
      }
      if (ready()) std::swap(waiting, waiting_);
    }
    if (waiting && waiting.set_running_or_notify_cancel()) waiting.set_result();
  }
  std::optional<std::size_t> take() override {
    const std::lock_guard lock(mutex_);
    if (!ready()) return std::nullopt;
    --left_;
    if (ordered_) return next_++;
    const std::size_t number = arrived_.front();
    arrived_.pop_front();
    return number;
  }
  bool all_taken() const override {
    const std::lock_guard lock(mutex_);
    return left_ == 0;
  }
  concurrent::Future<> next_arrival() override {
    auto arrival = concurrent::Future<>::make();
    bool now = false;
    {
      const std::lock_guard lock(mutex_);
      now = ready();
      if (!now) waiting_ = arrival;
    }
    if (now) arrival.set_result();
    return arrival;
  }

 private:
  bool ready() const { return ordered_ ? left_ > 0 && here_[next_] : !arrived_.empty(); }

  mutable std::mutex mutex_;
  const bool ordered_;
  std::vector<bool> here_;           // ordered: which have ended
  std::size_t next_ = 0;             // ordered: whose turn it is
  std::deque<std::size_t> arrived_;  // otherwise
  std::size_t left_;
  concurrent::Future<> waiting_;
};

}  // namespace

Ref<Arrivals> Arrivals::make(std::size_t jobs, bool ordered) {
  return Ref<Arrivals>::adopt(new Row(jobs, ordered));
}

}  // namespace hob::detail
