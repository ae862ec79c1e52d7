// SPDX-License-Identifier: MIT
// Digest authentication in a live session (RFC 7616). The server of the test calculates the answer
// itself, and counts.
#include "http/digest.hpp"
#include "http/memory_server.hpp"
#include "support/virtual.hpp"

#include <hob/http/auth.hpp>
#include <hob/http/client_error.hpp>

#include <doctest/doctest.h>

using namespace http_tests;
using hob::Coro;
using hob::http::ClientSession;
using hob::http::DigestAuth;
using hob::http::Hash;
using hob::http::Response;
using support::run_sim;

namespace client_digest_tests {

struct Guard {
  std::string algorithm = "MD5", qop = "auth";
  Hash hash = Hash::md5;
  bool session = false;
  std::string nonce = "n1", next_nonce;
  bool stale_always = false;
  unsigned last_count = 0;
  int challenges = 0, accepted = 0;
  std::string problem;  // what was wrong with an answer
};
Guard guard;

std::string challenge(bool stale) {
  ++guard.challenges;
  return "HTTP/1.1 401 X\r\nWWW-Authenticate: Basic realm=\"b\", Digest realm=\"the, realm\", "
         "nonce=\"" +
         guard.nonce + "\", opaque=\"op=que\", algorithm=" + guard.algorithm +
         (guard.qop.empty() ? "" : ", qop=\"" + guard.qop + '"') + (stale ? ", stale=TRUE" : "") +
         "\r\nContent-Length: 4\r\n\r\nkeep";
}

// Recalculates the response of RFC 7616, 3.4.1.
std::string expected(const hob::http::Params& given, const Asked& request) {
  const auto of = [&](const char* name) { return std::string(given.get(name).value_or("")); };
  const auto hash = [](const std::string& text) { return hex_digest(guard.hash, text); };
  std::string secret = hash("user:the, realm:pass word");
  if (guard.session) secret = hash(secret + ':' + of("nonce") + ':' + of("cnonce"));
  std::string action = request.method + ':' + of("uri");
  if (of("qop") == "auth-int") action += ':' + hash(request.body);
  const std::string middle =
      guard.qop.empty() ? of("nonce")
                        : of("nonce") + ':' + of("nc") + ':' + of("cnonce") + ':' + of("qop");
  return hash(secret + ':' + middle + ':' + hash(action));
}

Answer guarded(const Asked& request) {
  if (request.target.starts_with("/open")) return redirect(307, request.target.substr(5));
  if (request.target.starts_with("/away")) return redirect(307, "http://other.test/x");
  if (request.head.find("Host: other.test") != std::string::npos) return ok("open");
  const std::string mark = "\r\nAuthorization: ";
  const std::size_t at = request.head.find(mark);
  if (at == std::string::npos) return challenge(false);
  const std::size_t begin = at + mark.size();
  const auto parsed = hob::http::Challenge::parse(
      request.head.substr(begin, request.head.find('\r', begin) - begin));
  const hob::http::Params& given = parsed.at(0).parameters;
  if (given.get("nonce") != guard.nonce || guard.stale_always) {
    guard.last_count = 0;
    return challenge(true);
  }
  const unsigned count = guard.qop.empty()
                             ? guard.last_count + 1
                             : static_cast<unsigned>(std::stoul(
                                   std::string(given.get("nc").value_or("0")), nullptr, 16));
  if (count != guard.last_count + 1) guard.problem = "nc";
  if (given.get("uri") != request.target) guard.problem = "uri";
  if (given.get("opaque") != "op=que") guard.problem = "opaque";
  if (given.get("response") != expected(given, request)) return challenge(false);
  guard.last_count = count;
  ++guard.accepted;
  std::string info;
  if (!guard.next_nonce.empty()) {
    info = "Authentication-Info: nextnonce=\"" + guard.next_nonce + "\"\r\n";
    guard.nonce = guard.next_nonce;
    guard.last_count = 0;
  }
  return ok("secret", info);
}

struct Variant {
  const char* algorithm;
  Hash hash;
  bool session;
};
const Variant kVariants[] = {
    {"MD5", Hash::md5, false},
    {"MD5-sess", Hash::md5, true},
    {"SHA-256", Hash::sha256, false},
    {"SHA-256-sess", Hash::sha256, true},
    {"SHA-512-256", Hash::sha512_256, false},
};

TEST_CASE("one challenge for a session, whatever the algorithm and the protection") {
  for (const Variant& variant : kVariants) {
    for (const char* qop : {"auth", "auth-int", "auth,auth-int", ""}) {
      const auto main = [&]() -> Coro<> {
        guard = {};
        guard.algorithm = variant.algorithm;
        guard.hash = variant.hash;
        guard.session = variant.session;
        guard.qop = qop;
        MemoryServer server(&guarded);
        ClientSession session(server.options());
        const auto digest = std::make_shared<DigestAuth>("user", "pass word");
        for (int i = 0; i < 3; ++i) {
          const Response response =
              co_await session.post("http://h/a?b=c").data(std::string("body")).digest_auth(digest);
          CHECK(response.status() == 200);
          CHECK(server.asked.back().body == "body");
        }
        CAPTURE(std::string(variant.algorithm));
        CAPTURE(std::string(qop));
        CHECK(guard.challenges == 1);
        CHECK(guard.accepted == 3);
        CHECK(guard.problem == "");
        CHECK(server.connections.size() == 1);  // the body of the 401 is read
      };
      run_sim(main());
    }
  }
}

TEST_CASE("nonces that get old, that follow one another, and that are always old") {
  const auto main = []() -> Coro<> {
    guard = {};
    MemoryServer server(&guarded);
    ClientSession session(server.options());
    const auto digest = std::make_shared<DigestAuth>("user", "pass word");
    const auto get = [&]() -> Coro<int> {
      const Response response = co_await session.get("http://h/a").digest_auth(digest);
      co_return response.status();
    };
    int status = co_await get();
    CHECK(status == 200);
    guard.nonce = "n2";
    guard.last_count = 0;
    status = co_await get();
    CHECK(status == 200);
    CHECK(guard.challenges == 2);
    guard.next_nonce = "n3";
    status = co_await get();
    guard.next_nonce = "";
    status = co_await get();
    CHECK(status == 200);
    CHECK(guard.challenges == 2);
    CHECK(guard.problem == "");
    guard.stale_always = true;
    const std::size_t before = server.asked.size();
    status = co_await get();
    CHECK(status == 401);
    CHECK(server.asked.size() - before <= 4);
  };
  run_sim(main());
}

TEST_CASE("a wrong password is asked for once, and a body that is gone is not invented") {
  const auto main = []() -> Coro<> {
    guard = {};
    MemoryServer server(&guarded);
    ClientSession session(server.options());
    const auto wrong = std::make_shared<DigestAuth>("user", "wrong");
    Response refused = co_await session.get("http://h/a").digest_auth(wrong);
    CHECK(refused.status() == 401);
    CHECK(server.asked.size() == 2);
    const std::string text = co_await refused.text();
    CHECK(text == "keep");
    const auto pieces = []() -> hob::AsyncGenerator<std::string> { co_yield "piece"; };
    const auto digest = std::make_shared<DigestAuth>("user", "pass word");
    refused = co_await session.post("http://h/a").data(pieces(), 5).digest_auth(digest);
    CHECK(refused.status() == 401);
    // One that can be made again is sent again.
    Response accepted = co_await session.post("http://h/a").data(pieces, 5).digest_auth(digest);
    CHECK(accepted.status() == 200);
    CHECK(server.asked.back().body == "piece");
  };
  run_sim(main());
}

TEST_CASE("redirects: answered where they lead on the same origin, never on another") {
  const auto main = []() -> Coro<> {
    guard = {};
    MemoryServer server(&guarded);
    ClientSession session(server.options());
    const auto digest = std::make_shared<DigestAuth>("user", "pass word");
    Response response = co_await session.get("http://h/open/deep?q").digest_auth(digest);
    CHECK(response.status() == 200);
    CHECK(guard.problem == "");
    CHECK(response.history().size() == 1);
    response = co_await session.get("http://h/away").digest_auth(digest);
    CHECK(response.status() == 200);
    CHECK(server.asked.back().has("Host: other.test"));
    CHECK(server.asked.back().head.find("Authorization") == std::string::npos);
  };
  run_sim(main());
}

}  // namespace client_digest_tests
