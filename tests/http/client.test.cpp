// SPDX-License-Identifier: MIT
#include "http/memory_server.hpp"
#include "support/virtual.hpp"

#include <hob/http/client_error.hpp>
#include <hob/http/coding.hpp>
#include <hob/task/gather.hpp>
#include <hob/task/timeout.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace http_tests;
using hob::Coro;
using hob::http::ClientOptions;
using hob::http::ClientSession;
using hob::http::Params;
using hob::http::Response;
using support::run_sim;

namespace client_tests {

std::string compressed(const char* coding, std::string_view text) {
  std::string out;
  hob::http::Encoder::make(coding)->encode(text, out, hob::http::Encoder::Flush::finish);
  return out;
}

Answer site(const Asked& request) {
  const std::string& path = request.target;
  if (path.starts_with("/hello")) return ok("hello");
  if (path == "/json")
    return ok(R"({"id": 7, "name": "J\u00f6rg"})", "Content-Type: application/json\r\n");
  if (path == "/latin1") return ok("gr\xfcn", "Content-Type: text/plain; charset=latin1\r\n");
  if (path == "/chunked") {
    return {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
        "5\r\nab\ncd\r\n3;x=y\r\n\nef\r\n0\r\nX: end\r\n\r\n"};
  }
  if (path == "/gzip")
    return ok(compressed("gzip", std::string(100'000, 'z')), "Content-Encoding: gzip\r\n");
  if (path == "/badzip") return ok("this is not gzip", "Content-Encoding: gzip\r\n");
  if (path == "/interim") {
    return {"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" +
            ok("late")};
  }
  if (path == "/until-close") {
    Answer answer("HTTP/1.1 200 OK\r\n\r\nall of it");
    answer.close = true;
    return answer;
  }
  if (path == "/no-answer" || path == "/partial" || path == "/short-chunk") {
    Answer answer(path == "/no-answer" ? ""
                  : path == "/partial"
                      ? "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive5"
                      : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfi");
    answer.close = true;
    return answer;
  }
  if (path == "/garbage") return {"SSH-2.0-OpenSSH_9.2\r\n"};
  if (path == "/bad-chunk") return {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"};
  if (path == "/204") return {"HTTP/1.1 204 No Content\r\n\r\n"};
  if (path == "/404") return {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"};
  if (path == "/too-much")
    return {ok("hello") + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"};
  if (path == "/close")
    return {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nbye"};
  if (path == "/slow") {
    Answer answer(ok("slow"));
    answer.delay = 10s;
    return answer;
  }
  if (path == "/stall") return {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive5"};
  if (path == "/cookie") return ok("", "Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/x\r\n");
  if (path == "/loop") return redirect(302, "/loop");
  if (path == "/see-other") return redirect(303, "/hello?seen");
  if (path == "/moved") return redirect(308, "/hello-again");
  if (path == "/elsewhere") return redirect(302, "http://other.com/hello");
  if (path == "/digest") {
    if (request.head.find("Authorization: Digest ") != std::string::npos) return ok("secret");
    return {
        "HTTP/1.1 401 X\r\nWWW-Authenticate: Digest realm=r, nonce=n, qop=auth\r\n"
        "Content-Length: 0\r\n\r\n"};
  }
  return ok("you asked for " + request.target);
}

TEST_CASE("a request and its response") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientSession session(server.options());
    Response response = co_await session.get("http://h/hello?x#f").header("X-Own", "1");
    CHECK(response.status() == 200);
    CHECK(response.ok());
    CHECK(response.reason() == "OK");
    CHECK(response.url().text() == "http://h/hello?x#f");
    CHECK(response.headers().get("content-length") == "5");
    const std::string text = co_await response.text();
    CHECK(text == "hello");
    const std::string again = co_await response.read();
    CHECK(again == "hello");
    const Asked& asked = server.asked.at(0);
    CHECK(asked.head.starts_with("GET /hello?x HTTP/1.1\r\nHost: h\r\nX-Own: 1\r\n"));
    CHECK(asked.has("Accept: */*"));
    CHECK(asked.has("Accept-Encoding: gzip, deflate, br, zstd"));
    CHECK(asked.head.find("Content-Length") == std::string::npos);
    CHECK(server.connections.at(0) == "h:80");
  };
  run_sim(main());
}

TEST_CASE("JSON in and out") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientSession session(server.options());
    Response response = co_await session.get("http://h/json");
    const nlohmann::json value = co_await response.json();
    CHECK(value["name"] == "J\xc3\xb6rg");
    const auto map = co_await response.json<std::map<std::string, nlohmann::json>>();
    CHECK(map.at("id") == 7);
    nlohmann::json sent;
    sent["a"] = 1;
    Response posted = co_await session.post("http://h/x").json(sent);
    CHECK(server.asked.back().body == R"({"a":1})");
    CHECK(server.asked.back().has("Content-Type: application/json"));
    Response text = co_await session.get("http://h/hello");
    auto wrong = co_await hob::as_result(text.json());
    CHECK(support::error_name(wrong) == "ContentTypeError");
    auto broken = co_await hob::as_result(text.json_unchecked());
    CHECK_FALSE(broken.has_value());
    Response latin1 = co_await session.get("http://h/latin1");
    const std::string green = co_await latin1.text();
    CHECK(green == "gr\xc3\xbcn");
    CHECK(server.connections.size() == 1);
  };
  run_sim(main());
}

TEST_CASE("bodies of requests") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientSession session(server.options());
    co_await session.post("http://h/a").data(std::string("bytes"));
    CHECK(server.asked.back().body == "bytes");
    CHECK(server.asked.back().has("Content-Length: 5"));
    co_await session.post("http://h/a").data(Params("a", 1, "b", "c d"));
    CHECK(server.asked.back().body == "a=1&b=c+d");
    CHECK(server.asked.back().has("Content-Type: application/x-www-form-urlencoded"));
    hob::http::FormData form;
    form.add("x", "y").add_file("f", "content", "a.txt");
    co_await session.put("http://h/a").data(form);
    CHECK(server.asked.back().body == form.encode());
    CHECK(server.asked.back().has("Content-Type: " + form.content_type()));
    co_await session.post("http://h/a").data(std::string("abc")).chunked();
    CHECK(server.asked.back().body == "3\r\nabc\r\n0\r\n\r\n");
    co_await session.post("http://h/a");
    CHECK(server.asked.back().has("Content-Length: 0"));
    const std::string large(300'000, 'x');
    co_await session.post("http://h/a").data(large);
    CHECK(server.asked.back().body == large);
    const auto pieces = []() -> hob::AsyncGenerator<std::string> {
      co_yield "one";
      co_await hob::sleep(1s);
      co_yield "two!";
    };
    co_await session.post("http://h/a").data(pieces());
    CHECK(server.asked.back().body == "3\r\none\r\n4\r\ntwo!\r\n0\r\n\r\n");
    co_await session.post("http://h/a").data(pieces(), 7);
    CHECK(server.asked.back().body == "onetwo!");
    CHECK(server.connections.size() == 1);
    auto wrong = co_await hob::as_result(session.post("http://h/a").data(pieces(), 5));
    CHECK(support::error_name(wrong) == "ValueError");
  };
  run_sim(main());
}

TEST_CASE("an error of the generator is the request's") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientSession session(server.options());
    const auto pieces = []() -> hob::AsyncGenerator<std::string> {
      co_yield "one";
      throw hob::LookupError("no more");
    };
    auto failed = co_await hob::as_result(session.post("http://h/a").data(pieces()));
    CHECK(support::error_name(failed) == "LookupError");
    CHECK(session.statistics().active == 0);
    CHECK(session.statistics().idle == 0);
  };
  run_sim(main());
}

TEST_CASE("bodies of responses come in pieces") {
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
    const auto main = [chunk]() -> Coro<> {
      MemoryServer server(&site);
      server.chunk = chunk;
      ClientSession session(server.options());
      Response chunked = co_await session.get("http://h/chunked");
      auto first = co_await chunked.content().next_line();
      auto second = co_await chunked.content().next_line();
      auto third = co_await chunked.content().next_line();
      auto fourth = co_await chunked.content().next_line();
      CHECK(first == "ab");
      CHECK(second == "cd");
      CHECK(third == "ef");
      CHECK_FALSE(fourth.has_value());
      CHECK(chunked.content().at_eof());
      CHECK(chunked.trailers().get("X") == "end");
      Response zipped = co_await session.get("http://h/gzip");
      std::size_t total = 0;
      while (auto piece = co_await zipped.content().next_chunk(30'000)) {
        total += piece->size();
        CHECK((piece->size() == 30'000 || piece->size() == 10'000));
      }
      CHECK(total == 100'000);
      Response interim = co_await session.get("http://h/interim");
      const std::string late = co_await interim.text();
      CHECK(late == "late");
      Response nothing = co_await session.get("http://h/204");
      const std::string none = co_await nothing.text();
      CHECK(none.empty());
      Response head = co_await session.head("http://h/hello");
      const std::string headless = co_await head.text();
      CHECK(headless.empty());
      CHECK(server.connections.size() == 1);
      Response closing = co_await session.get("http://h/until-close");
      const std::string all = co_await closing.text();
      CHECK(all == "all of it");
      CHECK(session.statistics().idle == 0);
    };
    run_sim(main());
  }
}

Coro<std::string> outcome(ClientSession& session, const char* url) {
  auto response = co_await hob::as_result(session.get(url));
  if (!response) co_return support::error_name(response);
  auto text = co_await hob::as_result(response->text());
  if (!text) co_return support::error_name(text);
  co_return *text;
}

TEST_CASE("what servers do wrong has a name, and the connection is not used again") {
  const auto main = []() -> Coro<> {
    const char* const cases[][2] = {
        {"http://h/no-answer", "ServerDisconnectedError"},
        {"http://h/garbage", "BadHttpMessage"},
        {"http://h/partial", "ClientPayloadError"},
        {"http://h/short-chunk", "ClientPayloadError"},
        {"http://h/bad-chunk", "ClientPayloadError"},
        {"http://h/badzip", "ClientPayloadError"},
        {"http://h/loop", "TooManyRedirects"},
        {"http://h:99999/", "InvalidURL"},
        {"ftp://h/", "NonHttpUrlClientError"},
        {"/relative", "InvalidURL"},
    };
    for (const auto& [url, name] : cases) {
      MemoryServer server(&site);
      ClientSession session(server.options());
      std::string got;
      try {
        got = co_await outcome(session, url);
      } catch (const hob::http::InvalidURL&) {
        got = "InvalidURL";
      }
      CAPTURE(std::string(url));
      CHECK(got == name);
      CHECK(session.statistics().active == 0);
      // Where a message ends was clear in these.
      const bool intact =
          std::string(url) == "http://h/loop" || std::string(url) == "http://h/badzip";
      if (!intact) CHECK(session.statistics().idle == 0);
      const std::string next = co_await outcome(session, "http://h/hello");
      CHECK(next == "hello");
    }
  };
  run_sim(main());
}

TEST_CASE("bytes that nobody has asked for do not become the next response") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientSession session(server.options());
    std::string text = co_await outcome(session, "http://h/too-much");
    CHECK(text == "hello");
    text = co_await outcome(session, "http://h/hello-2");
    CHECK(text == "hello");
    CHECK(server.connections.size() == 2);
    text = co_await outcome(session, "http://h/close");
    CHECK(text == "by");
    text = co_await outcome(session, "http://h/hello-3");
    CHECK(server.connections.size() == 3);
  };
  run_sim(main());
}

TEST_CASE("a kept connection that is dead is replaced, once, for what may be sent twice") {
  const auto main = []() -> Coro<> {
    MemoryServer server([](const Asked& request) -> Answer {
      Answer answer(ok("one"));
      // The second request of a connection finds it closed.
      answer.close = request.target == "/last";
      return request.target == "/dies" ? site({"GET", "/no-answer", "", ""}) : answer;
    });
    ClientSession session(server.options());
    std::string text = co_await outcome(session, "http://h/a");
    text = co_await outcome(session, "http://h/dies");
    CHECK(text == "ServerDisconnectedError");
    CHECK(session.statistics().retries == 1);
    CHECK(server.connections.size() == 2);
    text = co_await outcome(session, "http://h/a");
    auto posted = co_await hob::as_result(session.post("http://h/dies"));
    CHECK(support::error_name(posted) == "ServerDisconnectedError");
    CHECK(session.statistics().retries == 1);
    text = co_await outcome(session, "http://h/last");
    co_await hob::sleep(1s);
    text = co_await outcome(session, "http://h/a");
    CHECK(text == "one");
    CHECK(session.statistics().retries == 1);  // it was seen to be closed before
  };
  run_sim(main());
}

TEST_CASE("redirects") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientSession session(server.options());
    Response seen = co_await session.post("http://h/see-other").data(std::string("x"));
    CHECK(seen.url().text() == "http://h/hello?seen");
    CHECK(seen.history().size() == 1);
    CHECK(seen.history()[0].status() == 303);
    CHECK(server.asked.back().method == "GET");
    CHECK(server.asked.back().head.find("Content-") == std::string::npos);
    Response moved = co_await session.put("http://h/moved").data(std::string("x"));
    CHECK(server.asked.back().method == "PUT");
    CHECK(server.asked.back().body == "x");
    Response other = co_await session.get("http://h/elsewhere")
                         .basic_auth("user", "password")
                         .header("Cookie", "own=1")
                         .header("X-Own", "stays");
    CHECK(other.url().host() == "other.com");
    CHECK(server.asked.back().has("X-Own: stays"));
    CHECK(server.asked.back().has("Host: other.com"));
    CHECK(server.asked.back().head.find("Authorization") == std::string::npos);
    CHECK(server.asked.back().head.find("Cookie") == std::string::npos);
    Response stays = co_await session.get("http://h/loop").allow_redirects(false);
    CHECK(stays.status() == 302);
    const std::size_t before = server.asked.size();
    auto many = co_await hob::as_result(session.get("http://h/loop").max_redirects(3));
    CHECK(support::error_name(many) == "TooManyRedirects");
    CHECK(server.asked.size() == before + 3);  // as in aiohttp
    CHECK(server.connections.size() == 2);
  };
  run_sim(main());
}

