// SPDX-License-Identifier: MIT
// How a client gets to a server: names and their cache, Unix sockets, and what TLS is asked for.
#include "http/dns_cache.hpp"
#include "http/memory_proxy.hpp"
#include "support/virtual.hpp"

#include <hob/file/temporary.hpp>
#include <hob/http/client_error.hpp>
#include <hob/http/server.hpp>
#include <hob/net/resolver.hpp>
#include <hob/task/gather.hpp>
#include <hob/testing/faults.hpp>

#include <doctest/doctest.h>

using namespace http_tests;
using hob::Coro;
using hob::SocketAddress;
using hob::http::ClientOptions;
using hob::http::ClientSession;
using hob::http::Response;
using hob::http::detail::DnsCache;
using support::run_sim;

namespace client_dial_tests {

using Addresses = std::vector<SocketAddress>;

SocketAddress address(const char* host, std::uint16_t port) {
  SocketAddress made;
  made.family = SocketAddress::Family::ipv4;
  made.host = host;
  made.port = port;
  return made;
}

std::string hosts(const Addresses& addresses) {
  std::string all;
  for (const SocketAddress& each : addresses) all += each.host + ' ';
  return all;
}

// Answers after a second, and counts the questions.
struct Names {
  int asked = 0;
  bool fail = false;
  hob::detail::Ref<hob::http::Resolver> resolver =
      hob::http::make_resolver([this](std::string host, std::uint16_t port) -> Coro<Addresses> {
        return answer(std::move(host), port);
      });

