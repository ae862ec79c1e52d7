// SPDX-License-Identifier: MIT
// SimdjsonTraits: reads types of your own with simdjson instead of nlohmann, several times as fast.
// Not part of <hob/http.hpp>: a program that includes this needs simdjson (libsimdjson-dev), and
// links it (-lsimdjson).
#pragma once

#include <hob/http/json.hpp>

#include <simdjson.h>

#include <string>
#include <string_view>

namespace hob::http {

/// The base of a json_traits that reads through simdjson:
///
///   template <>
///   struct hob::http::json_traits<Point> : hob::http::SimdjsonTraits<Point> {
///     static Point read(simdjson::dom::element value) {
///       return {double(value["x"]), double(value["y"])};
///     }
///   };
///
/// The text is checked whole, as nlohmann does; the fastest code for the processor is chosen while
/// the program runs (simdjson's on-demand parser would be that of the oldest processor that the
/// program was compiled for). `dump` stays nlohmann's; hide it by one of your own.
template <class T>
struct SimdjsonTraits {
  /// Throws JSONDecodeError for what is no JSON, or no `T`: simdjson's exceptions, those that
  /// `read` throws itself included. May be called in any thread.
  static T parse(std::string_view text) {
    // Keeps its memory for the next text; but a large text is an exception.
    thread_local simdjson::dom::parser kept;
    simdjson::dom::parser large;
    simdjson::dom::parser& parser = text.size() > kKeep ? large : kept;
    try {
      return json_traits<T>::read(parser.parse(text.data(), text.size()));
    } catch (const simdjson::simdjson_error& error) {
      detail::raise_json_error(error.what());
    }
  }
  static std::string dump(const T& value) { return dump_json(detail::LateJson<T>(value)); }

 private:
  static constexpr std::size_t kKeep = 1 << 20;
};

}  // namespace hob::http
