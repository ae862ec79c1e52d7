// SPDX-License-Identifier: MIT
// Typed parameters, groups of routes, and URLs from names; forms of both kinds.
#include <hob/core/error.hpp>
#include <hob/http/multipart_reader.hpp>
#include <hob/http/server.hpp>
#include <hob/task/sleep.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>

#include "http/server_talk.hpp"

namespace routing_test {
namespace {

using hob::Coro;
using hob::http::HttpServerOptions;
using hob::http::Next;
using hob::http::Params;
using hob::http::Server;
using hob::http::ServerRequest;
using hob::http::ServerResponse;
using hob::http::text_response;
using http_tests::get;
using http_tests::post;
using http_tests::Reply;

auto says(std::string what) {
  return [what](ServerRequest& request) {
    return text_response(what + ":" + std::string(request.match_info("x")));
  };
}

hob::http::Middleware mark(std::string with) {
  return [with](ServerRequest& request, Next next) -> Coro<ServerResponse> {
    ServerResponse response = co_await next(request);
    response.body += with;
    co_return response;
  };
}

const char* const kForm = "Content-Type: multipart/form-data; boundary=b\r\n";

}  // namespace

TEST_CASE("a parameter matches what is of its type, the narrower types first") {
  Server server;
  server.get("/{x}", says("any"));
  server.get("/{x:word}", says("word"));
  server.get("/{x:int}", says("int"));
  server.get("/{x:uuid}", says("uuid"));
  server.get("/{x:int}/only", says("only"));
  server.get("/{x}/else", says("else"));
  CHECK(get(server, "/42").body == "int:42");
  CHECK(get(server, "/-7").body == "int:-7");
  CHECK(get(server, "/%34%32").body == "int:42");
  CHECK(get(server, "/99999999999999999999").body == "word:99999999999999999999");
  CHECK(get(server, "/4x").body == "word:4x");
  CHECK(get(server, "/4.2").body == "any:4.2");
  CHECK(get(server, "/123e4567-e89b-12d3-a456-426614174000").body ==
        "uuid:123e4567-e89b-12d3-a456-426614174000");
  CHECK(get(server, "/123e4567-e89b-12d3-a456-42661417400g").body.starts_with("word:"));
  CHECK(get(server, "/5/only").body == "only:5");
  CHECK(get(server, "/5/else").body == "else:5");
  CHECK(get(server, "/five/only").status == 404);
  for (const char* path : {"/{a:}", "/{a:float}", "/{:int}", "/{a:int...}", "/{a:int}/{a}"}) {
    CAPTURE(path);
    CHECK_THROWS_AS(server.get(path, says("")), hob::ValueError);
  }
}

TEST_CASE("a parameter can be had as a number") {
  Server server;
  server.get("/{n}", [](ServerRequest& request) {
    return text_response(std::to_string(request.match_info<std::uint8_t>("n")) + " " +
                         std::to_string(request.match_info<double>("n")));
  });
  CHECK(get(server, "/250").body == "250 250.000000");
  CHECK(get(server, "/256").status == 404);
  CHECK(get(server, "/-1").status == 404);
  CHECK(get(server, "/1x").status == 404);
}

TEST_CASE("groups have a prefix and middleware of their own") {
  Server server;
  server.middleware(mark("S"));
  auto api = server.group("/api");
  api.get("/list", says("list"));
  api.middleware(mark("A")).middleware(mark("B"));
  auto user = api.group("/users/{x}");
  user.middleware(mark("U"));
  user.get("", says("user")).delete_("", says("gone")).get("/posts", says("posts"));
  server.get("/api/free", says("free"));
  server.post("/api/list", says("other"));
  CHECK(get(server, "/api/list").body == "list:BAS");
  CHECK(get(server, "/api/users/7").body == "user:7UBAS");
  CHECK(get(server, "/api/users/7/posts").body == "posts:7UBAS");
  CHECK(get(server, "/api/free").body == "free:S");
  CHECK(post(server, "/api/list", "").body == "other:S");
  CHECK(get(server, "/api/none").status == 404);
  CHECK(post(server, "/api/users/7", "").status == 405);
  for (const char* prefix : {"", "api", "/api/", "/", "/{rest...}"}) {
    CAPTURE(prefix);
    CHECK_THROWS_AS(server.group(prefix), hob::ValueError);
  }
  CHECK_THROWS_AS(api.get("list", says("")), hob::ValueError);
  CHECK_THROWS_AS(api.get("/list", says("")), hob::ValueError);
}

TEST_CASE("URLs are made of the names of routes") {
  Server server;
  server.get("/", says(""), "home");
  server.get("/users/{id:int}", says(""), "user").post("/users/{id:int}", says(""), "user");
  server.get("/files/{path...}", says(""), "file");
  server.group("/a b").get("/{x}", says(""), "inner");
  CHECK(server.url_for("home") == "/");
  CHECK(server.url_for("user", Params("id", 7)) == "/users/7");
  CHECK(server.url_for("user", Params("id", 7), Params("q", "a b")) == "/users/7?q=a+b");
  CHECK(server.url_for("file", Params("path", "a b/c?d/../e")) == "/files/a%20b/c%3Fd/../e");
  CHECK(server.url_for("file", Params("path", "")) == "/files/");
  CHECK(server.url_for("inner", Params("x", "a/b\xc3\xa9")) == "/a%20b/a%2Fb%C3%A9");
  CHECK_THROWS_AS(server.url_for("none"), hob::LookupError);
  CHECK_THROWS_AS(server.url_for("user"), hob::LookupError);
  CHECK_THROWS_AS(server.url_for("user", Params("id", "x")), hob::ValueError);
  CHECK_THROWS_AS(server.url_for("inner", Params("x", "")), hob::ValueError);
  CHECK_THROWS_AS(server.get("/else", says(""), "home"), hob::ValueError);
}

TEST_CASE("forms of both kinds are read whole") {
  HttpServerOptions options;
  options.body_max = 300;
  Server server(std::move(options));
  server.post("/", [](ServerRequest& request) -> Coro<ServerResponse> {
    const hob::http::Form form = co_await request.post();
    std::string text;
    for (const auto& [name, value] : form.fields) text += name + "=" + value + "|";
    for (const auto& file : form.files)
      text += file.name + ":" + file.filename + ":" + file.content_type + ":" + file.content + "|";
    co_return text_response(text);
  });
  const std::string urlencoded = "Content-Type: application/x-www-form-urlencoded\r\n";
  CHECK(post(server, "/", "a=1&b=x+y%21&a=2", urlencoded).body == "a=1|b=x y!|a=2|");
  const std::string parts =
      "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"../x.txt\"\r\n\r\nfile\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"g\"; filename=\"g.png\"\r\n"
      "Content-Type: image/png\r\n\r\n\r\n--b--\r\n";
  CHECK(post(server, "/", parts, kForm).body ==
        "a=1\r\n2|f:x.txt:text/plain:file|g:g.png:image/png:|");
  CHECK(post(server, "/", parts.substr(0, parts.size() - 9), kForm).status == 400);
  CHECK(post(server, "/", "nonsense", kForm).status == 400);
  CHECK(post(server, "/", parts, "Content-Type: multipart/form-data\r\n").status == 400);
  CHECK(post(server, "/", "{}", "Content-Type: application/json\r\n").status == 415);
  const std::string big = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" +
                          std::string(301, 'x') + "\r\n--b--\r\n";
  CHECK(post(server, "/", big, kForm).status == 413);
}

TEST_CASE("parts are read as they come, and skipped when nobody wants them") {
  Server server;
  server.post("/", [](ServerRequest& request) -> Coro<ServerResponse> {
    hob::http::MultipartReader parts(request);
    std::string text;
    while (true) {
      const bool more = co_await parts.next();
      if (!more) break;
      text += parts.name() + "{";
      if (parts.name() == "skip") continue;
      while (auto chunk = co_await parts.next_chunk()) text += *chunk;
      const auto behind = co_await parts.next_chunk();
      text += behind ? "?" : "}";
    }
    co_return text_response(text);
  });
  const auto part = [](std::string name, std::string content) {
    return "--b\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\n" + content + "\r\n";
  };
  const std::string body = part("one", std::string(5000, 'x')) + part("skip", "--x\r\n--") +
                           part("two", "") + "--b--\r\n";
  CHECK(post(server, "/", body, kForm).body == "one{" + std::string(5000, 'x') + "}skip{two{}");
  CHECK(post(server, "/", "x", "Content-Type: text/plain\r\n").status == 415);
}

TEST_CASE("while nobody reads a body the client has to wait") {
  Server server;
  server.post("/", [](ServerRequest& request) -> Coro<ServerResponse> {
    std::size_t size = 0;
    while (auto chunk = co_await request.next_chunk()) {
      size += chunk->size();
      co_await hob::sleep(hob::Duration::nanoseconds(1'000'000'000));
    }
    co_return text_response(std::to_string(size));
  });
  const auto main = [&]() -> Coro<std::string> {
    hob::testing::MemoryStreamOptions small;
    small.capacity = 1000;
    auto [mine, its] = hob::testing::memory_stream_pair(small);
    auto task = hob::create_task(server.serve(std::move(its)));
    mine.writer.write(http_tests::request_text("POST", "/", "", std::string(1 << 20, 'x')));
    co_await hob::sleep(hob::Duration::nanoseconds(3'500'000'000));
    // A few pieces were read, each at most what the stream keeps and what is on the way.
    CHECK(mine.writer.get_write_buffer_size() > 500'000);
    mine.writer.write_eof();
    std::string answer = co_await mine.reader.read();
    co_await task;
    co_return answer;
  };
  CHECK(hob::testing::run_virtual(main()).ends_with("\r\n\r\n1048576"));
}

}  // namespace routing_test
