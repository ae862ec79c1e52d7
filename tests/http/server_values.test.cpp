// SPDX-License-Identifier: MIT
// What requests carry and answers are made of: cookies, JSON, errors, codings, the log.
#include <hob/core/error.hpp>
#include <hob/http/coding.hpp>
#include <hob/http/server.hpp>
#include <hob/task/run.hpp>

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

#include "http/server_talk.hpp"

namespace server_values_test {
namespace {

using hob::Coro;
using hob::http::CookieOptions;
using hob::http::ErrorPages;
using hob::http::HttpServerOptions;
using hob::http::SameSite;
using hob::http::Server;
using hob::http::ServerRequest;
using hob::http::ServerResponse;
using hob::http::text_response;
using http_tests::get;
using http_tests::post;
using http_tests::Reply;

struct Numbers {
  std::vector<int> values;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(Numbers, values)
};

}  // namespace

TEST_CASE("cookies are read and set") {
  Server server;
  server.get("/", [](ServerRequest& request) {
    std::string text;
    for (const auto& [name, value] : request.cookies()) text += name + "=" + value + "|";
    CookieOptions keep;
    keep.max_age = 60;
    keep.secure = keep.http_only = true;
    keep.same_site = SameSite::lax;
    return text_response(text).set_cookie("a", "1").set_cookie("b", "x", keep);
  });
  const Reply reply = get(server, "/", "Cookie: a=1; b=\"two\"; bad; =x; c=\r\nCookie: d=4=4\r\n");
  CHECK(reply.body == "a=1|b=two|c=|d=4=4|");
  CHECK(reply.head.find("\r\nSet-Cookie: a=1; Path=/\r\n") != std::string::npos);
  CHECK(reply.head.find("\r\nSet-Cookie: b=x; Max-Age=60; Path=/; Secure; HttpOnly; "
                        "SameSite=Lax\r\n") != std::string::npos);
  ServerResponse response;
  response.del_cookie("a");
  CHECK(response.headers["Set-Cookie"] ==
        "a=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/");
}

TEST_CASE("cookies that browsers would misread are refused") {
  using hob::http::set_cookie_value;
  CookieOptions secure;
  secure.secure = true;
  for (const char* value : {"a b", "a;b", "a,b", "\"a\"", "a\\", "\xc3\xa9", "a\r\n", "a\t"}) {
    CAPTURE(value);
    CHECK_THROWS_AS(set_cookie_value("n", value), hob::ValueError);
  }
  for (const char* name : {"", "a b", "a=b", "a;b", "\xc3\xa9"})
    CHECK_THROWS_AS(set_cookie_value(name, "1"), hob::ValueError);
  CookieOptions bad;
  bad.path = "/;x";
  CHECK_THROWS_AS(set_cookie_value("n", "1", bad), hob::ValueError);
  bad = {};
  bad.same_site = SameSite::none;
  CHECK_THROWS_AS(set_cookie_value("n", "1", bad), hob::ValueError);
  CHECK_THROWS_AS(set_cookie_value("__Secure-n", "1"), hob::ValueError);
  CHECK_THROWS_AS(set_cookie_value("__Host-n", "1"), hob::ValueError);
  CHECK(set_cookie_value("__Host-n", "1", secure) == "__Host-n=1; Path=/; Secure");
  secure.domain = "a.com";
  CHECK_THROWS_AS(set_cookie_value("__Host-n", "1", secure), hob::ValueError);
  CHECK(set_cookie_value("__Secure-n", "1", secure) ==
        "__Secure-n=1; Domain=a.com; Path=/; Secure");
}

TEST_CASE("a JSON body has to be called JSON, or not to be called anything") {
  Server server;
  server.post("/", [](ServerRequest& request) -> Coro<ServerResponse> {
    const nlohmann::json value = co_await request.json();
    co_return hob::http::json_response(value);
  });
  CHECK(post(server, "/", "[1]").body == "[1]");
  CHECK(post(server, "/", "[1]", "Content-Type: application/json; charset=utf-8\r\n").status ==
        200);
  CHECK(post(server, "/", "[1]", "Content-Type: application/vnd.api+json\r\n").status == 200);
  CHECK(post(server, "/", "[1]", "Content-Type: text/plain\r\n").status == 415);
  CHECK(post(server, "/", "[1]", "Content-Type: application/x-www-form-urlencoded\r\n").status ==
        415);
  CHECK(post(server, "/", "[1").status == 400);
}

TEST_CASE("large bodies are parsed and encoded in threads, with the same result") {
  HttpServerOptions options;
  options.compress = true;
  Server server(std::move(options));
  server.post("/", [](ServerRequest& request) -> Coro<ServerResponse> {
    Numbers numbers = co_await request.json<Numbers>();
    std::swap(numbers.values.front(), numbers.values.back());
    co_return hob::http::json_response(numbers);
  });
  Numbers numbers;
  for (int i = 0; i < 30'000; ++i) numbers.values.push_back(i);
  const std::string sent = nlohmann::json(numbers).dump();
  const auto ask = [&](const std::string& body) {  // threads: in real time
    return hob::run(http_tests::send_to(
        server, http_tests::request_text("POST", "/", "Accept-Encoding: gzip\r\n", body)));
  };
  const Reply reply = ask(sent);
  REQUIRE(reply.status == 200);
  CHECK(reply.field("Content-Encoding") == "gzip");
  const std::string text = hob::http::decode_body(reply.body, "gzip");
  const Numbers got = nlohmann::json::parse(text).get<Numbers>();
  CHECK(got.values.front() == 29'999);
  CHECK(got.values.size() == 30'000);
  CHECK(ask(sent + "]").status == 400);
  CHECK(ask("[" + std::string(100'000, ' ') + "]").status == 400);
}

TEST_CASE("exceptions that are answers can be caught by their kind") {
  using namespace hob::http;
  CHECK_THROWS_AS(throw HTTPNotFound(), HTTPClientError);
  CHECK_THROWS_AS(throw HTTPMethodNotAllowed("GET"), HTTPClientError);
  CHECK_THROWS_AS(throw HTTPBadGateway(), HTTPServerError);
  CHECK_THROWS_AS(throw HTTPBadGateway(), HTTPError);
  CHECK_THROWS_AS(throw HTTPFound("/"), HTTPRedirection);
  CHECK_THROWS_AS(throw HTTPNotModified(), HTTPRedirection);
  CHECK_THROWS_AS(throw HTTPCreated("made"), HTTPSuccessful);
  CHECK_FALSE(std::is_base_of_v<HTTPError, HTTPFound>);
  Server server;
  server.get("/made", [](ServerRequest&) -> ServerResponse { throw HTTPCreated("made"); });
  server.get("/none", [](ServerRequest&) -> ServerResponse { throw HTTPNoContent(); });
  server.get("/else", [](ServerRequest&) { return redirect_response("/made", 303); });
  CHECK(get(server, "/made").status == 201);
  CHECK(get(server, "/made").body == "made");
  const Reply none = get(server, "/none");
  CHECK(none.status == 204);
  CHECK(none.field("Content-Length").empty());
  CHECK(none.field("Content-Type").empty());
  CHECK(get(server, "/else").status == 303);
  CHECK(get(server, "/else").field("Location") == "/made");
}

TEST_CASE("errors are plain text, JSON, or what the client likes") {
  const auto page = [](ErrorPages kind, std::string accept, std::string path = "/none") {
    HttpServerOptions options;
    options.error_pages = kind;
    Server server(std::move(options));
    server.get("/gone", [](ServerRequest&) -> ServerResponse {
      throw hob::http::HTTPGone("it was \"here\"");
    });
    const Reply reply = get(server, path, accept);
    return reply.field("Content-Type") + " " + reply.body;
  };
  const std::string plain = "text/plain; charset=utf-8 404: Not Found";
  const std::string json = "application/problem+json {\"status\":404,\"title\":\"Not Found\"}";
  CHECK(page(ErrorPages::plain, "Accept: application/json\r\n") == plain);
  CHECK(page(ErrorPages::json, "") == json);
  CHECK(page(ErrorPages::json, "", "/gone") ==
        "application/problem+json {\"detail\":\"it was \\\"here\\\"\",\"status\":410,"
        "\"title\":\"Gone\"}");
  CHECK(page(ErrorPages::negotiated, "") == plain);
  CHECK(page(ErrorPages::negotiated, "Accept: */*\r\n") == plain);
  CHECK(page(ErrorPages::negotiated, "Accept: text/html, application/json;q=0.9\r\n") == plain);
  CHECK(page(ErrorPages::negotiated, "Accept: Application/JSON;q=0.9, */*\r\n") == json);
  HttpServerOptions options;
  options.error_pages = ErrorPages::json;
  Server server(std::move(options));
  const Reply refused =
      hob::testing::run_virtual(http_tests::send_to(server, "GET / HTTP/1.1\r\n\r\n"));
  CHECK(refused.status == 400);
  CHECK(refused.field("Content-Type") == "application/problem+json");
}

TEST_CASE("the combined log has Referer and User-Agent, and nobody forges a line") {
  std::vector<std::string> lines;
  HttpServerOptions options;
  options.access_log = [&](std::string_view line) { lines.emplace_back(line); };
  options.access_log_format = hob::http::AccessLogFormat::combined;
  Server server(std::move(options));
  server.get("/", [](ServerRequest&) { return text_response("hello"); });
  get(server, "/", "Referer: http://b/\r\nUser-Agent: x\" 200 \\\xff\r\n");
  get(server, "/");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].ends_with("\"GET / HTTP/1.1\" 200 5 \"http://b/\" \"x\\x22 200 \\x5c\\xff\""));
  CHECK(lines[1].ends_with("\"GET / HTTP/1.1\" 200 5 \"-\" \"-\""));
}

TEST_CASE("a coding is chosen by weight, and never when the client likes plain better") {
  using hob::http::Encoder;
  CHECK(Encoder::choose("gzip, br;q=0.9, zstd;q=0.1") == "gzip");
  CHECK(Encoder::choose("gzip;q=0.5, identity") == "");
  CHECK(Encoder::choose("gzip;q=0, *") == "zstd");
  CHECK(Encoder::choose("*;q=0") == "");
  CHECK(Encoder::choose("identity;q=0.5, gzip;q=0.5") == "gzip");
  CHECK(Encoder::choose("identity") == "");
  CHECK(Encoder::weight("br;q=0.25, *;q=0.1", "gzip") == 100);
  CHECK(Encoder::weight("br;q=0.25, *;q=0.1", "br") == 250);
}

}  // namespace server_values_test
