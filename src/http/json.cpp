// SPDX-License-Identifier: MIT
#include <hob/http/json.hpp>

#include <nlohmann/json.hpp>

namespace hob::http {

nlohmann::json parse_json(std::string_view text) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    throw JSONDecodeError(error.what());
  }
}

std::string dump_json(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void detail::raise_json_error(const char* what) { throw JSONDecodeError(what); }

}  // namespace hob::http
