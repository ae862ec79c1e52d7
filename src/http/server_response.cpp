// SPDX-License-Identifier: MIT
#include <hob/http/http_exception.hpp>
#include <hob/http/server_response.hpp>

namespace hob::http {

namespace {

std::string exception_text(int status, Text text) {
  if (!text.empty()) return {text.data(), text.size()};
  return std::to_string(status) + ": " + reason_phrase(status);
}

ServerResponse typed(std::string body, int status, const char* content_type) {
  ServerResponse response(status, std::move(body));
  response.headers.add("Content-Type", content_type);
  return response;
}

}  // namespace

HTTPException::HTTPException(int status, Text text)
    : std::runtime_error(exception_text(status, text)), status_(status) {}

ServerResponse& ServerResponse::del_cookie(Text name, CookieOptions options) {
  options.max_age = 0;
  options.expires = 0;
  return set_cookie(name, "", options);
}

ServerResponse redirect_response(Text location, int status) {
  return ServerResponse(status).header("Location", location);
}

ServerResponse text_response(std::string text, int status) {
  return typed(std::move(text), status, "text/plain; charset=utf-8");
}

ServerResponse html_response(std::string html, int status) {
  return typed(std::move(html), status, "text/html; charset=utf-8");
}

ServerResponse json_text_response(std::string json, int status) {
  return typed(std::move(json), status, "application/json; charset=utf-8");
}

ServerResponse json_response(const nlohmann::json& value, int status) {
  return json_text_response(dump_json(value), status);
}

ServerResponse stream_response(ServerResponse::Write write, Text content_type) {
  ServerResponse response;
  response.headers.add("Content-Type", content_type);
  response.write = std::move(write);
  return response;
}

}  // namespace hob::http
