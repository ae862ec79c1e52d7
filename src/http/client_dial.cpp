// SPDX-License-Identifier: MIT
#include "http/client_dial.hpp"

#include "http/digest.hpp"
#include "http/proxy_handshake.hpp"

#include <hob/http/client_error.hpp>
#include <hob/net/open_connection.hpp>
#include <hob/net/resolver.hpp>
#include <hob/stream/errors.hpp>
#include <hob/task/as_result.hpp>
#include <hob/tls/error.hpp>

#include <cerrno>

namespace hob::http::detail {
namespace {

// The client's names for what can go wrong on the way to `url`.
[[noreturn]] void rethrow_named(const std::exception_ptr& error, const Url& url, bool is_proxy,
                                const std::string& unix_socket) {
  const std::string where =
      "cannot connect to " + (unix_socket.empty() ? peer_of(url) : unix_socket) + ": ";
  try {
    std::rethrow_exception(error);
  } catch (const ClientError&) {
    throw;
  } catch (const SSLCertVerificationError& failed) {
    throw ClientConnectorCertificateError(failed.code(), where + failed.what());
  } catch (const SSLError& failed) {
    throw ClientConnectorSSLError(failed.code(), where + failed.what());
  } catch (const GaiError& failed) {
    const std::string text = where + failed.what();
    if (is_proxy) throw ClientProxyConnectionError(failed.code(), text);
    throw ClientConnectorDNSError(failed.code(), text);
  } catch (const OSError& failed) {
    const std::string text = where + failed.what();
    if (is_proxy) throw ClientProxyConnectionError(failed.code(), text);
    if (!unix_socket.empty()) throw UnixClientConnectorError(failed.code(), text);
    throw ClientConnectorError(failed.code(), text);
  } catch (const IncompleteReadError&) {
    throw ClientProxyConnectionError(ECONNRESET, where + "the proxy has closed the connection");
  }
}

ConnectionOptions connection_options(const ClientOptions& given) {
  ConnectionOptions options;
  options.happy_eyeballs_delay = given.happy_eyeballs_delay;
  options.family = given.family;
  options.local_host = given.local_host;
  return options;
}

Coro<std::vector<SocketAddress>> resolve(Ref<SessionState> session, std::string host,
                                         std::uint16_t port, RequestTag tag) {
  using What = TraceEvent::What;
  if (session->dns.look(host, port) == DnsCache::Found::hit) {
    session->tell_host(What::dns_cache_hit, tag, host);
    co_return co_await session->dns.resolve(host, port);
  }
  session->tell_host(What::dns_cache_miss, tag, host);
  session->tell_host(What::dns_resolve_start, tag, host);
  std::vector<SocketAddress> found = co_await session->dns.resolve(host, port);
  session->tell_host(What::dns_resolve_end, tag, host);
  co_return found;
}

Coro<Stream> open_network(Ref<SessionState> session, Url to, RequestTag tag) {
  const std::string host(to.host());
  const auto port = static_cast<std::uint16_t>(to.port());
  const ConnectionOptions options = connection_options(session->options);
  if (to.host_is_address()) co_return co_await open_connection(host, port, options);
  std::vector<SocketAddress> addresses = co_await resolve(session, host, port, tag);
  auto made = co_await as_result(open_connection(std::move(addresses), host, options));
  if (!made && !made.cancelled()) session->dns.forget(host, port);
  co_return std::move(made).value();
}

Coro<Stream> open_plain(Ref<SessionState> session, Url to, bool is_proxy, RequestTag tag) {
  const std::string path = is_proxy ? std::string() : session->options.unix_socket;
  Result<Stream> made{Stream()};
  if (!path.empty()) {
    made = co_await as_result(open_unix_connection(path));
  } else if (session->connector) {
    std::string host(to.host());
    const auto port = static_cast<std::uint16_t>(to.port());
    made = co_await as_result(session->connector->connect(std::move(host), port));
  } else {
    made = co_await as_result(open_network(session, to, tag));
  }
  if (!made) rethrow_named(made.exception(), to, is_proxy, path);
  co_return std::move(made).value();
}

Coro<> secure(Security& security, StreamWriter writer, Url to, bool is_proxy) {
  StartTlsOptions options{std::string(to.host())};
  options.ssl_handshake_timeout = Duration::forever();  // sock_connect limits it
  options.ssl_shutdown_timeout = Duration();
  const auto done = co_await as_result(writer.start_tls(security, std::move(options)));
  if (!done) {
    writer.abort();
    rethrow_named(done.exception(), to, is_proxy, {});
  }
}

// The context for the server itself: of the request, of the session, or one that looks at nothing
// but the fingerprint (aiohttp's ssl=Fingerprint(...)).
Security& security_of(SessionState& session, const ClientRoute& route) {
  if (route.security) return *route.security;
  if (!route.fingerprint.empty() && !session.own_security) return session.unverified();
  return session.security();
}

void check_fingerprint(const StreamWriter& writer, const ClientRoute& route) {
  const auto& info = writer.get_extra_info().security;
  const std::string got = info && info->has_peer_certificate
                              ? hex_digest(Hash::sha256, info->peer_certificate.der)
                              : std::string();
  if (got == route.fingerprint) return;
  throw ServerFingerprintMismatch(route.fingerprint, got, std::string(route.url->host()),
                                  route.url->port());
}

Coro<> pass_proxy(Ref<SessionState> session, Stream stream, const ClientRoute& route) {
  const Url& proxy = *route.proxy;
  if (proxy.secure()) co_await secure(session->security(), stream.writer, proxy, true);
  Result<> done;
  if (is_socks(proxy)) {
    done = co_await as_result(open_socks(stream, proxy, *route.url));
  } else if (!route.forwarded()) {
    done =
        co_await as_result(open_tunnel(stream, proxy, *route.url, session->options.proxy_headers));
  }
  if (done) co_return;
  stream.writer.abort();
  rethrow_named(done.exception(), proxy, true, {});
}

}  // namespace

bool ClientRoute::forwarded() const noexcept {
  return proxy && !url->secure() && !is_socks(*proxy);
}

std::string ClientRoute::key(const SessionState& session) const {
  std::string key(url->scheme());
  if (forwarded()) {
    key = "proxy";  // one connection to the proxy serves all hosts
  } else {
    (key += "://") += url->authority();
  }
  if (proxy) (key += ' ') += proxy->text();
  if (!session.options.unix_socket.empty()) (key += ' ') += session.options.unix_socket;
  // A connection was made with what one request trusts: not for those that trust something else.
  if (security) (key += " tls=") += std::to_string(reinterpret_cast<std::uintptr_t>(&*security));
  if (!fingerprint.empty()) (key += " sha256=") += fingerprint;
  return key;
}

Coro<Stream> dial(Ref<SessionState> session, ClientRoute route, RequestTag tag) {
  const bool through_proxy = route.proxy.has_value();
  const Url first = through_proxy ? *route.proxy : *route.url;
  Stream stream = co_await open_plain(session, first, through_proxy, tag);
  if (through_proxy) co_await pass_proxy(session, stream, route);
  if (route.url->secure()) {
    co_await secure(security_of(*session, route), stream.writer, *route.url, false);
    if (!route.fingerprint.empty()) check_fingerprint(stream.writer, route);
  }
  co_return stream;
}

}  // namespace hob::http::detail
