// SPDX-License-Identifier: MIT
// ClientSession, fetch: HTTP requests. Behaviour of aiohttp's ClientSession and of fetch.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/http/client_options.hpp>
#include <hob/http/cookies.hpp>
#include <hob/http/request_builder.hpp>
#include <hob/http/response.hpp>
#include <hob/http/url.hpp>

#include <string_view>

namespace hob::http {

/// A client with its connections, cookies and defaults. Make one for a program, not one for a
/// request: connections are kept and used again. Responses may outlive it. Belongs to the loop's
/// thread, in which it must be made and used.
class ClientSession {
 public:
  ClientSession();
  explicit ClientSession(const ClientOptions& options);
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;
  /// As close().
  ~ClientSession();

  RequestBuilder request(std::string_view method, const Url& url);
  RequestBuilder get(const Url& url) { return request("GET", url); }
  RequestBuilder head(const Url& url) { return request("HEAD", url); }
  RequestBuilder options(const Url& url) { return request("OPTIONS", url); }
  RequestBuilder post(const Url& url) { return request("POST", url); }
  RequestBuilder put(const Url& url) { return request("PUT", url); }
  RequestBuilder patch(const Url& url) { return request("PATCH", url); }
  RequestBuilder delete_(const Url& url) { return request("DELETE", url); }

  /// Closes the connections that are kept, and those of responses once they end. Further requests
  /// throw RuntimeError. Idempotent.
  void close() noexcept;
  bool closed() const noexcept;

  CookieJar& cookies() noexcept;
  ClientStatistics statistics() const noexcept;
  /// For each response whose request does not ask for something else: aiohttp's raise_for_status
  /// with a function. It may read the body, and throws what the request shall throw.
  void set_status_check(StatusCheck check);
  /// Forgets the addresses of all names.
  void clear_dns_cache() noexcept;
  /// Called for each event of each request. It must not throw.
  void set_trace(Trace trace);

 private:
  hob::detail::Ref<detail::SessionState> state_;
};

/// One request with a session of its own: `auto r = co_await hob::http::fetch(url)`; then
/// `co_await r.json()`. Follows up to 20 redirects, as fetch does.
RequestBuilder fetch(const Url& url);

}  // namespace hob::http
