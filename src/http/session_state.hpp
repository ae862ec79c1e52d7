// SPDX-License-Identifier: MIT
// What a ClientSession is made of, and what its requests and responses keep alive.
#pragma once

#include "http/client_pool.hpp"

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
  void tell(TraceEvent::What what, std::string_view method, const Url& url, int status = 0,
            std::size_t bytes = 0);

  ClientOptions options;
  CookieJar jar;
  ClientPool pool;
  Trace trace;
  ProxyEnvironment environment;
  Netrc netrc;
  Ref<Connector> connector;
  bool fetch_rules = false;  // how redirects are counted
  std::uint64_t requests = 0, created = 0, reused = 0, retries = 0;

 private:
  ~SessionState() = default;

  Ref<Security> security_;
  unsigned refs_ = 1;
};

/// The body of a request.
struct RequestBody {
  std::string bytes;
  std::optional<AsyncGenerator<std::string>> stream;
  std::int64_t stream_length = -1;
  std::string content_type;
  bool present = false;

  bool can_repeat() const noexcept { return !stream; }
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
  unsigned max_redirects;
  bool allow_redirects = true, raise_for_status, auto_decompress;
  bool chunked = false, expect_continue = false;
  bool started = false;  // it was awaited
  bool sent = false;     // the stream of its body is used up

 private:
  ~RequestSpec() = default;
  unsigned refs_ = 1;
};

}  // namespace hob::http::detail
