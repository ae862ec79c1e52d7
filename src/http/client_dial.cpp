// SPDX-License-Identifier: MIT
#include "http/client_dial.hpp"

#include <hob/http/client_error.hpp>
#include <hob/http/response_parser.hpp>
#include <hob/http/serializer.hpp>
#include <hob/net/open_connection.hpp>
#include <hob/net/resolver.hpp>
#include <hob/stream/errors.hpp>
#include <hob/task/as_result.hpp>
#include <hob/tls/context.hpp>
#include <hob/tls/error.hpp>

#include <algorithm>
#include <cerrno>

namespace hob::http::detail {
namespace {

constexpr Duration kHappyEyeballsDelay = Duration::nanoseconds(250'000'000);

bool is_socks(const Url& proxy) {
  return proxy.scheme() == "socks5" || proxy.scheme() == "socks5h";
}

std::string peer(const Url& url) {
  return std::string(url.host()) + ':' + std::to_string(url.port());
}

// The client's names for what can go wrong on the way to `url`.
[[noreturn]] void rethrow_named(const std::exception_ptr& error, const Url& url, bool is_proxy,
                                bool is_unix) {
  const std::string where = "cannot connect to " + peer(url) + ": ";
  try {
    std::rethrow_exception(error);
  } catch (const ClientError&) {
    throw;
  } catch (const SSLCertVerificationError& failed) {
    throw ClientConnectorCertificateError(failed.code(), where + failed.what());
  } catch (const SSLError& failed) {
    throw ClientConnectorSSLError(failed.code(), where + failed.what());
  } catch (const GaiError& failed) {
    throw ClientConnectorDNSError(failed.code(), where + failed.what());
  } catch (const OSError& failed) {
    const std::string text = where + failed.what();
    if (is_proxy) throw ClientProxyConnectionError(failed.code(), text);
    if (is_unix) throw UnixClientConnectorError(failed.code(), text);
    throw ClientConnectorError(failed.code(), text);
  } catch (const IncompleteReadError&) {
    throw ClientProxyConnectionError(ECONNRESET, where + "the proxy has closed the connection");
  }
}

Coro<Stream> open_network(std::string host, std::uint16_t port) {
  ConnectionOptions options;
  options.happy_eyeballs_delay = kHappyEyeballsDelay;
  Stream stream = co_await open_connection(host, port, options);
  co_return stream;
}

Coro<Stream> open_plain(Ref<SessionState> session, Url to, bool is_proxy) {
  const std::string& path = session->options.unix_socket;
  const bool is_unix = !path.empty() && !is_proxy;
  Result<Stream> made{Stream()};
  if (is_unix) {
    made = co_await as_result(open_unix_connection(path));
  } else {
    std::string host(to.host());
    const auto port = static_cast<std::uint16_t>(to.port());
    if (session->connector) {
      made = co_await as_result(session->connector->connect(std::move(host), port));
    } else {
      made = co_await as_result(open_network(std::move(host), port));
    }
  }
  if (!made) rethrow_named(made.exception(), to, is_proxy, is_unix);
  co_return std::move(made).value();
}

Coro<> secure(Ref<SessionState> session, StreamWriter writer, Url to, bool is_proxy) {
  StartTlsOptions options{std::string(to.host())};
  options.ssl_handshake_timeout = Duration::forever();  // sock_connect limits it
  options.ssl_shutdown_timeout = Duration();
  const auto done = co_await as_result(writer.start_tls(session->security(), std::move(options)));
  if (!done) {
    writer.abort();
    rethrow_named(done.exception(), to, is_proxy, false);
  }
}

// CONNECT (RFC 9110, 9.3.6): what comes behind a successful answer is the tunnel's.
Coro<> open_tunnel(Stream stream, Url proxy, Url to) {
  std::string head;
  const std::string target = std::string(to.host().find(':') == std::string_view::npos
                                             ? std::string(to.host())
                                             : '[' + std::string(to.host()) + ']') +
                             ':' + std::to_string(to.port());
  write_request_line(head, "CONNECT", target);
  write_field(head, "Host", target);
  if (proxy.has_user()) {
    write_field(head, "Proxy-Authorization", basic_authorization(proxy.user(), proxy.password()));
  }
  end_fields(head);
  stream.writer.write(head);
  ResponseParser parser;
  parser.begin(Method::connect);
  for (std::size_t want = 1;;) {
    const std::string_view view = co_await stream.reader.peek(want);
    if (view.size() < want) {
      throw ClientProxyConnectionError(ECONNRESET,
                                       "the proxy " + peer(proxy) + " has closed the connection");
    }
    const ParseStep step = parser.feed(view);
    if (step.event == ParseEvent::error) {
      throw ClientHttpProxyError(502, proxy.text(),
                                 std::string("bad answer of the proxy: ") + parser.error().reason);
    }
    const int status = parser.status();
    const bool refused = step.event == ParseEvent::head && status >= 300;
    if (refused) {
      throw ClientHttpProxyError(status, proxy.text(),
                                 "the proxy " + peer(proxy) + " refuses: " +
                                     std::to_string(status) + ' ' + std::string(parser.reason()));
    }
    const std::size_t left = view.size() - step.consumed;
    stream.reader.consume(step.consumed);
    if (step.event == ParseEvent::head && parser.upgraded()) co_return;
    want = step.event == ParseEvent::need_more ? left + 1 : std::max<std::size_t>(left, 1);
  }
}

// SOCKS 5 (RFC 1928, 1929); the proxy resolves the name.
Coro<> open_socks(Stream stream, Url proxy, Url to) {
  const auto fail = [&](const std::string& why) {
    throw ClientProxyConnectionError(ECONNREFUSED, "SOCKS proxy " + peer(proxy) + ": " + why);
  };
  const std::string user = proxy.user(), password = proxy.password(), host(to.host());
  if (user.size() > 255 || password.size() > 255 || host.size() > 255) fail("a name is too long");
  stream.writer.write(proxy.has_user() ? std::string("\x05\x02\x00\x02", 4)
                                       : std::string("\x05\x01\x00", 3));
  std::string answer = co_await stream.reader.readexactly(2);
  if (answer[0] != 5) fail("it speaks another protocol");
  if (answer[1] == 2 && proxy.has_user()) {
    std::string login = "\x01";
    (login += static_cast<char>(user.size())) += user;
    (login += static_cast<char>(password.size())) += password;
    stream.writer.write(login);
    answer = co_await stream.reader.readexactly(2);
    if (answer[1] != 0) fail("it refuses user and password");
  } else if (answer[1] != 0) {
    fail("it accepts no way to log in");
  }
  std::string request("\x05\x01\x00\x03", 4);
  (request += static_cast<char>(host.size())) += host;
  request += static_cast<char>(to.port() >> 8);
  request += static_cast<char>(to.port() & 255);
  stream.writer.write(request);
  answer = co_await stream.reader.readexactly(5);
  static const char* const kErrors[] = {
      "",
      "it fails",
      "its rules forbid the connection",
      "the network is unreachable",
      "the host is unreachable",
      "the host refuses the connection",
      "the time to live has expired",
      "it does not know the command",
      "it does not know the type of address",
  };
  const auto code = static_cast<unsigned char>(answer[1]);
  if (code != 0) fail(code < 9 ? kErrors[code] : "it fails");
  const auto type = static_cast<unsigned char>(answer[3]);
  const std::size_t size =
      type == 1   ? 4
      : type == 4 ? 16
                  : static_cast<std::size_t>(static_cast<unsigned char>(answer[4])) + 1;
  co_await stream.reader.readexactly(size - 1 + 2);
}

}  // namespace

bool ClientRoute::forwarded() const noexcept { return proxy && !url.secure() && !is_socks(*proxy); }

std::string ClientRoute::key(const SessionState& session) const {
  std::string key(url.scheme());
  if (forwarded()) {
    key = "proxy";  // one connection to the proxy serves all hosts
  } else {
    (key += "://") += url.authority();
  }
  if (proxy) (key += ' ') += proxy->text();
  if (!session.options.unix_socket.empty()) (key += ' ') += session.options.unix_socket;
  return key;
}

Coro<Stream> dial(Ref<SessionState> session, ClientRoute route) {
  const bool through_proxy = route.proxy.has_value();
  const Url first = through_proxy ? *route.proxy : route.url;
  Stream stream = co_await open_plain(session, first, through_proxy);
  if (through_proxy) {
    if (first.secure()) co_await secure(session, stream.writer, first, true);
    if (is_socks(first)) {
      const auto done = co_await as_result(open_socks(stream, first, route.url));
      if (!done) rethrow_named(done.exception(), first, true, false);
    } else if (!route.forwarded()) {
      const auto done = co_await as_result(open_tunnel(stream, first, route.url));
      if (!done) rethrow_named(done.exception(), first, true, false);
    }
  }
  if (route.url.secure()) co_await secure(session, stream.writer, route.url, false);
  co_return stream;
}

}  // namespace hob::http::detail