TEST_CASE("cookies and credentials") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientOptions options = server.options();
    options.base_url = "http://h/x/";
    options.headers.add("User-Agent", "test");
    ClientSession session(options);
    Response set = co_await session.get("/cookie");
    CHECK(set.cookies().size() == 2);
    co_await session.get("y").params(Params("q", "a b"));
    CHECK(server.asked.back().target == "/x/y?q=a+b");
    CHECK(server.asked.back().has("Cookie: b=2; a=1"));
    CHECK(server.asked.back().has("User-Agent: test"));
    co_await session.get("http://other.com/");
    CHECK(server.asked.back().head.find("Cookie") == std::string::npos);
    co_await session.get("http://u:p%40@h/y");
    CHECK(server.asked.back().has("Authorization: Basic dTpwQA=="));
    co_await session.get("/y").bearer("token");
    CHECK(server.asked.back().has("Authorization: Bearer token"));
    auto digest = std::make_shared<hob::http::DigestAuth>("u", "p");
    Response secret = co_await session.get("/digest").digest_auth(digest);
    CHECK(secret.status() == 200);
    const std::size_t before = server.asked.size();
    co_await session.get("/digest").digest_auth(digest);
    CHECK(server.asked.size() == before + 1);  // answered ahead
    CHECK(server.asked.back().head.find("nc=00000002") != std::string::npos);
  };
  run_sim(main());
}

