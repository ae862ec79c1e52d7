// SPDX-License-Identifier: MIT
// The fields of an aggregate, found by the compiler: how many there are, their types and names, and
// a call with references to all of them. What serialization needs to send a plain struct without a
// line of code from its author.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace hob::detail {

/// Aggregates with more fields need a `serialize` of their own.
inline constexpr std::size_t kMaxFields = 32;

/// Initialises a field of any type. Never called.
struct AnyField {
  template <class U>
  operator U() const noexcept;  // NOLINT(google-explicit-constructor)
};
/// Initialises a base class of `T`, and no field.
template <class T>
struct AnyBase {
  template <class U>
    requires(std::is_base_of_v<U, T> && !std::is_same_v<U, T>)
  operator U() const noexcept;  // NOLINT(google-explicit-constructor)
};
template <std::size_t>
using AnyAt = AnyField;

template <class T, std::size_t... I>
consteval bool takes(std::index_sequence<I...>) {
  return requires { T{AnyAt<I>()...}; };
}
/// T{any x Before, {any x Inside}, any x After}.
template <class T, std::size_t... Before, std::size_t... Inside, std::size_t... After>
consteval bool takes_nested(std::index_sequence<Before...>, std::index_sequence<Inside...>,
                            std::index_sequence<After...>) {
  return requires { T{AnyAt<Before>()..., {AnyAt<Inside>()...}, AnyAt<After>()...}; };
}
template <class T, std::size_t Before, std::size_t Inside, std::size_t After>
inline constexpr bool kTakesNested =
    takes_nested<T>(std::make_index_sequence<Before>(), std::make_index_sequence<Inside>(),
                    std::make_index_sequence<After>());

// The largest n with T{any x n}: an array in the aggregate counts once per element. Every smaller n
// is fine, too, because T{} is, so this may search by halves. Low is known to do, High not to.
template <class T, std::size_t Low, std::size_t High>
consteval std::size_t count_initialisers() {
  if constexpr (High - Low <= 1) {
    return Low;
  } else {
    constexpr std::size_t kMiddle = (Low + High) / 2;
    if constexpr (takes<T>(std::make_index_sequence<kMiddle>())) {
      return count_initialisers<T, kMiddle, High>();
    } else {
      return count_initialisers<T, Low, kMiddle>();
    }
  }
}
template <class T, std::size_t Bound = 1>
consteval std::size_t max_initialisers() {
  if constexpr (Bound > 4096) {
    return 0;
  } else if constexpr (takes<T>(std::make_index_sequence<Bound>())) {
    return max_initialisers<T, 2 * Bound>();
  } else {
    return count_initialisers<T, Bound / 2, Bound>();
  }
}
// The size of the array that begins at initialiser At: the largest n with T{any x At, {any x n}}.
template <class T, std::size_t At, std::size_t Low, std::size_t High>
consteval std::size_t count_array() {
  if constexpr (High - Low <= 1) {
    return Low;
  } else {
    constexpr std::size_t kMiddle = (Low + High) / 2;
    if constexpr (kTakesNested<T, At, kMiddle, 0>) {
      return count_array<T, At, kMiddle, High>();
    } else {
      return count_array<T, At, Low, kMiddle>();
    }
  }
}
template <class T, std::size_t Total, std::size_t At = 0, std::size_t Fields = 0>
consteval std::size_t count_fields() {
  if constexpr (At >= Total || Fields > kMaxFields) {
    return Fields;
  } else if constexpr (kTakesNested<T, At, 0, Total - At - 1>) {
    return count_fields<T, Total, At + 1, Fields + 1>();  // one initialiser, one field
  } else {
    constexpr std::size_t kSize = count_array<T, At, 1, Total - At + 1>();
    return count_fields<T, Total, At + kSize, Fields + 1>();
  }
}

/// An aggregate whose fields can be visited: T{} works, no base classes, no union. It may still
/// have too many fields.
template <class T>
concept PlainAggregate = std::is_class_v<T> && std::is_aggregate_v<T> && requires { T{}; } &&
                         !requires { T{AnyBase<T>()}; };
