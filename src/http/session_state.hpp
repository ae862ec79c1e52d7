// SPDX-License-Identifier: MIT
// What a ClientSession is made of, and what its requests and responses keep alive.
#pragma once

#include "http/client_pool.hpp"
#include "http/dns_cache.hpp"

#include <hob/http/auth.hpp>
#include <hob/http/client_options.hpp>
#include <hob/http/cookies.hpp>
#include <hob/http/netrc.hpp>
#include <hob/http/proxy_environment.hpp>
#include <hob/task/async_generator.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hob::http::detail {

using hob::detail::Ref;

/// Whose events these are.
struct RequestTag {
  std::uint64_t number = 0;
  std::string_view method;
  const Url* url = nullptr;
};

class SessionState {
 public:
  explicit SessionState(const ClientOptions& given);
  SessionState(const SessionState&) = delete;
  SessionState& operator=(const SessionState&) = delete;

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }
  /// The TLS context, made when it is first needed.
  Security& security();
  /// One that checks no certificate, for those who check a fingerprint.
  Security& unverified();
  /// Of no cost when nobody listens.
  void tell(TraceEvent::What what, const RequestTag& tag, int status = 0, std::size_t bytes = 0) {
    if (trace) tell_event(event(what, tag, status, bytes));
  }
  void tell_host(TraceEvent::What what, const RequestTag& tag, std::string_view host);
  void tell_error(const RequestTag& tag, const std::exception_ptr& error);

  ClientOptions options;
  CookieJar jar;
  ClientPool pool;
  Trace trace;
  StatusCheck status_check;
  ProxyEnvironment environment;
  Netrc netrc;
  Ref<Connector> connector;
  DnsCache dns;
  bool own_security;         // the options named a TLS context
  bool fetch_rules = false;  // how redirects are counted
  std::uint64_t requests = 0, created = 0, reused = 0, retries = 0;

 private:
  ~SessionState() = default;
  static TraceEvent event(TraceEvent::What what, const RequestTag& tag, int status,
                          std::size_t bytes);
  void tell_event(const TraceEvent& event) { trace(event); }

  Ref<Security> security_, unverified_;
  unsigned refs_ = 1;
};

/// The body of a request: bytes, a generator, or a way to make generators.
struct RequestBody {
  std::string bytes;
  std::optional<AsyncGenerator<std::string>> stream;
  Function<AsyncGenerator<std::string>()> make;
  std::int64_t stream_length = -1;
  Function<Coro<std::int64_t>()> measure;  // finds out the length, when that takes time
  std::string content_type;
  bool present = false;

  bool streamed() const noexcept { return stream || make; }
  bool can_repeat() const noexcept { return !stream; }
  void clear() { *this = RequestBody(); }
};

/// What a RequestBuilder has collected.
class RequestSpec {
 public:
  RequestSpec(Ref<SessionState> of, std::string_view with_method, Url to);

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

  Ref<SessionState> session;
  std::string method;
  Url url;
  Headers headers;
  RequestBody body;
  ClientTimeout timeout;
  std::shared_ptr<DigestAuth> digest;
  std::optional<Url> proxy;
  std::vector<std::pair<std::string, std::string>> cookies;
  Ref<Security> security;   // null: the session's
  std::string fingerprint;  // SHA-256 of the certificate in hexadecimal; empty: any
  StatusCheck status_check;
  std::uint64_t number = 0;
  std::size_t body_limit;
  unsigned max_redirects;
  bool allow_redirects = true, raise_for_status, auto_decompress;
  bool chunked = false, expect_continue = false;
  bool status_decided = false;  // the request says itself what a bad status does
  bool started = false;         // it was awaited
  bool sent = false;            // the stream of its body is used up

 private:
  ~RequestSpec() = default;
  unsigned refs_ = 1;
};

}  // namespace hob::http::detail
