// SPDX-License-Identifier: MIT
#include <hob/http/request_builder.hpp>

#include "http/ascii.hpp"
#include "http/session_state.hpp"

#include <hob/core/raise.hpp>
#include <hob/file/paths.hpp>

namespace hob::http {

using detail::RequestBody;
using detail::RequestSpec;

namespace detail {

void retain_spec(RequestSpec* spec) noexcept { spec->retain(); }
void release_spec(RequestSpec* spec) noexcept { spec->release(); }

RequestSpec::RequestSpec(Ref<SessionState> of, std::string_view with_method, Url to)
    : session(std::move(of)),
      method(with_method),
      url(std::move(to)),
      timeout(session->options.timeout),
      body_limit(session->options.body_limit),
      max_redirects(session->options.max_redirects),
      raise_for_status(session->options.raise_for_status),
      auto_decompress(session->options.auto_decompress) {}

namespace {

void set_body(RequestSpec& spec, std::string bytes, std::string content_type) {
  spec.body.clear();
  spec.body.bytes = std::move(bytes);
  spec.body.content_type = std::move(content_type);
  spec.body.present = true;
}

Coro<std::int64_t> size_of_file(std::string path) {
  const StatResult found = co_await stat(path);
  co_return found.size;
}

}  // namespace
}  // namespace detail

RequestBuilder::RequestBuilder(hob::detail::Ref<detail::SessionState> session,
                               std::string_view method, Url url)
    : spec_(new RequestSpec(std::move(session), "", std::move(url))) {
  spec_->method = method;
}

RequestBuilder& RequestBuilder::method(std::string_view method) {
  spec_->method = method;
  return *this;
}

RequestBuilder& RequestBuilder::params(const Params& params) {
  spec_->url = spec_->url.add_query(params);
  return *this;
}

RequestBuilder& RequestBuilder::header(std::string_view name, std::string_view value) {
  spec_->headers.set(name, value);
  return *this;
}

RequestBuilder& RequestBuilder::headers(const Headers& headers) {
  for (const auto& [name, value] : headers) spec_->headers.remove(name);
  for (const auto& [name, value] : headers) spec_->headers.add(name, value);
  return *this;
}

RequestBuilder& RequestBuilder::data(std::string bytes) {
  detail::set_body(*spec_, std::move(bytes), "application/octet-stream");
  return *this;
}

RequestBuilder& RequestBuilder::data(const FormData& form) {
  if (!form.is_streamed()) {
    detail::set_body(*spec_, form.encode(), form.content_type());
    return *this;
  }
  detail::set_body(*spec_, {}, form.content_type());
  if (form.can_repeat()) {
    spec_->body.make = [form] { return form.stream(); };
  } else {
    spec_->body.stream.emplace(form.stream());
  }
  spec_->body.measure = [form] { return form.length(); };
  return *this;
}

RequestBuilder& RequestBuilder::data(const Params& form) {
  detail::set_body(*spec_, form.encode(), "application/x-www-form-urlencoded");
  return *this;
}

RequestBuilder& RequestBuilder::data(AsyncGenerator<std::string> stream, std::int64_t length) {
  detail::set_body(*spec_, {}, "application/octet-stream");
  spec_->body.stream.emplace(std::move(stream));
  spec_->body.stream_length = length;
  return *this;
}

RequestBuilder& RequestBuilder::data(Function<AsyncGenerator<std::string>()> make,
                                     std::int64_t length) {
  detail::set_body(*spec_, {}, "application/octet-stream");
  spec_->body.make = std::move(make);
  spec_->body.stream_length = length;
  return *this;
}

RequestBuilder& RequestBuilder::file(std::string path) {
  detail::set_body(*spec_, {}, std::string(guess_content_type(path)));
  spec_->body.measure = [path] { return detail::size_of_file(path); };
  spec_->body.make = [path = std::move(path)] { return file_pieces(path); };
  return *this;
}

RequestBuilder& RequestBuilder::json_text(std::string text) {
  detail::set_body(*spec_, std::move(text), "application/json");
  return *this;
}

RequestBuilder& RequestBuilder::chunked() {
  spec_->chunked = true;
  return *this;
}

RequestBuilder& RequestBuilder::expect_continue() {
  spec_->expect_continue = true;
  return *this;
}

RequestBuilder& RequestBuilder::basic_auth(std::string_view user, std::string_view password) {
  return header("Authorization", basic_authorization(user, password));
}

RequestBuilder& RequestBuilder::bearer(std::string_view token) {
  return header("Authorization", bearer_authorization(token));
}

RequestBuilder& RequestBuilder::digest_auth(std::shared_ptr<DigestAuth> digest) {
  spec_->digest = std::move(digest);
  return *this;
}

RequestBuilder& RequestBuilder::timeout(const ClientTimeout& timeout) {
  spec_->timeout = timeout;
  return *this;
}

RequestBuilder& RequestBuilder::timeout(Duration total) {
  spec_->timeout.total = total;
  return *this;
}

RequestBuilder& RequestBuilder::allow_redirects(bool allow) {
  spec_->allow_redirects = allow;
  return *this;
}

RequestBuilder& RequestBuilder::max_redirects(unsigned count) {
  spec_->max_redirects = count;
  return *this;
}

RequestBuilder& RequestBuilder::raise_for_status(bool raise) {
  spec_->raise_for_status = raise;
  spec_->status_decided = true;
  spec_->status_check = {};
  return *this;
}

RequestBuilder& RequestBuilder::check_status(StatusCheck check) {
  spec_->status_check = std::move(check);
  return *this;
}

RequestBuilder& RequestBuilder::body_limit(std::size_t bytes) {
  spec_->body_limit = bytes;
  return *this;
}

RequestBuilder& RequestBuilder::cookie(std::string_view name, std::string_view value) {
  CookieJar().set(name, value, spec_->url);  // throws for what a cookie cannot be
  for (auto& [own, its_value] : spec_->cookies) {
    if (own != name) continue;
    its_value = value;
    return *this;
  }
  spec_->cookies.emplace_back(name, value);
  return *this;
}

RequestBuilder& RequestBuilder::ssl(Security& context) {
  spec_->security = hob::detail::Ref<Security>(&context);
  return *this;
}

RequestBuilder& RequestBuilder::fingerprint(std::string_view sha256) {
  std::string text = ascii::lower(sha256);
  std::erase(text, ':');
  if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != std::string::npos) {
    hob::detail::raise_value_error("a SHA-256 fingerprint has 64 hexadecimal digits");
  }
  spec_->fingerprint = std::move(text);
  return *this;
}

RequestBuilder& RequestBuilder::auto_decompress(bool decompress) {
  spec_->auto_decompress = decompress;
  return *this;
}

RequestBuilder& RequestBuilder::proxy(const Url& proxy) {
  spec_->proxy = proxy;
  return *this;
}

}  // namespace hob::http