/// More than kMaxFields when there are too many.
template <PlainAggregate T>
inline constexpr std::size_t kFieldCount = count_fields<T, max_initialisers<T>()>();

// clang-format off
#define HOB_F1 f1
#define HOB_F2 HOB_F1, f2
#define HOB_F3 HOB_F2, f3
#define HOB_F4 HOB_F3, f4
#define HOB_F5 HOB_F4, f5
#define HOB_F6 HOB_F5, f6
#define HOB_F7 HOB_F6, f7
#define HOB_F8 HOB_F7, f8
#define HOB_F9 HOB_F8, f9
#define HOB_F10 HOB_F9, f10
#define HOB_F11 HOB_F10, f11
#define HOB_F12 HOB_F11, f12
#define HOB_F13 HOB_F12, f13
#define HOB_F14 HOB_F13, f14
#define HOB_F15 HOB_F14, f15
#define HOB_F16 HOB_F15, f16
#define HOB_F17 HOB_F16, f17
#define HOB_F18 HOB_F17, f18
#define HOB_F19 HOB_F18, f19
#define HOB_F20 HOB_F19, f20
#define HOB_F21 HOB_F20, f21
#define HOB_F22 HOB_F21, f22
#define HOB_F23 HOB_F22, f23
#define HOB_F24 HOB_F23, f24
#define HOB_F25 HOB_F24, f25
#define HOB_F26 HOB_F25, f26
#define HOB_F27 HOB_F26, f27
#define HOB_F28 HOB_F27, f28
#define HOB_F29 HOB_F28, f29
#define HOB_F30 HOB_F29, f30
#define HOB_F31 HOB_F30, f31
#define HOB_F32 HOB_F31, f32
#define HOB_BIND(n) \
  else if constexpr (kCount == n) { auto& [HOB_F##n] = object; return visit(HOB_F##n); }

/// visit(field...) with references to all fields of `object`, in order.
template <class T, class Visit>
constexpr decltype(auto) with_fields(T& object, Visit&& visit) {
  constexpr std::size_t kCount = kFieldCount<std::remove_const_t<T>>;
  static_assert(kCount <= kMaxFields);
  if constexpr (kCount == 0) return visit();
  HOB_BIND(1) HOB_BIND(2) HOB_BIND(3) HOB_BIND(4) HOB_BIND(5) HOB_BIND(6)
  HOB_BIND(7) HOB_BIND(8) HOB_BIND(9) HOB_BIND(10) HOB_BIND(11) HOB_BIND(12)
  HOB_BIND(13) HOB_BIND(14) HOB_BIND(15) HOB_BIND(16) HOB_BIND(17) HOB_BIND(18)
  HOB_BIND(19) HOB_BIND(20) HOB_BIND(21) HOB_BIND(22) HOB_BIND(23) HOB_BIND(24)
  HOB_BIND(25) HOB_BIND(26) HOB_BIND(27) HOB_BIND(28) HOB_BIND(29) HOB_BIND(30)
  HOB_BIND(31) HOB_BIND(32)
}

#undef HOB_BIND
#undef HOB_F1
#undef HOB_F2
#undef HOB_F3
#undef HOB_F4
#undef HOB_F5
#undef HOB_F6
#undef HOB_F7
#undef HOB_F8
#undef HOB_F9
#undef HOB_F10
#undef HOB_F11
#undef HOB_F12
#undef HOB_F13
#undef HOB_F14
#undef HOB_F15
#undef HOB_F16
#undef HOB_F17
#undef HOB_F18
#undef HOB_F19
#undef HOB_F20
#undef HOB_F21
#undef HOB_F22
#undef HOB_F23
#undef HOB_F24
#undef HOB_F25
#undef HOB_F26
#undef HOB_F27
#undef HOB_F28
#undef HOB_F29
#undef HOB_F30
#undef HOB_F31
#undef HOB_F32
// clang-format on

template <class... Ts>
struct Types {};
struct FieldTypesOf {
  template <class... Ts>
  constexpr Types<Ts...> operator()(const Ts&...) const {  // const: bit-fields, too
    return {};
  }
};
template <class T>
using FieldTypes = decltype(with_fields(std::declval<T&>(), FieldTypesOf()));

}  // namespace hob::detail
