// SPDX-License-Identifier: MIT
// What a ClientSession can be told: limits of time and number, defaults of its requests, and who
// watches it.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/function.hpp>
#include <hob/core/ref.hpp>
#include <hob/http/connector.hpp>
#include <hob/http/headers.hpp>
#include <hob/http/url.hpp>
#include <hob/stream/security.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hob::http {

/// How long parts of a request may take; aiohttp's names and defaults.
struct ClientTimeout {
  /// The whole request, from the call to the last byte of the body: TimeoutError.
  Duration total = Duration::nanoseconds(300'000'000'000);
  /// Getting a connection, waiting for the pool included: ConnectionTimeoutError.
  Duration connect = Duration::forever();
  /// Making a new connection, with its handshakes: ConnectionTimeoutError.
  Duration sock_connect = Duration::nanoseconds(30'000'000'000);
  /// From one arrival of bytes to the next: SocketTimeoutError.
  Duration sock_read = Duration::forever();
};

/// What happened to a request; for logs and measurements.
struct TraceEvent {
  enum class What : unsigned char {
    request_start,
    connection_queued,   // the limit is reached: it waits
    connection_created,  // a new one
    connection_reused,
    headers_sent,
    chunk_sent,        // `bytes` of the body
    headers_received,  // `status`
    chunk_received,    // `bytes` of the body, decoded
    redirect,          // `status`, to `url`
    retry,             // the kept connection was dead
    request_end,
    request_failed,
  };
  What what;
  std::string_view method;
  const Url* url;
  int status = 0;
  std::size_t bytes = 0;
};
using Trace = Function<void(const TraceEvent&)>;

/// Options of a session.
struct ClientOptions {
  /// URLs of requests are references on the page with this URL.
  Url base_url;
  /// Sent with every request; those of the request go before.
  Headers headers;
  ClientTimeout timeout;
  /// Requests that are under way at the same time; 0: any number. Others wait in order of arrival.
  std::size_t limit = 100;
  /// The same for one host (scheme, host, port and proxy); 0: any number.
  std::size_t limit_per_host = 0;
  /// How long an unused connection is kept; none: it is closed after the response.
  Duration keepalive_timeout = Duration::nanoseconds(15'000'000'000);
  unsigned max_redirects = 10;
  /// A status of 400 or more throws ClientStatusError.
  bool raise_for_status = false;
  /// Ask for compressed bodies and expand them.
  bool auto_decompress = true;
  /// Use the proxies of the environment (ProxyEnvironment) and the passwords of ~/.netrc.
  bool trust_env = false;
  /// Keep cookies and send them back.
  bool cookies = true;
  /// The most bytes, decoded, that read(), text() and json() take: more is a ClientPayloadError.
  std::size_t body_limit = SIZE_MAX;
  /// `http://user:password@host:port`, https too, or socks5://.
  Url proxy;
  /// Connect to this Unix socket, whatever the URL's host.
  std::string unix_socket;
  /// A TlsContext; null: one that trusts whom the system trusts, made when it is needed.
  Security* ssl = nullptr;
  /// How connections are made; null: over the network.
  Connector* connector = nullptr;
};

/// What a session has done so far.
struct ClientStatistics {
  std::uint64_t requests = 0;
  std::uint64_t connections_created = 0;
  std::uint64_t connections_reused = 0;
  std::uint64_t retries = 0;
  std::size_t active = 0;   // connections that serve a request now
  std::size_t idle = 0;     // kept for later
  std::size_t waiting = 0;  // requests that wait for a connection
};

}  // namespace hob::http
