// What a session can be told: who one is, which cookies, whom to trust, which way to go, and whom
// to tell about it.
#include <hob/hob.hpp>
#include <hob/http.hpp>
#include <hob/tls.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

namespace http = hob::http;
using namespace std::chrono_literals;
using hob::Coro;

// [auth]
Coro<> log_in(http::ClientSession& session) {
  auto basic = co_await session.get("/who").basic_auth("ada", "secret");
  auto token = co_await session.get("/who").bearer("abc");
  std::printf("%s, %s\n", (co_await basic.text()).c_str(), (co_await token.text()).c_str());

  // Keep the object: the answer to one challenge is good for many requests.
  auto digest = std::make_shared<http::DigestAuth>("ada", "secret");
  auto first = co_await session.get("/digest").digest_auth(digest);
  auto second = co_await session.get("/digest").digest_auth(digest);
  std::printf("%d %d\n", first.status(), second.status());
}
// [auth]

// [cookies]
Coro<> keep_cookies(http::ClientSession& session) {
  co_await session.get("/visit");  // sets one
  auto again = co_await session.get("/visit").cookie("only", "here");
  std::printf("cookies: %s\n", (co_await again.text()).c_str());
  const std::string saved = session.cookies().save();  // curl's format, for a file

  http::ClientOptions options;
  http::ClientSession tomorrow(options);
  tomorrow.cookies().load(saved);
  std::printf("%zu kept\n", tomorrow.cookies().size());
}
// [cookies]

// [trace]
void log_requests(http::ClientSession& session, std::string& log) {
  session.set_trace([&log](const http::TraceEvent& event) {
    using What = http::TraceEvent::What;
    const std::string number = std::to_string(event.request) + ' ';
    if (event.what == What::request_start) {
      log += number + std::string(event.method) + ' ' + std::string(event.url->path()) + '\n';
    } else if (event.what == What::connection_created) {
      log += number + "new connection\n";
    } else if (event.what == What::request_end) {
      log += number + std::to_string(event.status) + '\n';
    } else if (event.what == What::request_failed) {
      log += number + hob::type_name(event.error) + '\n';
    }
  });
}
// [trace]

// [check]
Coro<> check_all(http::ClientSession& session) {
  session.set_status_check([](http::Response response) -> Coro<> {
    if (response.ok()) co_return;
    const std::string why = co_await response.text();
    throw std::runtime_error("the service says: " + why);
  });
  auto outcome = co_await hob::as_result(session.get("/broken"));
  std::printf("%s\n", hob::describe(outcome.exception()).c_str());
}
// [check]

// [tls]
Coro<> trust(std::string url, const hob::Certificate& authority, const hob::Certificate& mine) {
  hob::TlsContext context(hob::TlsRole::client);
  context.load_verify_locations(authority);  // whom we trust
  context.load_cert_chain(mine);             // who we are, for servers that ask
  http::ClientOptions options;
  options.ssl = context;
  http::ClientSession session(options);
  auto response = co_await session.get(url);
  std::printf("%s\n", (co_await response.text()).c_str());

  http::ClientSession strict;  // trusts whom the system trusts
  auto outcome = co_await hob::as_result(strict.get(url));
  std::printf("%s\n", hob::type_name(outcome.exception()).c_str());
  auto pinned = co_await hob::as_result(strict.get(url).fingerprint(std::string(64, '0')));
  std::printf("%s\n", hob::type_name(pinned.exception()).c_str());
}
// [tls]

// [proxy]
Coro<> through_a_proxy(std::string url) {
  http::ClientOptions options;
  options.proxy = "http://user:password@127.0.0.1:1";  // https:// and socks5://, too
  http::ClientSession session(options);
  auto outcome = co_await hob::as_result(session.get(url));
  std::printf("%s\n", hob::type_name(outcome.exception()).c_str());
  auto direct = co_await session.get(url).proxy("");
  std::printf("directly: %d\n", direct.status());
}
// [proxy]

// --- The servers ------------------------------------------------------------------------------

http::ServerResponse who(http::ServerRequest& request) {
  const std::string field(request.headers().get("Authorization"));
  return http::text_response(field.substr(0, field.find(' ')));
}

http::ServerResponse digest(http::ServerRequest& request) {
  if (request.headers().contains("Authorization")) return http::text_response("in");
  return http::text_response("who?", 401)
      .header("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"");
}

http::ServerResponse visit(http::ServerRequest& request) {
  const std::string cookies(request.headers().get("Cookie"));
  return http::text_response(cookies).header("Set-Cookie", "seen=yes; Max-Age=3600");
}

Coro<> ask_securely() {
  const hob::Certificate authority = hob::make_certificate_authority();
  hob::TlsContext context(hob::TlsRole::server);
  context.load_cert_chain(hob::make_certificate(authority, {"localhost"}));
  context.load_verify_locations(authority);
  context.set_verify_mode(hob::VerifyMode::optional);
  hob::ServerOptions listening;
  listening.ssl = context;
  http::Server server;
  server.get("/", [](http::ServerRequest&) { return http::text_response("among friends"); });
  co_await server.start("127.0.0.1", 0, listening);
  const hob::Certificate mine = hob::make_certificate(authority, {"client.example"});
  co_await trust("https://localhost:" + std::to_string(server.port()) + '/', authority, mine);
  co_await server.shutdown(1s);
}

Coro<> run_all() {
  http::Server server;
  server.get("/who", &who).get("/digest", &digest).get("/visit", &visit);
  server.get("/broken",
             [](http::ServerRequest&) { return http::text_response("come back later", 503); });
  co_await server.start("127.0.0.1", 0);
  http::ClientOptions options;
  options.base_url = "http://127.0.0.1:" + std::to_string(server.port());
  std::string log;
  {
    http::ClientSession session(options);
    co_await log_in(session);
    co_await keep_cookies(session);
    log_requests(session, log);
    co_await check_all(session);
  }
  std::printf("%s", log.c_str());
  co_await through_a_proxy(options.base_url.text() + "who");
  co_await server.shutdown(1s);
  co_await ask_securely();
}

int main() { hob::run(run_all()); }
