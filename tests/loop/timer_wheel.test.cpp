// SPDX-License-Identifier: MIT
#include "loop/timer_wheel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

using hob::detail::LinkList;
using hob::detail::TimerNode;
using hob::detail::TimerWheel;

namespace timer_wheel_test {
namespace {

struct Timer : TimerNode {
  std::uint64_t sequence = 0;
};

// What the wheel must equal: a list that is sorted by (when, sequence).
class Reference {
 public:
  void insert(const Timer& timer) { timers_.push_back(&timer); }
  void remove(const Timer& timer) { std::erase(timers_, &timer); }
  std::vector<const Timer*> advance(std::int64_t now) {
    std::sort(timers_.begin(), timers_.end(), [](const Timer* a, const Timer* b) {
      return a->when_ns != b->when_ns ? a->when_ns < b->when_ns : a->sequence < b->sequence;
    });
    const auto end = std::find_if(timers_.begin(), timers_.end(),
                                  [now](const Timer* timer) { return timer->when_ns > now; });
    std::vector<const Timer*> due(timers_.begin(), end);
    timers_.erase(timers_.begin(), end);
    return due;
  }
  std::size_t size() const { return timers_.size(); }
  std::int64_t next() const {
    std::int64_t next = TimerWheel::kNever;
    for (const Timer* timer : timers_) next = std::min(next, timer->when_ns);
    return next;
  }

 private:
  std::vector<const Timer*> timers_;
};

std::vector<const Timer*> advance(TimerWheel& wheel, std::int64_t now) {
  LinkList due;
  wheel.advance(now, due);
  std::vector<const Timer*> timers;
  while (!due.empty()) {
    timers.push_back(static_cast<const Timer*>(static_cast<TimerNode*>(&due.pop_front())));
  }
  return timers;
}

// A time span of any magnitude from nanoseconds to far beyond the wheel.
std::int64_t random_span(std::mt19937_64& random, int bits_max) {
  const int bits = static_cast<int>(random() % static_cast<unsigned>(bits_max + 1));
  return static_cast<std::int64_t>(random() & ((std::uint64_t{1} << bits) - 1));
}

// Random inserts, removals and advances, compared with the reference at every step.
void compare(std::uint64_t seed, int bits_max) {
  std::mt19937_64 random(seed);
  const auto whole_tick = [](std::int64_t ns) { return ns / TimerWheel::kTickNs * TimerWheel::kTickNs; };
  std::int64_t now = whole_tick(random_span(random, 40));
  TimerWheel wheel(now);
  Reference reference;
  std::vector<std::unique_ptr<Timer>> timers;
  for (int step = 0; step < 400; ++step) {
    const auto what = random() % 8;
    if (what < 4) {
      timers.push_back(std::make_unique<Timer>());
      Timer& timer = *timers.back();
      timer.sequence = timers.size();
      const bool again = what == 0 && timers.size() > 1;  // equal to another, perhaps in the past
      timer.when_ns = again ? timers[random() % (timers.size() - 1)]->when_ns
                            : now + random_span(random, bits_max) - 500;
      wheel.insert(timer);
      reference.insert(timer);
    } else if (what == 4 && !timers.empty()) {
      Timer& timer = *timers[random() % timers.size()];
      if (timer.linked()) {
        wheel.remove(timer);
        reference.remove(timer);
      }
    } else {
      // Sometimes exactly to the next time that the wheel names, as the loop does.
      if (what == 5 && !wheel.empty()) {
        now = std::max(now, wheel.next_ns());
      } else {
        now = whole_tick(now + random_span(random, bits_max));
      }
      REQUIRE(advance(wheel, now) == reference.advance(now));
    }
    REQUIRE(wheel.empty() == (reference.size() == 0));
    // Never later than the first timer, but for the width of a tick.
    const std::int64_t next = reference.next();
    const std::int64_t rounded = next > TimerWheel::kNever - 1000 ? next : next + 999;
    REQUIRE(wheel.next_ns() <= std::max(rounded, now));
  }
  for (auto& timer : timers) {
    if (timer->linked()) wheel.remove(*timer);
  }
  REQUIRE(wheel.empty());
  REQUIRE(wheel.next_ns() == TimerWheel::kNever);
}

}  // namespace

TEST_CASE("the wheel gives what a sorted list gives, for timers of all sizes") {
  for (const int bits : {10, 16, 22, 30, 38, 46, 57}) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      CAPTURE(bits);
      CAPTURE(seed);
      compare(seed, bits);
    }
  }
}

