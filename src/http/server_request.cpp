// SPDX-License-Identifier: MIT
#include <hob/executor/run_in_executor.hpp>
#include <hob/http/charset.hpp>
#include <hob/http/header_values.hpp>
#include <hob/http/http_exception.hpp>
#include <hob/http/server_request.hpp>
#include <hob/http/set_cookie.hpp>
#include <hob/http/url.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

#include "http/server_connection.hpp"

namespace hob::http {

namespace {

std::string_view view(Text text) noexcept { return {text.data(), text.size()}; }

nlohmann::json parse(const std::string& text) { return parse_json(text); }

/// A copy of the text: a thread that is still at it when the request is gone must not look there.
Coro<nlohmann::json> parse_in_thread(std::string text) {
  co_return co_await to_thread(parse, std::move(text));
}

}  // namespace

/// Without the scheme and authority of an absolute form.
std::string_view ServerRequest::path_and_query() const noexcept {
  const std::string_view target = target_;
  if (target.starts_with('/') || method_ == Method::connect) return target;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return target;
  const std::size_t path = target.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

std::string_view ServerRequest::raw_path() const noexcept {
  const std::string_view all = path_and_query();
  const std::string_view path = all.substr(0, all.find('?'));
  return path.empty() ? std::string_view("/") : path;
}

std::string ServerRequest::path() const { return percent_decode(raw_path()); }

std::string_view ServerRequest::query_string() const noexcept {
  const std::string_view all = path_and_query();
  const std::size_t mark = all.find('?');
  return mark == std::string_view::npos ? std::string_view() : all.substr(mark + 1);
}

std::string_view ServerRequest::host() const noexcept {
  const std::string_view target = target_;
  const std::size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) return headers_.get("Host");
  const std::string_view rest = target.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of("/?"));
}

std::string_view ServerRequest::match_info(Text name) const noexcept {
  for (const auto& [key, value] : match_info_)
    if (key == view(name)) return value;
  return {};
}

Params ServerRequest::cookies() const {
  std::string all;
  for (const std::string_view line : headers_.get_all("Cookie"))
    all.append(all.empty() ? "" : "; ").append(line);
  return parse_cookies(all);
}

const std::string& ServerRequest::route() const noexcept {
  static const std::string none;
  return route_ ? *route_ : none;
}

const SocketAddress& ServerRequest::peername() const { return connection_->info().peername; }
bool ServerRequest::secure() const { return connection_->info().security.has_value(); }

bool ServerRequest::is_disconnected() const noexcept { return connection_->client_gone(); }

Coro<> ServerRequest::disconnected() {
  if (connection_->client_gone()) co_return;
  connection_->watch().start(false);
  co_await connection_->watch().gone().wait();
}

Coro<std::optional<std::string>> ServerRequest::next_chunk() {
  std::string piece;
  if (!has_body_ || body_read_) co_return std::nullopt;
  const bool more = co_await connection_->read_piece(*this, piece);
  if (!more) {
    body_read_ = true;
    co_return std::nullopt;
  }
  co_return piece;
}

std::size_t ServerRequest::body_max() const noexcept { return connection_->options().body_max; }

Coro<> ServerRequest::load() {
  while (has_body_ && !body_read_) {
    const bool more = co_await connection_->read_piece(*this, body_);
    body_read_ = !more;
    if (body_.size() > connection_->options().body_max) throw HTTPRequestEntityTooLarge();
  }
}

Coro<std::string> ServerRequest::read() {
  co_await load();
  co_return body_;
}

Coro<std::string> ServerRequest::text() {
  co_await load();
  const std::string charset = ContentType::parse(headers_.get("Content-Type")).charset();
  co_return decode_text(body_, charset);
}

Coro<> ServerRequest::load_json() {
  if (headers_.contains("Content-Type") &&
      !ContentType::parse(headers_.get("Content-Type")).is_json())
    throw HTTPUnsupportedMediaType("415: the body has to be JSON");
  co_await load();
}

Coro<nlohmann::json> ServerRequest::json() {
  co_await load_json();
  if (body_.size() <= kJsonOffLoop) co_return parse_json(body_);
  co_return co_await parse_in_thread(body_);
}

Coro<Params> ServerRequest::form() {
  const ContentType type = ContentType::parse(headers_.get("Content-Type"));
  if (type.type != "application/x-www-form-urlencoded") throw HTTPUnsupportedMediaType();
  co_await load();
  co_return Params::parse(body_);
}

std::string& ServerRequest::operator[](Text name) {
  for (auto& [key, value] : values_)
    if (key == view(name)) return value;
  return values_.emplace_back(std::string(view(name)), std::string()).second;
}

}  // namespace hob::http
