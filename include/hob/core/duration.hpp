// SPDX-License-Identifier: MIT
// Duration: a length of time, or a point on a loop's clock (the time since that clock's epoch).
// It takes any std::chrono duration (`5s`, `0.5s`, `100ms`) without including <chrono>, so that
// headers that only pass times on stay light. One unit inside: signed nanoseconds, saturating.
#pragma once

#include <compare>
#include <cstdint>
#include <type_traits>

namespace hob {

namespace detail {
/// Anything shaped like std::chrono::duration.
template <class D>
concept ChronoDuration = requires(const D d) {
  typename D::rep;
  typename D::period;
  d.count();
};

[[noreturn]] void raise_nan_duration();

__extension__ typedef __int128 Wide;  // products of nanoseconds; -Wpedantic knows only 64 bits
}  // namespace detail

/// A length of time in nanoseconds. Converts implicitly from and to std::chrono durations; values
/// out of range saturate to `forever()` and its negative. A NaN throws ValueError, as
/// asyncio.sleep(nan) does.
class Duration {
 public:
  constexpr Duration() noexcept = default;

  /// Takes a std::chrono duration of any representation; a fraction of a nanosecond is rounded up.
  template <detail::ChronoDuration D>
  constexpr Duration(D d)
      : ns_(convert(d)) {}  // NOLINT(google-explicit-constructor): 5s is a Duration

  static constexpr Duration nanoseconds(std::int64_t ns) noexcept { return Duration(ns, Raw{}); }
  /// No limit: later than every deadline. The default of `timeout` options (Python's None).
  static constexpr Duration forever() noexcept { return nanoseconds(INT64_MAX); }

  constexpr std::int64_t count_ns() const noexcept { return ns_; }
  constexpr bool is_forever() const noexcept { return ns_ == INT64_MAX; }
  /// Seconds, as asyncio counts.
  constexpr double seconds() const noexcept { return static_cast<double>(ns_) / 1e9; }

  /// Converts to a std::chrono duration, rounding towards zero for integral representations.
  template <detail::ChronoDuration D>
  constexpr operator D() const noexcept {  // NOLINT(google-explicit-constructor)
    using Rep = typename D::rep;
    constexpr auto num = static_cast<long double>(D::period::num);
    constexpr auto den = static_cast<long double>(D::period::den);
    if constexpr (std::is_floating_point_v<Rep>) {
      return D(static_cast<Rep>(static_cast<long double>(ns_) / 1e9L / num * den));
    } else {
      return D(static_cast<Rep>(static_cast<detail::Wide>(ns_) * D::period::den /
                                (static_cast<detail::Wide>(D::period::num) * 1'000'000'000)));
    }
  }

  friend constexpr auto operator<=>(Duration, Duration) noexcept = default;
  friend constexpr Duration operator+(Duration a, Duration b) noexcept {
    return nanoseconds(clamp(static_cast<detail::Wide>(a.ns_) + b.ns_));
  }
  friend constexpr Duration operator-(Duration a, Duration b) noexcept {
    return nanoseconds(clamp(static_cast<detail::Wide>(a.ns_) - b.ns_));
  }
  constexpr Duration operator-() const noexcept { return Duration() - *this; }
  constexpr Duration& operator+=(Duration other) noexcept { return *this = *this + other; }
  constexpr Duration& operator-=(Duration other) noexcept { return *this = *this - other; }
  /// Saturates. Throws ValueError for NaN.
  template <class N>
    requires std::is_arithmetic_v<N>
  friend constexpr Duration operator*(Duration a, N factor) {
    if constexpr (std::is_integral_v<N>) {
      return nanoseconds(clamp(static_cast<detail::Wide>(a.ns_) * factor));
    } else {
      return from_double(static_cast<long double>(a.ns_) * factor);
    }
  }
  template <class N>
    requires std::is_arithmetic_v<N>
  friend constexpr Duration operator*(N factor, Duration a) {
    return a * factor;
  }
  /// By a number other than 0; `forever` stays so. Integers cut off, as in std::chrono. Throws
  /// ValueError for NaN.
  template <class N>
    requires std::is_arithmetic_v<N>
  friend constexpr Duration operator/(Duration a, N divisor) {
    if constexpr (std::is_integral_v<N>) {
      return a.is_forever() ? a : nanoseconds(clamp(static_cast<detail::Wide>(a.ns_) / divisor));
    } else {
      return from_double(static_cast<long double>(a.ns_) / divisor);
    }
  }
  /// How many times `b` fits into `a`.
  friend constexpr double operator/(Duration a, Duration b) noexcept {
    return static_cast<double>(a.ns_) / static_cast<double>(b.ns_);
  }
  template <class N>
  constexpr Duration& operator*=(N factor) {
    return *this = *this * factor;
  }
  template <class N>
  constexpr Duration& operator/=(N divisor) {
    return *this = *this / divisor;
  }
  /// In seconds: `1.5s`.
  template <class Stream>
    requires requires(Stream& s) { s << 1.0; }
  friend Stream& operator<<(Stream& out, Duration d) {
    out << d.seconds() << 's';
    return out;
  }

 private:
  struct Raw {};
  constexpr Duration(std::int64_t ns, Raw) noexcept : ns_(ns) {}

  static constexpr std::int64_t clamp(detail::Wide ns) noexcept {
    if (ns > INT64_MAX) return INT64_MAX;
    return ns < -INT64_MAX ? -INT64_MAX : static_cast<std::int64_t>(ns);
  }

  static constexpr Duration from_double(long double ns) {
    if (ns != ns) detail::raise_nan_duration();
    if (ns >= 9.2e18L) return forever();
    if (ns <= -9.2e18L) return -forever();
    return nanoseconds(static_cast<std::int64_t>(ns + (ns < 0 ? -0.5L : 0.5L)));
  }

  template <class D>
  static constexpr std::int64_t convert(D d) {
    using Rep = typename D::rep;
    if constexpr (std::is_floating_point_v<Rep>) {
      const long double ns =
          static_cast<long double>(d.count()) * D::period::num * 1e9L / D::period::den;
      if (ns != ns) detail::raise_nan_duration();
      if (ns >= 9.2e18L) return INT64_MAX;
      if (ns <= -9.2e18L) return -INT64_MAX;
      const auto whole = static_cast<std::int64_t>(ns);
      return whole + (static_cast<long double>(whole) < ns ? 1 : 0);
    } else {
      const detail::Wide scaled =
          static_cast<detail::Wide>(d.count()) * D::period::num * 1'000'000'000;
      return clamp(scaled / D::period::den + (scaled % D::period::den > 0 ? 1 : 0));
    }
  }

  std::int64_t ns_ = 0;
};

}  // namespace hob
