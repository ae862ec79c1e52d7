// SPDX-License-Identifier: MIT
#include "http/error_page.hpp"

#include <hob/http/json.hpp>

#include <nlohmann/json.hpp>

#include <string>

#include "http/scan.hpp"

namespace hob::http::detail {

namespace {

/// Whether the client would rather have JSON than text: it names it, and no HTML. Weights do not
/// matter: programs ask for JSON, browsers never do.
bool wants_json(const ServerRequest& request) {
  bool json = false, html = false;
  for_each_element(request.headers().combined("Accept"), [&](std::string_view element) {
    const std::string_view type = trimmed(element.substr(0, element.find(';')));
    json |= equal_ignoring_case(type, "application/json") ||
            equal_ignoring_case(type, "application/problem+json");
    html |= equal_ignoring_case(type, "text/html");
  });
  return json && !html;
}

}  // namespace

ServerResponse error_page(ErrorPages kind, const ServerRequest* request, int status,
                          std::string_view text) {
  if (status == Status::no_content || status == Status::not_modified) return ServerResponse(status);
  const bool json = kind == ErrorPages::json ||
                    (kind == ErrorPages::negotiated && request && wants_json(*request));
  if (!json || status < 400) return text_response(std::string(text), status);
  const std::string title = reason_phrase(status);
  nlohmann::json problem = {{"status", status}, {"title", title}};
  const std::string plain = std::to_string(status) + ": " + title;
  if (text != plain) problem["detail"] = text;
  ServerResponse response(status, dump_json(problem));
  response.headers.add("Content-Type", "application/problem+json");
  return response;
}

}  // namespace hob::http::detail