TEST_CASE("a status of 400 is an error when wanted") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientSession session(server.options());
    Response response = co_await session.get("http://h/404");
    CHECK_FALSE(response.ok());
    CHECK_THROWS_AS(response.raise_for_status(), hob::http::ClientStatusError);
    try {
      co_await session.get("http://h/404").raise_for_status();
      CHECK(false);
    } catch (const hob::http::ClientResponseError& error) {
      CHECK(error.status() == 404);
      CHECK(std::string(error.what()) == "404 Not Found, http://h/404");
    }
    CHECK(session.statistics().active == 0);
  };
  run_sim(main());
}

TEST_CASE("time limits") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientSession session(server.options());
    auto total = co_await hob::as_result(session.get("http://h/slow").timeout(3s));
    CHECK(support::error_name(total) == "TimeoutError");
    CHECK(support::now() == 3);
    hob::http::ClientTimeout limits;
    limits.sock_read = 2s;
    auto read = co_await hob::as_result(session.get("http://h/slow").timeout(limits));
    CHECK(support::error_name(read) == "SocketTimeoutError");
    CHECK(support::now() == 5);
    Response stall = co_await session.get("http://h/stall").timeout(4s);
    auto body = co_await hob::as_result(stall.text());
    CHECK(support::error_name(body) == "TimeoutError");
    CHECK(support::now() == 9);
    server.connect_delay = 10s;
    limits = {};
    limits.sock_connect = 1s;
    auto connect = co_await hob::as_result(session.get("http://new/").timeout(limits));
    CHECK(support::error_name(connect) == "ConnectionTimeoutError");
    CHECK(support::now() == 10);
    server.connect_delay = 0s;
    server.refuse_next = true;
    auto refused = co_await hob::as_result(session.get("http://new/"));
    CHECK(support::error_name(refused) == "ClientConnectorError");
    CHECK(session.statistics().active == 0);
  };
  run_sim(main());
}

