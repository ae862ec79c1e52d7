// SPDX-License-Identifier: MIT
// JSON: nlohmann::json values, and types of your own by json_traits. This header only announces
// nlohmann's type: include <nlohmann/json.hpp> where you use values of it.
#pragma once

#include <hob/core/error.hpp>
#include <hob/task/coro.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace hob::http {

/// Python's json.JSONDecodeError: a text is no JSON; `what()` says where. A server answers 400 to
/// a request whose handler lets it pass.
class JSONDecodeError : public ValueError {
  using ValueError::ValueError;
};

/// json.loads. Throws JSONDecodeError.
nlohmann::json parse_json(std::string_view text);
/// json.dumps, without blanks; what is not UTF-8 becomes U+FFFD.
std::string dump_json(const nlohmann::json& value);

/// Bodies larger than this are parsed and written in a thread: 64 KiB take about a millisecond.
inline constexpr std::size_t kJsonOffLoop = 64 << 10;

namespace detail {

/// `T`, but not looked into before `Later` is known.
template <class T, class Later>
struct DependentType {
  using Type = T;
};
/// `value`, in an expression that is not looked into either.
template <class Later, class V>
const V& late(const V& value) noexcept {
  return value;
}
template <class Later>
using LateJson = typename DependentType<nlohmann::json, Later>::Type;

[[noreturn]] void raise_json_error(const char* what);

}  // namespace detail

/// How a `T` is read from JSON and written as JSON: `response.json<T>()`, `json_response(t)`. By
/// default nlohmann's conversions, `from_json` and `to_json`; specialise it for another library:
///
///   template <>
///   struct hob::http::json_traits<Point> {
///     static Point parse(std::string_view text);
///     static std::string dump(const Point& point);
///   };
///
/// Both may be called in another thread than the loop's.
template <class T>
struct json_traits {
  /// Throws JSONDecodeError; when the text is JSON but not a `T`, too.
  static T parse(std::string_view text) {
    const detail::LateJson<T> value = parse_json(detail::late<T>(text));
    try {
      return value.template get<T>();
    } catch (const typename detail::LateJson<T>::exception& error) {
      detail::raise_json_error(error.what());
    }
  }
  static std::string dump(const T& value) { return dump_json(detail::LateJson<T>(value)); }
};

}  // namespace hob::http
