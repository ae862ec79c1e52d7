// SPDX-License-Identifier: MIT
// Bodies as JSON, and the other way round.
#include <hob/executor/run_in_executor.hpp>
#include <hob/http/client_error.hpp>
#include <hob/http/json.hpp>
#include <hob/http/request_builder.hpp>
#include <hob/http/response.hpp>

#include <nlohmann/json.hpp>

namespace hob::http {
namespace {

nlohmann::json parse_text(const std::string& text) { return parse_json(text); }

void check_type(const Response& response) {
  if (response.content_type().is_json()) return;
  const std::string type(response.headers().get("Content-Type", "no content type"));
  throw ContentTypeError(response.status(), response.url().text(),
                         "not JSON but " + type + ", " + response.url().text());
}

Coro<nlohmann::json> parse_body(Response response, bool check) {
  if (check) check_type(response);
  // JSON is UTF-8 (RFC 8259); text() honours those who say otherwise.
  std::string text = co_await response.text();
  if (text.size() <= kJsonOffLoop) co_return parse_json(text);
  nlohmann::json value = co_await to_thread(&parse_text, std::move(text));
  co_return value;
}

Coro<std::string> checked_text(Response response) {
  check_type(response);
  std::string text = co_await response.text();
  co_return text;
}

}  // namespace

Coro<nlohmann::json> Response::json() const { return parse_body(*this, true); }
Coro<nlohmann::json> Response::json_unchecked() const { return parse_body(*this, false); }
Coro<std::string> Response::json_text() const { return checked_text(*this); }

RequestBuilder& RequestBuilder::json(const nlohmann::json& value) {
  return json_text(dump_json(value));
}

}  // namespace hob::http