TEST_CASE("the loop finds each timer without asking more than a few times") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    TimerWheel wheel(1'000'000);
    Timer timer;
    timer.when_ns = 1'000'000 + random_span(random, 57);
    wheel.insert(timer);
    int wakes = 0;
    while (!wheel.empty()) {
      REQUIRE(wheel.next_ns() < TimerWheel::kNever);
      LinkList due;
      wheel.advance(wheel.next_ns(), due);
      ++wakes;
      if (!due.empty()) due.pop_front();
    }
    CHECK(wakes <= 9);
  }
}

TEST_CASE("equal times come out in the order of insertion, from near and far") {
  for (const std::int64_t when : {2'000L, 70'000L, 5'000'000L, 300'000'000'000'000'000L}) {
    TimerWheel wheel(0);
    Timer timers[100];
    std::vector<const Timer*> expected;
    for (int i = 0; i < 100; ++i) {
      if (i == 50) {
        LinkList none;
        wheel.advance(when / 2, none);
        REQUIRE(none.empty());
      }
      timers[i].when_ns = when;
      wheel.insert(timers[i]);
      expected.push_back(&timers[i]);
    }
    CHECK(advance(wheel, when - 1).empty());
    CHECK(advance(wheel, when) == expected);
  }
}

TEST_CASE("a timer in the past is due at the next advance") {
  TimerWheel wheel(1'000'000'000);
  Timer past, now;
  past.when_ns = -5;
  now.when_ns = 1'000'000'000;
  wheel.insert(now);
  wheel.insert(past);
  CHECK(wheel.next_ns() <= 1'000'000'000);
  CHECK(advance(wheel, 1'000'000'000) == std::vector<const Timer*>{&past, &now});
}

TEST_CASE("many timers beyond the end of the wheel are neither lost nor early") {
  TimerWheel wheel(0);
  const std::int64_t span = (std::int64_t{1} << 58) / 1000 * 1000;  // 9.1 years; the wheel spans 8.9
  std::vector<Timer> timers(300);
  for (std::size_t i = 0; i < timers.size(); ++i) {
    timers[i].when_ns = span + static_cast<std::int64_t>(i) * 1000;
    wheel.insert(timers[i]);
  }
  CHECK(advance(wheel, span - 1).empty());
  for (std::size_t i = 0; i < timers.size(); ++i) {
    const auto due = advance(wheel, timers[i].when_ns);
    REQUIRE(due == std::vector<const Timer*>{&timers[i]});
  }
  CHECK(wheel.empty());
}

TEST_CASE("a crowd of due timers comes in parts, in order, those of one tick together") {
  TimerWheel wheel(0);
  std::vector<Timer> timers(1000);
  for (std::size_t i = 0; i < timers.size(); ++i) {
    timers[i].when_ns = static_cast<std::int64_t>(i / 10) * 1000;
    wheel.insert(timers[i]);
  }
  std::size_t next = 0;
  while (next < timers.size()) {
    LinkList due;
    wheel.advance(1'000'000, due, 25);
    for (int i = 0; i < 30; ++i) {
      REQUIRE(static_cast<TimerNode*>(&due.pop_front()) == &timers[next]);
      if (++next == timers.size()) break;
    }
    CHECK(due.empty());
    if (next < timers.size()) CHECK(wheel.next_ns() <= timers[next].when_ns);
  }
  CHECK(wheel.empty());
}

TEST_CASE("a removed timer is gone from a list of due ones too") {
  TimerWheel wheel(0);
  Timer a, b;
  a.when_ns = b.when_ns = 10;
  wheel.insert(a);
  wheel.insert(b);
  LinkList due;
  wheel.advance(1'000'000, due);
  wheel.remove(a);
  CHECK(due.front() == &b);
  wheel.remove(b);
  CHECK(due.empty());
  CHECK(wheel.empty());
}

}  // namespace timer_wheel_test
