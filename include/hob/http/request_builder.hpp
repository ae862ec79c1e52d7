// SPDX-License-Identifier: MIT
// RequestBuilder: a request that is being described; `co_await` sends it.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/http/auth.hpp>
#include <hob/http/client_options.hpp>
#include <hob/http/multipart.hpp>
#include <hob/http/params.hpp>
#include <hob/http/response.hpp>
#include <hob/task/async_generator.hpp>
#include <hob/task/coro.hpp>

#include <nlohmann/json_fwd.hpp>

#include <coroutine>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace hob::http {

namespace detail {

class RequestSpec;
class SessionState;
void retain_spec(RequestSpec* spec) noexcept;
void release_spec(RequestSpec* spec) noexcept;
/// Sends the request; once.
Coro<Response> perform(RequestSpec* spec);

/// Awaits a request; owns its coroutine.
class RequestAwaiter : public hob::detail::LibraryAwaiter {
 public:
  explicit RequestAwaiter(Coro<Response>&& coro) noexcept
      : coro_(std::move(coro)), awaiter_(coro_.operator co_await()) {}
  bool await_ready() const noexcept { return false; }
  template <class P>
  auto await_suspend(std::coroutine_handle<P> parent) const noexcept {
    return awaiter_.await_suspend(parent);
  }
  Response await_resume() const { return awaiter_.await_resume(); }
  Result<Response> await_resume_result() const { return awaiter_.await_resume_result(); }

 private:
  hob::detail::OwnedCoro<Response> coro_;
  hob::detail::CoroAwaiter<Response> awaiter_;
};

}  // namespace detail

/// `co_await session.post(url).json(value).header("X-Trace", "1").timeout(5s)`. A handle: copies
/// are the same request. It can be sent once.
class [[nodiscard("a request does nothing until it is awaited")]] RequestBuilder {
 public:
  RequestBuilder(hob::detail::Ref<detail::SessionState> session, std::string_view method, Url url);
  RequestBuilder(const RequestBuilder& other) noexcept : spec_(other.spec_) {
    detail::retain_spec(spec_);
  }
  RequestBuilder& operator=(const RequestBuilder&) = delete;
  ~RequestBuilder() { detail::release_spec(spec_); }

  RequestBuilder& method(std::string_view method);
  /// Appended to the URL's query.
  RequestBuilder& params(const Params& params);
  /// Sets a field, in place of the session's.
  RequestBuilder& header(std::string_view name, std::string_view value);
  RequestBuilder& headers(const Headers& headers);

  // The body; the last one counts. A Content-Type of `header` goes before the one named here.

  /// Bytes or text; application/octet-stream.
  RequestBuilder& data(std::string bytes);
  /// A form, urlencoded or multipart.
  RequestBuilder& data(const FormData& form);
  RequestBuilder& data(const Params& form);
  /// Chunked while it is made, or with a known length. Redirects that keep the body, and retries,
  /// cannot send it again: they are errors.
  RequestBuilder& data(AsyncGenerator<std::string> stream, std::int64_t length = -1);
  /// The same, but `make` gives a generator as often as the body has to be sent.
  RequestBuilder& data(Function<AsyncGenerator<std::string>()> make, std::int64_t length = -1);
  /// The content of a file, read while it is sent; its type is that of the name's extension.
  RequestBuilder& file(std::string path);
  RequestBuilder& json(const nlohmann::json& value);
  /// Text that is JSON already.
  RequestBuilder& json_text(std::string text);
  /// Chunked, although the length is known.
  RequestBuilder& chunked();
  /// Ask before the body is sent (`Expect: 100-continue`); it is sent after one second without an
  /// answer.
  RequestBuilder& expect_continue();

  RequestBuilder& basic_auth(std::string_view user, std::string_view password);
  RequestBuilder& bearer(std::string_view token);
  /// Answers the server's challenge; keep the object for further requests.
  RequestBuilder& digest_auth(std::shared_ptr<DigestAuth> digest);

  /// Sent with this request only, also when the session keeps no cookies; not to other origins.
  /// Throws ValueError as CookieJar::set.
  RequestBuilder& cookie(std::string_view name, std::string_view value);
  /// Trust, and show, what this TlsContext says, in place of the session's. Connections are used
  /// again only for requests with the same one.
  RequestBuilder& ssl(Security& context);
  /// The server's certificate must have this SHA-256 fingerprint, in hexadecimal with or without
  /// colons: else ServerFingerprintMismatch. Where neither the request nor the session has a
  /// TlsContext nothing else about it is checked. Throws ValueError for what is none.
  RequestBuilder& fingerprint(std::string_view sha256);

  RequestBuilder& timeout(const ClientTimeout& timeout);
  /// The total.
  RequestBuilder& timeout(Duration total);
  /// False: a redirect is the response.
  RequestBuilder& allow_redirects(bool allow);
  RequestBuilder& max_redirects(unsigned count);
  RequestBuilder& raise_for_status(bool raise = true);
  /// Called with the response, in place of the session's check; it throws what it does not like.
  RequestBuilder& check_status(StatusCheck check);
  /// The most bytes, decoded, that read(), text() and json() take.
  RequestBuilder& body_limit(std::size_t bytes);
  RequestBuilder& auto_decompress(bool decompress);
  /// An empty URL: none.
  RequestBuilder& proxy(const Url& proxy);

  /// Sends the request and gives the response once its head is there. Cancelling it closes the
  /// connection. Throws ClientError and its like, TimeoutError for the total.
  detail::RequestAwaiter operator co_await() const {
    return detail::RequestAwaiter(detail::perform(spec_));
  }

 private:
  detail::RequestSpec* spec_;
};

}  // namespace hob::http
