// SPDX-License-Identifier: MIT
// Proxies: what they are asked, what goes through them, and the name of everything that can go
// wrong on the way.
#include "http/memory_proxy.hpp"
#include "support/virtual.hpp"

#include <hob/http/client_error.hpp>

#include <doctest/doctest.h>

#include <cstdlib>

using namespace http_tests;
using hob::Coro;
using hob::http::ClientOptions;
using hob::http::ClientSession;
using hob::http::Response;
using support::run_sim;

namespace proxies_tests {

Coro<std::string> body_of(ClientSession& session, const char* url) {
  Response response = co_await session.get(url);
  const std::string text = co_await response.text();
  co_return text;
}

// The name of the error, and its text for one that is a ClientError.
Coro<std::string> failure(ClientSession& session, const char* url) {
  try {
    co_await session.get(url).timeout(60s);
  } catch (const hob::http::ClientHttpProxyError& error) {
    co_return "ClientHttpProxyError " + std::to_string(error.status()) + ": " + error.what();
  } catch (const hob::http::ClientError& error) {
    co_return hob::type_name(std::current_exception()) + ": " + error.what();
  }
  co_return "nothing";
}

TEST_CASE("http through a proxy: absolute form, one connection for all hosts") {
  const auto main = []() -> Coro<> {
    MemoryProxy world;
    ClientOptions options = world.options("http://us%40er:pa%3Ass@proxy:3128");
    options.proxy_headers.add("X-To-Proxy", "1");
    ClientSession session(options);
    std::string text = co_await body_of(session, "http://u:p@one.example/a?b#c");
    CHECK(text == "forwarded sees GET http://one.example/a?b HTTP/1.1");
    text = co_await body_of(session, "http://two.example:8080/");
    CHECK(text == "forwarded sees GET http://two.example:8080/ HTTP/1.1");
    CHECK(world.dialed == std::vector<std::string>{"proxy:3128"});
    CHECK(session.statistics().connections_reused == 1);
    const std::string& head = world.heads.at(0);
    CHECK(head.find("\r\nHost: one.example\r\n") != std::string::npos);
    CHECK(head.find("\r\nProxy-Authorization: Basic dXNAZXI6cGE6c3M=\r\n") != std::string::npos);
    CHECK(head.find("\r\nX-To-Proxy: 1\r\n") != std::string::npos);
    CHECK(head.find("\r\nAuthorization: Basic dTpw\r\n") != std::string::npos);
  };
  run_sim(main());
}

TEST_CASE("https through a proxy: a tunnel, and nothing of the proxy's reaches the origin") {
  const auto main = []() -> Coro<> {
    for (const char* proxy : {"http://u:p@proxy:3128", "https://u:p@tlsproxy"}) {
      MemoryProxy world;
      ClientOptions options = world.options(proxy);
      options.proxy_headers.add("X-To-Proxy", "1");
      ClientSession session(options);
      std::string text = co_await body_of(session, "https://secure.example/a?b");
      CHECK(text == "secure.example:443 sees GET /a?b HTTP/1.1");
      text = co_await body_of(session, "https://secure.example/again");
      CHECK(text == "secure.example:443 sees GET /again HTTP/1.1");
      CHECK(world.dialed.size() == 1);
      CHECK(world.heads.size() == 1);
      CHECK(world.heads.at(0).starts_with(
          "CONNECT secure.example:443 HTTP/1.1\r\nHost: secure.example:443\r\n"
          "Proxy-Authorization: Basic dTpw\r\nX-To-Proxy: 1\r\n"));
      for (const std::string& head : world.at_origin) {
        CHECK(head.find("Proxy") == std::string::npos);
      }
    }
  };
  run_sim(main());
}

TEST_CASE("SOCKS 5: the proxy resolves names, addresses go as addresses") {
  const auto main = []() -> Coro<> {
    MemoryProxy world;
    ClientSession session(world.options("socks5://u:p@socks"));
    std::string text = co_await body_of(session, "http://one.example/a");
    CHECK(text == "one.example:80 sees GET /a HTTP/1.1");
    CHECK(world.dialed.at(0) == "socks:1080");
    CHECK(world.heads.back() == std::string("\x05\x01\x00\x03\x0bone.example\x00\x50", 18));
    text = co_await body_of(session, "https://secure.example/s");
    CHECK(text == "secure.example:443 sees GET /s HTTP/1.1");
    co_await body_of(session, "http://named:300/");
    CHECK(world.heads.back() == std::string("\x05\x01\x00\x03\x05named\x01\x2c", 12));
    co_await body_of(session, "http://192.0.2.1/");
    CHECK(world.heads.back() == std::string("\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50", 10));
    co_await body_of(session, "http://[2001:db8::7]/");
    CHECK(world.heads.back() ==
          std::string("\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x00\x50", 22));
    CHECK(world.dialed.size() == 5);  // a connection leads to one host
    MemoryProxy open;
    open.user = "";
    ClientSession anonymous(open.options("socks5h://socks:9"));
    text = co_await body_of(anonymous, "http://one.example/a");
    CHECK(text == "one.example:80 sees GET /a HTTP/1.1");
  };
  run_sim(main());
}

struct Row {
  const char *proxy, *url, *answer, *error;
};
const Row kFailures[] = {
    {"http://proxy", "https://secure.example/",
     "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n"
     "Content-Length: 0\r\n\r\n",
     "ClientHttpProxyError 407: the proxy proxy:80 refuses: 407 Proxy Authentication Required"},
    {"http://proxy", "https://secure.example/", "HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\n",
     "ClientHttpProxyError 503: the proxy proxy:80 refuses: 503 Busy"},
    {"http://proxy", "https://secure.example/",
     "HTTP/1.1 302 Elsewhere\r\nLocation: http://login/\r\n\r\n",
     "ClientHttpProxyError 302: the proxy proxy:80 refuses: 302 Elsewhere"},
    {"http://proxy", "https://secure.example/", "close",
     "ClientProxyConnectionError: the proxy proxy:80 has closed the connection"},
    {"http://proxy", "https://secure.example/", "HTTP/1.1 20",
     "ClientProxyConnectionError: the proxy proxy:80 has closed the connection"},
    {"http://proxy", "https://secure.example/", "SSH-2.0-OpenSSH_9.2\r\n\r\n",
     "ClientHttpProxyError 0: the proxy proxy:80 does not answer in HTTP:"},
    {"http://proxy", "https://other.example/", "",
     "ClientConnectorCertificateError: cannot connect to other.example:443: "},
    {"http://proxy", "http://one.example/", "close", "ServerDisconnectedError: "},
    {"https://tlsproxy", "https://secure.example/", "close",
     "ClientProxyConnectionError: the proxy tlsproxy:443 has closed the connection"},
    {"https://proxy", "https://secure.example/", "",
     "ClientConnectorSSLError: cannot connect to proxy:443: "},
    {"socks5://socks", "http://one.example/", "",
     "ClientProxyConnectionError: SOCKS proxy socks:1080: it accepts no way to log in"},
    {"socks5://u:wrong@socks", "http://one.example/", "",
     "ClientProxyConnectionError: SOCKS proxy socks:1080: it refuses user and password"},
    {"socks5://u:p@socks", "http://forbidden/", "",
     "ClientProxyConnectionError: SOCKS proxy socks:1080: its rules forbid the connection"},
    {"socks5://u:p@socks", "http://one.example/", "HTTP/1.1 400 Bad\r\n\r\n",
     "ClientProxyConnectionError: SOCKS proxy socks:1080: it speaks another protocol"},
    {"socks5://u:p@socks", "http://one.example/", "\x05",
     "ClientProxyConnectionError: cannot connect to socks:1080: the proxy has closed"},
};

TEST_CASE("what goes wrong with a proxy has a name, and leaves nothing behind") {
  const auto main = []() -> Coro<> {
    for (const Row& row : kFailures) {
      MemoryProxy world;
      world.answer = row.answer;
      ClientSession session(world.options(row.proxy));
      const std::string got = co_await failure(session, row.url);
      CAPTURE(std::string(row.error));
      CAPTURE(got);
      CHECK(got.starts_with(row.error));
      CHECK(session.statistics().active == 0);
      CHECK(session.statistics().idle == 0);
    }
  };
  run_sim(main());
}

TEST_CASE("a proxy that cannot be reached, and one that says nothing") {
  const auto main = []() -> Coro<> {
    MemoryProxy world;
    ClientSession session(world.options("http://proxy"));
    world.refuse = true;
    std::string got = co_await failure(session, "http://one.example/");
    CHECK(got.starts_with("ClientProxyConnectionError: cannot connect to proxy:80: "));
    world.refuse = false;
    world.answer = "H";
    world.then_close = false;
    const int before = support::now();
    got = co_await failure(session, "https://secure.example/");
    CHECK(got == "ConnectionTimeoutError: no connection to secure.example within sock_connect");
    CHECK(support::now() == before + 30);
    CHECK(session.statistics().active == 0);
    // A 407 to what a proxy forwards is a response like any other, as in aiohttp.
    world.answer = "HTTP/1.1 407 X\r\nContent-Length: 0\r\n\r\n";
    Response refused = co_await session.get("http://one.example/");
    CHECK(refused.status() == 407);
  };
  run_sim(main());
}

TEST_CASE("which proxy: of the request, of the session, of the environment, or none") {
  const auto main = []() -> Coro<> {
    MemoryProxy world;
    ClientSession session(world.options("http://proxy"));
    std::string text = co_await body_of(session, "http://one.example/");
    Response direct = co_await session.get("http://one.example/").proxy("");
    text = co_await direct.text();
    CHECK(text == "one.example:80 sees GET / HTTP/1.1");
    Response other = co_await session.get("http://one.example/").proxy("socks5://u:p@socks");
    text = co_await other.text();
    CHECK(text == "one.example:80 sees GET / HTTP/1.1");
    CHECK(world.dialed == std::vector<std::string>{"proxy:80", "one.example:80", "socks:1080"});
    ::setenv("http_proxy", "proxy:1", 1);
    ::setenv("https_proxy", "http://proxy:2", 1);
    ::setenv("no_proxy", "direct.example,192.0.2.0/24", 1);
    ClientOptions options = world.options("");
    options.trust_env = true;
    ClientSession trusting(options);
    ::unsetenv("http_proxy");
    ::unsetenv("https_proxy");
    ::unsetenv("no_proxy");
    world.dialed.clear();
    co_await body_of(trusting, "http://one.example/");
    co_await body_of(trusting, "https://secure.example/");
    co_await body_of(trusting, "http://www.direct.example/");
    co_await body_of(trusting, "https://192.0.2.1/");
    CHECK(world.dialed ==
          std::vector<std::string>{"proxy:1", "proxy:2", "www.direct.example:80", "192.0.2.1:443"});
  };
  run_sim(main());
}

}  // namespace proxies_tests