  Coro<Addresses> answer(std::string host, std::uint16_t port) {
    ++asked;
    co_await hob::sleep(1s);
    if (fail) throw hob::GaiError(-2, "no such name: " + host);
    Addresses found;
    found.push_back(address("1.1.1.1", port));
    found.push_back(address("2.2.2.2", port));
    found.push_back(address("3.3.3.3", port));
    co_return found;
  }
};

TEST_CASE("names are remembered for a while, and their addresses take turns") {
  const auto main = []() -> Coro<> {
    Names names;
    DnsCache cache(names.resolver, 10s, hob::AddressFamily::any);
    const auto ask = [&](std::uint16_t port) -> Coro<std::string> {
      const Addresses found = co_await cache.resolve("h", port);
      co_return std::to_string(found.at(0).port) + ": " + hosts(found);
    };
    std::string got = co_await ask(80);
    CHECK(got == "80: 1.1.1.1 2.2.2.2 3.3.3.3 ");
    got = co_await ask(80);
    CHECK(got == "80: 2.2.2.2 3.3.3.3 1.1.1.1 ");
    got = co_await ask(80);
    CHECK(got == "80: 3.3.3.3 1.1.1.1 2.2.2.2 ");
    CHECK(support::now() == 1);
    got = co_await ask(443);  // another entry
    CHECK(got == "443: 1.1.1.1 2.2.2.2 3.3.3.3 ");
    CHECK(names.asked == 2);
    co_await hob::sleep(8s);
    co_await ask(80);
    CHECK(names.asked == 2);
    co_await hob::sleep(2s);
    co_await ask(80);
    CHECK(names.asked == 3);
    cache.forget("h", 80);
    co_await ask(80);
    CHECK(names.asked == 4);
  };
  run_sim(main());
}

TEST_CASE("who asks for the same name at the same time shares the answer") {
  for (const hob::Duration ttl : {hob::Duration(10s), hob::Duration()}) {
    const auto main = [ttl]() -> Coro<> {
      Names names;
      DnsCache cache(names.resolver, ttl, hob::AddressFamily::any);
      const auto ask = [&]() -> Coro<int> {
        const Addresses found = co_await cache.resolve("h", 80);
        co_return static_cast<int>(found.size());
      };
      auto first = hob::create_task(ask());
      auto second = hob::create_task(ask());
      auto third = hob::create_task(ask());
      co_await hob::sleep(500ms);
      first.cancel();  // the others are not disturbed
      const int got = co_await second + co_await third;
      CHECK(got == 6);
      CHECK(first.cancelled());
      CHECK(names.asked == 1);
      co_await ask();
      CHECK(names.asked == (ttl > hob::Duration() ? 1 : 2));
      // All give up: the next one asks anew.
      cache.clear();
      auto alone = hob::create_task(ask());
      co_await hob::sleep(0s);
      alone.cancel();
      co_await hob::sleep(20s);
      const int before = names.asked;
      co_await ask();
      CHECK(names.asked == before + 1);
      // A failure is for those who wait, and not remembered.
      cache.clear();
      names.fail = true;
      auto failing = hob::create_task(ask());
      auto too = hob::create_task(ask());
      const auto failed = co_await hob::as_result(failing);
      const auto failed_too = co_await hob::as_result(too);
      CHECK(support::error_name(failed) == "GaiError");
      CHECK(support::error_name(failed_too) == "GaiError");
      names.fail = false;
      const int again = co_await ask();
      CHECK(again == 3);
    };
    run_sim(main());
  }
}

TEST_CASE("a session's resolver, and what traces tell of it") {
  const auto main = []() -> Coro<> {
    using What = hob::http::TraceEvent::What;
    hob::http::Server server;
    server.get("/", [](hob::http::ServerRequest&) { return hob::http::text_response("hi"); });
    co_await server.start("127.0.0.1", 0);
    const std::uint16_t port = server.port();
    int asked = 0;
    const auto resolver =
        hob::http::make_resolver([&](std::string host, std::uint16_t) -> Coro<Addresses> {
          ++asked;
          Addresses found;
          if (host != "nowhere.test") found.push_back(address("127.0.0.1", port));
          co_return found;
        });
    ClientOptions options;
    options.resolver = resolver.get();
    options.keepalive_timeout = 0s;
    ClientSession session(options);
    std::string events;
    session.set_trace([&](const hob::http::TraceEvent& event) {
      if (event.what == What::dns_cache_hit) events += "hit " + std::string(event.host) + ' ';
      if (event.what == What::dns_cache_miss) events += "miss " + std::string(event.host) + ' ';
      if (event.what == What::dns_resolve_end) events += "found ";
    });
    for (int i = 0; i < 3; ++i) {
      Response response = co_await session.get("http://one.test/");
      CHECK(response.status() == 200);
    }
    CHECK(events == "miss one.test found hit one.test hit one.test ");
    CHECK(asked == 1);
    const auto unknown = co_await hob::as_result(session.get("http://nowhere.test/"));
    CHECK(support::error_name(unknown) == "ClientConnectorDNSError");
    co_await server.shutdown();
    // Nobody listens there any more: the addresses are forgotten with that.
    const auto refused = co_await hob::as_result(session.get("http://one.test/"));
    CHECK(support::error_name(refused) == "ClientConnectorError");
    const auto again = co_await hob::as_result(session.get("http://one.test/"));
    CHECK(support::error_name(again) == "ClientConnectorError");
    CHECK(asked == 3);
  };
  hob::run(main());
}

TEST_CASE("over a Unix socket") {
  const auto main = []() -> Coro<> {
    auto folder = co_await hob::temporary_directory();
    const std::string path = folder.name() + "/sock";
    hob::http::Server server;
    server.get("/{name}", [](hob::http::ServerRequest& request) {
      return hob::http::text_response(std::string(request.match_info("name")) + " at " +
                                      std::string(request.host()));
    });
    co_await server.start_unix(path);
    ClientOptions options;
    options.unix_socket = path;
    ClientSession session(options);
    Response response = co_await session.get("http://any.example/containers");
    const std::string text = co_await response.text();
    CHECK(text == "containers at any.example");
    Response second = co_await session.get("http://any.example/again");
    CHECK(session.statistics().connections_created == 1);
    session.close();
    co_await server.shutdown();
    ClientSession late(options);
    const auto refused = co_await hob::as_result(late.get("http://any.example/"));
    CHECK(support::error_name(refused) == "UnixClientConnectorError");
    CHECK(hob::describe(refused.exception()).find(path) != std::string::npos);
    co_await folder.cleanup();
  };
  hob::run(main());
}

// --- TLS ------------------------------------------------------------------------------------

Coro<int> ask_over_tls(ClientSession& session, std::string url, hob::Security* context = nullptr,
                       std::string fingerprint = {}) {
  auto request = session.get(url);
  if (context) request.ssl(*context);
  if (!fingerprint.empty()) request.fingerprint(fingerprint);
  Response response = co_await request;
  co_return response.status();
}

struct SecureServer {
  hob::Certificate certificate = hob::make_self_signed({"localhost"});
  hob::Certificate clients = hob::make_certificate_authority();
  hob::TlsContext context{hob::TlsRole::server};
  hob::http::Server server;

