// SPDX-License-Identifier: MIT
#include "http/proxy_handshake.hpp"

#include "http/host.hpp"

#include <hob/http/auth.hpp>
#include <hob/http/client_error.hpp>
#include <hob/http/response_parser.hpp>
#include <hob/http/serializer.hpp>

#include <algorithm>
#include <cerrno>

namespace hob::http::detail {

bool is_socks(const Url& proxy) noexcept {
  return proxy.scheme() == "socks5" || proxy.scheme() == "socks5h";
}

std::string peer_of(const Url& url) {
  const std::string host(url.host());
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? '[' + host + ']' : host) + ':' + std::to_string(url.port());
}

Coro<> open_tunnel(Stream stream, Url proxy, Url to, Headers fields) {
  std::string head;
  const std::string target = peer_of(to);
  write_request_line(head, "CONNECT", target);
  if (!fields.contains("Host")) write_field(head, "Host", target);
  if (proxy.has_user() && !fields.contains("Proxy-Authorization")) {
    write_field(head, "Proxy-Authorization", basic_authorization(proxy.user(), proxy.password()));
  }
  write_fields(head, fields);
  end_fields(head);
  stream.writer.write(head);
  ResponseParser parser;
  parser.begin(Method::connect);
  for (std::size_t want = 1;;) {
    const std::string_view view = co_await stream.reader.peek(want);
    if (view.size() < want) {
      throw ClientProxyConnectionError(
          ECONNRESET, "the proxy " + peer_of(proxy) + " has closed the connection");
    }
    const ParseStep step = parser.feed(view);
    if (step.event == ParseEvent::error) {
      throw ClientHttpProxyError(
          0, proxy.without_user().text(),
          "the proxy " + peer_of(proxy) + " does not answer in HTTP: " + parser.error().reason);
    }
    const int status = parser.status();
    const bool refused = step.event == ParseEvent::head && status >= 300;
    if (refused) {
      throw ClientHttpProxyError(status, proxy.without_user().text(),
                                 "the proxy " + peer_of(proxy) + " refuses: " +
                                     std::to_string(status) + ' ' + std::string(parser.reason()));
    }
    const std::size_t left = view.size() - step.consumed;
    stream.reader.consume(step.consumed);
    if (step.event == ParseEvent::head && parser.upgraded()) co_return;
    want = step.event == ParseEvent::need_more ? left + 1 : std::max<std::size_t>(left, 1);
  }
}

namespace {

[[noreturn]] void fail_socks(const Url& proxy, const std::string& why) {
  throw ClientProxyConnectionError(ECONNREFUSED, "SOCKS proxy " + peer_of(proxy) + ": " + why);
}

// Type and value of the address (RFC 1928, 5): a name as it is, for the proxy to resolve.
std::string socks_address(const Url& proxy, std::string_view host, bool is_address) {
  std::string out;
  const auto bytes = is_address ? parse_address(host) : std::nullopt;
  if (bytes && host.find(':') == std::string_view::npos) {
    out = '\x01';
    out.append(reinterpret_cast<const char*>(bytes->data()) + 12, 4);  // ::ffff:a.b.c.d
  } else if (bytes) {
    out = '\x04';
    out.append(reinterpret_cast<const char*>(bytes->data()), 16);
  } else {
    if (host.size() > 255) fail_socks(proxy, "the host's name is too long");
    out = '\x03';
    (out += static_cast<char>(host.size())) += host;
  }
  return out;
}

const char* socks_error(unsigned char code) {
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
  return code < 9 ? kErrors[code] : kErrors[1];
}

Coro<> log_in_socks(Stream stream, Url proxy) {
  const std::string user = proxy.user(), password = proxy.password();
  if (user.size() > 255 || password.size() > 255) {
    fail_socks(proxy, "user or password are too long");
  }
  std::string login = "\x01";
  (login += static_cast<char>(user.size())) += user;
  (login += static_cast<char>(password.size())) += password;
  stream.writer.write(login);
  const std::string answer = co_await stream.reader.readexactly(2);
  if (answer[1] != 0) fail_socks(proxy, "it refuses user and password");
}

}  // namespace

Coro<> open_socks(Stream stream, Url proxy, Url to) {
  const std::string where = socks_address(proxy, to.host(), to.host_is_address());
  stream.writer.write(proxy.has_user() ? std::string("\x05\x02\x00\x02", 4)
                                       : std::string("\x05\x01\x00", 3));
  std::string answer = co_await stream.reader.readexactly(2);
  if (answer[0] != 5) fail_socks(proxy, "it speaks another protocol");
  if (answer[1] == 2 && proxy.has_user()) {
    co_await log_in_socks(stream, proxy);
  } else if (answer[1] != 0) {
    fail_socks(proxy, "it accepts no way to log in");
  }
  std::string request = std::string("\x05\x01\x00", 3) + where;
  request += static_cast<char>(to.port() >> 8);
  request += static_cast<char>(to.port() & 255);
  stream.writer.write(request);
  answer = co_await stream.reader.readexactly(4);
  if (answer[0] != 5) fail_socks(proxy, "it speaks another protocol");
  const auto code = static_cast<unsigned char>(answer[1]);
  if (code != 0) fail_socks(proxy, socks_error(code));
  std::size_t size = 0;  // of the address that the proxy has bound, which is of no interest
  switch (answer[3]) {
    case 1:
      size = 4;
      break;
    case 3:
      answer = co_await stream.reader.readexactly(1);
      size = static_cast<unsigned char>(answer[0]);
      break;
    case 4:
      size = 16;
      break;
    default:
      fail_socks(proxy, "it answers with an unknown type of address");
  }
  co_await stream.reader.readexactly(size + 2);
}

}  // namespace hob::http::detail
