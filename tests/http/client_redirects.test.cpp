// SPDX-License-Identifier: MIT
// Redirects: what aiohttp sends after them, for every method and status, and the rules of fetch.
#include "http/memory_server.hpp"
#include "support/virtual.hpp"

#include <hob/http/client_error.hpp>

#include <doctest/doctest.h>

using namespace http_tests;
using hob::Coro;
using hob::http::ClientSession;
using hob::http::Response;
using support::run_sim;

namespace client_redirects_tests {

struct Row {
  const char* method;
  int status;
  const char *way, *last;
  bool authorization, cookie, jar, content_type, own;
  const char* body;
};
const Row kRows[] = {
#include "oracle/redirects.inc"
};

// `/302/port` redirects with 302 to the same host on another port, and so on.
Answer site(const Asked& request) {
  const std::string& target = request.target;
  if (target == "/cookie") return ok("", "Set-Cookie: jar=1\r\n");
  if (target == "/end") return ok("end");
  const std::string way = target.substr(5);
  const std::string to = way == "same"   ? "/end"
                         : way == "port" ? "http://localhost:2/end"
                         : way == "host" ? "http://other.test:2/end"
                         : way == "back" ? "http://localhost:2" + target.substr(0, 5) + "on"
                         : way == "on"   ? "http://localhost:1/end"
                                         : "http://new:pw@localhost:2/end";
  return redirect(std::stoi(target.substr(1, 3)), to);
}

TEST_CASE("what aiohttp sends after a redirect") {
  for (const Row& row : kRows) {
    const auto main = [&row]() -> Coro<> {
      MemoryServer server(&site);
      ClientSession session(server.options());
      co_await session.get("http://localhost:1/cookie");
      auto request = session.request(
          row.method, "http://localhost:1/" + std::to_string(row.status) + '/' + row.way);
      const std::string method = row.method, way = row.way;
      request.header("X-Own", "1");
      if (way != "user") request.basic_auth("u", "p").header("Cookie", "own=1");
      const bool with_body = method != "GET" && method != "HEAD" && method != "OPTIONS";
      if (with_body) request.data(std::string("x=y")).header("Content-Type", "text/x-own");
      const Response response = co_await request;
      const Asked& last = server.asked.back();
      CAPTURE(method);
      CAPTURE(row.status);
      CAPTURE(way);
      CHECK(response.method() == last.method);
      if (std::string(row.last) == "-") {
        CHECK(response.status() == row.status);
        CHECK(response.history().empty());
        co_return;
      }
      CHECK(response.status() == 200);
      CHECK(response.history().size() == (way == "back" ? 2 : 1));
      CHECK(last.method == row.last);
      CHECK(last.body == row.body);
      const auto has = [&](const char* what) { return last.head.find(what) != std::string::npos; };
      CHECK(has("\r\nAuthorization: ") == row.authorization);
      CHECK(has("own=1") == row.cookie);
      CHECK(has("jar=1") == row.jar);
      CHECK(has("\r\nX-Own: ") == row.own);
      // A body that is gone takes its type along (fetch, 4.4); aiohttp keeps the field.
      CHECK(has("text/x-own") == (row.content_type && *row.body != '\0'));
    };
    run_sim(main());
  }
}

Answer count_down(const Asked& request) {
  const int left = std::stoi(request.target.substr(1));
  return left == 0 ? ok("there") : redirect(302, '/' + std::to_string(left - 1));
}

TEST_CASE("how many: ten less one as in aiohttp, the history in order, fragments are kept") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&count_down);
    ClientSession session(server.options());
    const Response nine = co_await session.get("http://h/9#here");
    CHECK(nine.url().text() == "http://h/0#here");
    CHECK(nine.redirected());
    REQUIRE(nine.history().size() == 9);
    CHECK(nine.history()[0].url().text() == "http://h/9#here");
    CHECK(nine.history()[8].url().text() == "http://h/1#here");
    CHECK(nine.history()[8].headers().get("Location") == "/0");
    const auto ten = co_await hob::as_result(session.get("http://h/10"));
    CHECK(support::error_name(ten) == "TooManyRedirects");
    const Response twenty = co_await session.get("http://h/19").max_redirects(20);
    CHECK(twenty.history().size() == 19);
    CHECK(server.connections.size() == 1);  // the bodies of redirects are read
  };
  run_sim(main());
}

TEST_CASE("a body that can be made again follows, one that cannot is an error") {
  const auto main = []() -> Coro<> {
    MemoryServer server([](const Asked& request) -> Answer {
      return request.target == "/end" ? ok("end") : redirect(307, "/end");
    });
    ClientSession session(server.options());
    const auto pieces = []() -> hob::AsyncGenerator<std::string> {
      co_yield "one";
      co_yield "two";
    };
    auto once = co_await hob::as_result(session.post("http://h/a").data(pieces()));
    CHECK(support::error_name(once) == "ClientPayloadError");
    co_await session.post("http://h/a").data(pieces);
    CHECK(server.asked.back().target == "/end");
    CHECK(server.asked.back().body == "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
    co_await session.post("http://h/a").data(pieces, 6);
    CHECK(server.asked.back().body == "onetwo");
  };
  run_sim(main());
}

}  // namespace client_redirects_tests