TEST_CASE("a cancelled read has taken nothing") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientSession session(server.options());
    Response stall = co_await session.get("http://h/stall");
    auto given_up = co_await hob::as_result(hob::wait_for(stall.content().read(3), 1s));
    CHECK(*given_up == "fiv");
    auto rest = co_await hob::as_result(hob::wait_for(stall.content().next_chunk(10), 1s));
    CHECK(support::error_name(rest) == "TimeoutError");
    const std::string left = co_await stall.content().readany();
    CHECK(left == "e5");
  };
  run_sim(main());
}

TEST_CASE("limits of connections: who waits, and in which order") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientOptions options = server.options();
    options.limit = 2;
    ClientSession session(options);
    support::Log log;
    const auto fetch_one = [&](std::string name) -> Coro<> {
      Response response = co_await session.get("http://h/slow");
      co_await response.read();
      log(name);
    };
    auto a = hob::create_task(fetch_one("a"));
    auto b = hob::create_task(fetch_one("b"));
    auto c = hob::create_task(fetch_one("c"));
    auto d = hob::create_task(fetch_one("d"));
    auto e = hob::create_task(fetch_one("e"));
    co_await hob::sleep(1s);
    CHECK(session.statistics().active == 2);
    CHECK(session.statistics().waiting == 3);
    c.cancel();
    co_await hob::gather(a, b, d, e);
    CHECK(log.text() == "10: a, 10: b, 20: d, 20: e");
    CHECK(server.connections.size() == 2);
    CHECK(session.statistics().idle == 2);
    co_await hob::sleep(20s);
    CHECK(session.statistics().idle == 0);  // 15 s have passed
    CHECK(server.open == 0);
  };
  run_sim(main());
}

TEST_CASE("a session that is closed") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientSession session(server.options());
    Response response = co_await session.get("http://h/hello");
    session.close();
    const std::string text = co_await response.text();
    CHECK(text == "hello");
    CHECK(session.statistics().idle == 0);
    auto late = co_await hob::as_result(session.get("http://h/hello"));
    CHECK(support::error_name(late) == "RuntimeError");
  };
  run_sim(main());
}

TEST_CASE("a body larger than the limit, and a bomb") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientOptions options = server.options();
    options.body_limit = 1000;
    ClientSession session(options);
    const std::string bomb = co_await outcome(session, "http://h/gzip");
    CHECK(bomb == "ClientPayloadError");
    const std::string fine = co_await outcome(session, "http://h/hello");
    CHECK(fine == "hello");
  };
  run_sim(main());
}

}  // namespace client_tests
