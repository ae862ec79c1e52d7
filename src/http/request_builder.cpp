// SPDX-License-Identifier: MIT
#include <hob/http/request_builder.hpp>

#include "http/ascii.hpp"
#include "http/session_state.hpp"

#include <hob/core/raise.hpp>

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
      max_redirects(session->options.max_redirects),
      raise_for_status(session->options.raise_for_status),
      auto_decompress(session->options.auto_decompress) {}

namespace {

void set_body(RequestSpec& spec, std::string bytes, std::string content_type) {
  spec.body.stream.reset();
  spec.body.bytes = std::move(bytes);
  spec.body.content_type = std::move(content_type);
  spec.body.present = true;
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
  detail::set_body(*spec_, form.encode(), form.content_type());
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
