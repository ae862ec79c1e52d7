// SPDX-License-Identifier: MIT
#include <hob/core/duration.hpp>
#include <hob/core/error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>
#include <sstream>

using namespace std::chrono_literals;
using hob::Duration;

namespace duration_test {

TEST_CASE("a duration takes any chrono duration") {
  CHECK(Duration(5s).count_ns() == 5'000'000'000);
  CHECK(Duration(0.5s).count_ns() == 500'000'000);
  CHECK(Duration(3us).count_ns() == 3'000);
  CHECK(Duration(-2ms).count_ns() == -2'000'000);
  CHECK(Duration(1h).seconds() == 3600.0);
  CHECK(Duration(std::chrono::duration<float>(0.25f)).count_ns() == 250'000'000);
  CHECK(Duration(std::chrono::duration<std::uint8_t>(3)).count_ns() == 3'000'000'000);
  CHECK(Duration().count_ns() == 0);
}

TEST_CASE("durations are multiplied and divided: a back-off that doubles") {
  Duration delay = 100ms;
  delay *= 2;
  CHECK(delay == Duration(200ms));
  delay = std::min(delay * 2.5, Duration(400ms));
  CHECK(delay == Duration(400ms));
  delay += 1s;
  delay -= 200ms;
  CHECK(2 * delay / 3 == Duration(800ms));
  CHECK((delay /= 0.5) == Duration(2400ms));
  CHECK(Duration(3s) / Duration(2s) == 1.5);
  CHECK(Duration::forever() * 2 == Duration::forever());
  CHECK(Duration::forever() / 2 == Duration::forever());
  CHECK(Duration::forever() * 0.5 < Duration::forever());
  CHECK_THROWS_AS(delay * std::numeric_limits<double>::quiet_NaN(), hob::ValueError);
  std::ostringstream out;
  out << Duration(1500ms);
  CHECK(out.str() == "1.5s");
}

TEST_CASE("a fraction of a nanosecond is rounded up, whatever the representation") {
  using Picoseconds = std::chrono::duration<std::int64_t, std::pico>;
  using FloatNanoseconds = std::chrono::duration<double, std::nano>;
  CHECK(Duration(Picoseconds(1)).count_ns() == 1);
  CHECK(Duration(Picoseconds(1000)).count_ns() == 1);
  CHECK(Duration(Picoseconds(1001)).count_ns() == 2);
  CHECK(Duration(Picoseconds(-1001)).count_ns() == -1);
  CHECK(Duration(FloatNanoseconds(1.25)).count_ns() == 2);
  CHECK(Duration(FloatNanoseconds(-1.25)).count_ns() == -1);
}

TEST_CASE("durations out of range saturate") {
  using Years = std::chrono::duration<std::int64_t, std::ratio<31'556'952>>;
  CHECK(Duration(Years(1000)) == Duration::forever());
  CHECK(Duration(Years(INT64_MAX)).is_forever());
  CHECK(Duration(Years(INT64_MIN)) == -Duration::forever());
  CHECK(Duration(std::chrono::duration<std::uint64_t>(UINT64_MAX)).is_forever());
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(Duration(std::chrono::duration<double>(infinity)).is_forever());
  CHECK(Duration(std::chrono::duration<double>(-infinity)) == -Duration::forever());
  CHECK(Duration(std::chrono::duration<double>(1e300)).is_forever());
  CHECK(Duration(std::chrono::nanoseconds::max()).is_forever());
}

TEST_CASE("a NaN is refused") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(Duration(std::chrono::duration<double>(nan)), hob::ValueError);
}

TEST_CASE("arithmetic with durations saturates") {
  CHECK(Duration(1s) + Duration(500ms) == Duration(1500ms));
  CHECK(Duration(1s) - Duration(2s) == Duration(-1s));
  CHECK(-Duration(1s) == Duration(-1s));
  CHECK((Duration::forever() + Duration(1s)).is_forever());
  CHECK(-Duration::forever() - Duration(1s) == -Duration::forever());
  CHECK(Duration(1s) < Duration(2s));
  CHECK(Duration(2s) < Duration::forever());
}

TEST_CASE("a duration converts back to chrono, towards zero") {
  const std::chrono::milliseconds ms = Duration(1999us);
  CHECK(ms == 1ms);
  const std::chrono::milliseconds negative = Duration(-1999us);
  CHECK(negative == -1ms);
  const std::chrono::duration<double> seconds = Duration(250ms);
  CHECK(seconds.count() == 0.25);
  const std::chrono::nanoseconds ns = Duration::forever();
  CHECK(ns.count() == INT64_MAX);
}

TEST_CASE("durations work in constant expressions") {
  constexpr Duration d = 3s;
  static_assert(d.count_ns() == 3'000'000'000);
  static_assert(d + Duration(1ns) > d);
  CHECK(d.seconds() == 3.0);
}

}  // namespace duration_test
