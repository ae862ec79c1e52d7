// SPDX-License-Identifier: MIT
#include <hob/http/json.hpp>

#include <nlohmann/json.hpp>

namespace hob::http {

namespace {

/// nlohmann's message without the `[json.exception.parse_error.101] ` in front of it.
std::string plain(const char* what) {
  const std::string_view text = what;
  const std::size_t end = text.starts_with('[') ? text.find("] ") : std::string_view::npos;
  return std::string(end == std::string_view::npos ? text : text.substr(end + 2));
}

}  // namespace

nlohmann::json parse_json(std::string_view text) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    throw JSONDecodeError(plain(error.what()));
  }
}

std::string dump_json(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void detail::raise_json_error(const char* what) { throw JSONDecodeError(plain(what)); }

}  // namespace hob::http
