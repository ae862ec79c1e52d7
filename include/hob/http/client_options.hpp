// SPDX-License-Identifier: MIT
// What a ClientSession can be told: limits of time and number, defaults of its requests, and who
// watches it.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/function.hpp>
#include <hob/core/ref.hpp>
#include <hob/http/connector.hpp>
#include <hob/http/headers.hpp>
#include <hob/http/parsing.hpp>
#include <hob/http/resolver.hpp>
#include <hob/http/url.hpp>
#include <hob/net/open_connection.hpp>
#include <hob/stream/security.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace hob::http {

class Response;

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

/// What happened to a request; for logs and measurements. aiohttp's TraceConfig has a list of
/// callbacks for each of these.
struct TraceEvent {
  enum class What : unsigned char {
    request_start,
    connection_queued,    // the limit is reached: it waits
    connection_unqueued,  // it waits no longer
    dns_cache_hit,        // `host`
    dns_cache_miss,       // `host`
    dns_resolve_start,    // `host`
    dns_resolve_end,      // `host`
    connection_create,    // it begins to connect
    connection_created,   // a new one, with its handshakes
    connection_reused,
    headers_sent,
    chunk_sent,        // `bytes` of the body
    headers_received,  // `status`
    chunk_received,    // `bytes` of the body, decoded
    redirect,          // `status`, to `url`
    retry,             // the kept connection was dead
    request_end,       // `status`: the head of the response is there
    request_failed,    // `error`
  };
  What what;
  /// Counts the requests of the session from 1: events of requests that run at the same time mix.
  std::uint64_t request = 0;
  std::string_view method;
  const Url* url = nullptr;
  int status = 0;
  std::size_t bytes = 0;
  std::string_view host;
  std::exception_ptr error;
};
using Trace = Function<void(const TraceEvent&)>;

/// Called with each final response: what it throws, the request throws.
using StatusCheck = Function<Coro<>(Response)>;

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
  /// How much of a response's head is taken: more is a ClientResponseError.
  ParserLimits limits;
  /// `http://user:password@host:port`, https too, or socks5://.
  Url proxy;
  /// Sent to proxies, with CONNECT or with each request that a proxy forwards.
  Headers proxy_headers;
  /// Connect to this Unix socket, whatever the URL's host.
  std::string unix_socket;
  /// A TlsContext; null: one that trusts whom the system trusts, made when it is needed. With a
  /// client's certificate, too, where servers ask for one.
  Security* ssl = nullptr;
  /// For how long the addresses of a name are remembered; none: not at all.
  Duration ttl_dns_cache = Duration::nanoseconds(10'000'000'000);
  /// Who knows the addresses of names; null: the system.
  Resolver* resolver = nullptr;
  AddressFamily family = AddressFamily::any;
  /// Connections begin at this address of ours; "": at one that the system chooses.
  std::string local_host;
  /// After how long the next address is tried beside one that has not answered (RFC 8305); forever:
  /// one after the other.
  Duration happy_eyeballs_delay = Duration::nanoseconds(250'000'000);
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