  Coro<> start(bool ask_for_certificate) {
    context.load_cert_chain(certificate);
    if (ask_for_certificate) {
      context.set_verify_mode(hob::VerifyMode::required);
      context.load_verify_locations(clients);
    }
    server.get("/", [](hob::http::ServerRequest&) { return hob::http::text_response("hi"); });
    hob::ServerOptions options;
    options.ssl = context;
    co_await server.start("127.0.0.1", 0, options);
  }
  std::string url() const { return "https://localhost:" + std::to_string(server.port()) + '/'; }
};

TEST_CASE("a TLS context for one request, with connections of its own") {
  const auto main = []() -> Coro<> {
    SecureServer secure;
    co_await secure.start(false);
    hob::TlsContext trusting(hob::TlsRole::client);
    trusting.load_verify_locations(secure.certificate);
    ClientSession session;
    auto distrusted = co_await hob::as_result(ask_over_tls(session, secure.url()));
    CHECK(support::error_name(distrusted) == "ClientConnectorCertificateError");
    int status = co_await ask_over_tls(session, secure.url(), trusting);
    CHECK(status == 200);
    status = co_await ask_over_tls(session, secure.url(), trusting);
    CHECK(session.statistics().connections_reused == 1);
    // The kept connection is not for somebody who trusts less.
    distrusted = co_await hob::as_result(ask_over_tls(session, secure.url()));
    CHECK(support::error_name(distrusted) == "ClientConnectorCertificateError");
    session.close();
    co_await secure.server.shutdown();
  };
  hob::run(main());
}

TEST_CASE("client certificates") {
  const auto main = []() -> Coro<> {
    SecureServer secure;
    co_await secure.start(true);
    hob::TlsContext anonymous(hob::TlsRole::client), known(hob::TlsRole::client);
    anonymous.load_verify_locations(secure.certificate);
    known.load_verify_locations(secure.certificate);
    known.load_cert_chain(hob::make_certificate(secure.clients, {"client.example"}));
    ClientOptions options;
    options.ssl = known;
    ClientSession session(options);
    const int status = co_await ask_over_tls(session, secure.url());
    CHECK(status == 200);
    // With TLS 1.3 the refusal comes when the client is done with the handshake already.
    const auto refused = co_await hob::as_result(ask_over_tls(session, secure.url(), anonymous));
    const std::string name = support::error_name(refused);
    CAPTURE(name);
    CHECK((name == "ClientOSError" || name == "ServerDisconnectedError"));
    session.close();
    co_await secure.server.shutdown();
  };
  hob::run(main());
}

TEST_CASE("fingerprints") {
  const auto main = []() -> Coro<> {
    SecureServer secure;
    co_await secure.start(false);
    ClientSession session;
    std::string got;
    try {
      co_await ask_over_tls(session, secure.url(), nullptr, std::string(64, 'a'));
    } catch (const hob::http::ServerFingerprintMismatch& mismatch) {
      CHECK(mismatch.expected() == std::string(64, 'a'));
      got = mismatch.got();
    }
    CHECK(got.size() == 64);
    CHECK(session.statistics().idle == 0);
    const int status = co_await ask_over_tls(session, secure.url(), nullptr, got);
    CHECK(status == 200);
    CHECK_THROWS_AS(session.get("https://h/").fingerprint("abc"), hob::ValueError);
    session.close();
    co_await secure.server.shutdown();
  };
  hob::run(main());
}

}  // namespace client_dial_tests
