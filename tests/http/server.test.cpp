// SPDX-License-Identifier: MIT
// The server over connections in memory, in virtual time.
#include <hob/core/error.hpp>
#include <hob/http/coding.hpp>
#include <hob/http/server.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/loop/exception_context.hpp>
#include <hob/task/gather.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/task.hpp>
#include <hob/task/timeout.hpp>
#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/memory_stream.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace server_test {
namespace {

using hob::Coro;
using hob::http::HttpServerOptions;
using hob::http::Next;
using hob::http::Server;
using hob::http::ServerRequest;
using hob::http::ServerResponse;
using hob::http::text_response;

Coro<ServerResponse> hello(ServerRequest&) { co_return text_response("hello"); }

Coro<ServerResponse> echo(ServerRequest& request) {
  std::string body = co_await request.read();
  co_return text_response(std::move(body));
}

Coro<ServerResponse> slow(ServerRequest&) {
  co_await hob::sleep(10s);
  co_return text_response("slow");
}

Coro<ServerResponse> pieces(ServerRequest&) {
  co_return hob::http::stream_response([](hob::http::BodyWriter& body) -> Coro<> {
    for (int i = 0; i < 3; ++i) {
      co_await body.write("piece " + std::to_string(i));
      co_await hob::sleep(1s);
    }
  });
}

void add_routes(Server& server) {
  server.get("/", hello);
  server.get("/slow", slow);
  server.get("/pieces", pieces);
  server.post("/echo", echo);
  server.get("/users/{id}", [](ServerRequest& request) {
    return text_response("user " + std::string(request.match_info("id")));
  });
}

/// An answer without the fields that are the same everywhere: each `Date` and `Server` line goes.
std::string without_standard_fields(std::string text) {
  for (const std::string_view name : {"\r\nDate: ", "\r\nServer: "})
    for (std::size_t at; (at = text.find(name)) != std::string::npos;)
      text.erase(at, text.find("\r\n", at + 2) - at);
  return text;
}

/// Sends `bytes` in one piece to a server and gives all that comes until it closes. Without
/// `end` the client keeps its side open.
Coro<std::string> talk(Server& server, std::string bytes, bool end = true, std::size_t chunk = 0) {
  hob::testing::MemoryStreamOptions options;
  if (chunk != 0) options.chunk = chunk;
  auto [mine, its] = hob::testing::memory_stream_pair(options);
  auto task = hob::create_task(server.serve(std::move(its)));
  mine.writer.write(bytes);
  if (end) mine.writer.write_eof();
  std::string answer = co_await mine.reader.read();
  mine.writer.close();
  co_await task;
  co_return without_standard_fields(std::move(answer));
}

std::string talk_to(Server& server, std::string bytes, bool end = true, std::size_t chunk = 0) {
  return hob::testing::run_virtual(talk(server, std::move(bytes), end, chunk));
}

std::string ok(std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

#define GET_OF(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
constexpr const char* kClose = "Connection: close\r\n";

}  // namespace

TEST_CASE("a request is answered by the handler of its route") {
  Server server;
  add_routes(server);
  CHECK(talk_to(server, GET_OF("/")) == ok("hello"));
  CHECK(talk_to(server, GET_OF("/users/ann%20b")) == ok("user ann b"));
  CHECK(talk_to(server, GET_OF("http://b/users/1?x")) == ok("user 1"));
}

TEST_CASE("an answer has Date and Server") {
  Server server;
  add_routes(server);
  const auto main = [&]() -> Coro<std::string> {
    auto [mine, its] = hob::testing::memory_stream_pair();
    auto task = hob::create_task(server.serve(std::move(its)));
    mine.writer.write(GET_OF("/"));
    mine.writer.write_eof();
    std::string answer = co_await mine.reader.read();
    co_await task;
    co_return answer;
  };
  const std::string answer = hob::testing::run_virtual(main());
  CHECK(answer.find("\r\nServer: hob\r\n") != std::string::npos);
  CHECK(answer.find(" GMT\r\n") != std::string::npos);
}

TEST_CASE("pipelined requests are answered in their order, however they are cut") {
  Server server;
  add_routes(server);
  const std::string requests =
      GET_OF("/") GET_OF("/users/1") "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
      GET_OF("/slow") GET_OF("/");
  const std::string answers =
      ok("hello") + ok("user 1") + ok("abc") + ok("de") + ok("slow") + ok("hello");
  CHECK(talk_to(server, requests) == answers);
  CHECK(talk_to(server, requests, true, 1) == answers);
  CHECK(talk_to(server, requests, true, 7) == answers);
}

TEST_CASE("answers do not wait for a slow handler behind them") {
  Server server;
  add_routes(server);
  const auto main = [&]() -> Coro<std::string> {
    auto [mine, its] = hob::testing::memory_stream_pair();
    auto task = hob::create_task(server.serve(std::move(its)));
    mine.writer.write(GET_OF("/") GET_OF("/slow"));
    const std::string answer = co_await mine.reader.readuntil("hello");
    CHECK(hob::get_running_loop().time().seconds() < 1);
    mine.writer.close();
    co_await task;
    co_return answer;
  };
  CHECK(without_standard_fields(hob::testing::run_virtual(main())) == ok("hello"));
}

TEST_CASE("what has no route is 404, what has another method 405") {
  Server server;
  add_routes(server);
  server.post("/users/{id}", hello);
  CHECK(talk_to(server, GET_OF("/nothing")).starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(talk_to(server, GET_OF("/users/")).starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(talk_to(server, GET_OF("/users/1/2")).starts_with("HTTP/1.1 404 Not Found\r\n"));
  const std::string answer = talk_to(server, "PUT /users/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  CHECK(answer.find("\r\nAllow: GET, HEAD, POST\r\n") != std::string::npos);
}

TEST_CASE("HEAD is GET without its body") {
  Server server;
  add_routes(server);
  CHECK(talk_to(server, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" GET_OF("/")) ==
        ok("hello").substr(0, ok("hello").size() - 5) + ok("hello"));
}

TEST_CASE("literal segments win over names, names over rests") {
  Server server;
  const auto says = [](std::string what) {
    return [what](ServerRequest& request) {
      return text_response(what + ":" + std::string(request.match_info("x")));
    };
  };
  server.get("/a/b", says("literal"));
  server.get("/a/{x}", says("name"));
  server.get("/{x...}", says("rest"));
  server.get("/a/{x}/c", says("inner"));
  server.get("/a b/\xc3\xa9", says("decoded"));
  const auto body = [&](std::string path) {
    const std::string answer = talk_to(server, "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return answer.substr(answer.find("\r\n\r\n") + 4);
  };
  CHECK(body("/a/b") == "literal:");
  CHECK(body("/a/%62") == "literal:");
  CHECK(body("/a/c") == "name:c");
  CHECK(body("/a/b/c") == "inner:b");
  CHECK(body("/a/b/d") == "rest:a/b/d");
  CHECK(body("/") == "rest:");
  CHECK(body("/a%20b/%C3%A9") == "decoded:");
  CHECK(body("/a/b%2Fc") == "name:b/c");
}

TEST_CASE("routes that make no sense are refused") {
  Server server;
  server.get("/a/{x}", hello);
  for (const char* path : {"", "a", "/{}", "/x{y}", "/{a}/{a}", "/{a...}/b", "/a?b", "/{a b}"}) {
    CAPTURE(path);
    CHECK_THROWS_AS(server.get(path, hello), hob::ValueError);
  }
  CHECK_THROWS_AS(server.get("/a/{x}", hello), hob::ValueError);
  CHECK_THROWS_AS(server.post("/a/{y}", hello), hob::ValueError);
  CHECK_THROWS_AS(server.route("B AD", "/b", hello), hob::ValueError);
  server.post("/a/{x}", hello);
}

TEST_CASE("what a handler throws is an answer") {
  Server server;
  server.get("/teapot", [](ServerRequest&) -> ServerResponse {
    hob::http::HTTPException error(418, "short and stout");
    error.headers().add("X-Spout", "1");
    throw error;
  });
  server.get("/found",
             [](ServerRequest&) -> ServerResponse { throw hob::http::HTTPFound("/else"); });
  server.get("/fault",
             [](ServerRequest&) -> ServerResponse { throw hob::ValueError("not for the client"); });
  server.post("/json", [](ServerRequest& request) -> Coro<ServerResponse> {
    const nlohmann::json value = co_await request.json();
    co_return hob::http::json_response(value["a"]);
  });
  const std::string teapot = talk_to(server, GET_OF("/teapot"));
  CHECK(teapot.starts_with("HTTP/1.1 418 I'm a Teapot\r\n"));
  CHECK(teapot.find("\r\nX-Spout: 1\r\n") != std::string::npos);
  CHECK(teapot.ends_with("\r\n\r\nshort and stout"));
  CHECK(talk_to(server, GET_OF("/found")).find("\r\nLocation: /else\r\n") != std::string::npos);
  CHECK(talk_to(server, "POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{\"a\":[1]}")
            .ends_with("\r\n\r\n[1]"));
  CHECK(talk_to(server, "POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n{")
            .starts_with("HTTP/1.1 400 Bad Request\r\n"));

  std::vector<std::string> reports;
  const auto fault = [&]() -> Coro<std::string> {
    hob::get_running_loop().set_exception_handler(
        [&](hob::EventLoop&, const hob::ExceptionContext& context) {
          reports.push_back(context.message + ": " + hob::describe(context.exception));
        });
    std::string answer = co_await talk(server, GET_OF("/fault") GET_OF("/teapot"));
    co_return answer;
  };
  const std::string answer = hob::testing::run_virtual(fault());
  CHECK(answer.starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  CHECK(answer.find("not for the client") == std::string::npos);
  CHECK(answer.ends_with("short and stout"));
  CHECK(reports == std::vector<std::string>{
                       "Error handling request GET /fault: ValueError: not for the client"});
}

TEST_CASE("middleware wraps every request, the first one outermost") {
  Server server;
  add_routes(server);
  const auto wrap = [](char mark) {
    return [mark](ServerRequest& request, Next next) -> Coro<ServerResponse> {
      request["trace"] += mark;
      ServerResponse response = co_await next(request);
      response.body += mark;
      co_return response;
    };
  };
  server.middleware(wrap('1')).middleware(wrap('2'));
  server.get("/trace", [](ServerRequest& request) { return text_response(request["trace"]); });
  CHECK(talk_to(server, GET_OF("/trace")) == ok("1221"));
  CHECK(talk_to(server, GET_OF("/")) == ok("hello21"));
  CHECK(talk_to(server, GET_OF("/none")).starts_with("HTTP/1.1 404"));
}

TEST_CASE("a body is streamed in chunks, or until the connection closes") {
  Server server;
  add_routes(server);
  CHECK(talk_to(server, GET_OF("/pieces") GET_OF("/")) ==
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
        "Transfer-Encoding: chunked\r\n\r\n7\r\npiece 0\r\n7\r\npiece 1\r\n7\r\npiece 2\r\n"
        "0\r\n\r\n" +
            ok("hello"));
  CHECK(talk_to(server, "GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false) ==
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
        "Connection: close\r\n\r\npiece 0piece 1piece 2");
  CHECK(talk_to(server, "HEAD /pieces HTTP/1.1\r\nHost: a\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE("a streamed body that fails, or has another length than it said, is seen to be broken") {
  Server server;
  const auto body = [](int content_length, const char* text, bool fails) {
    return [=](ServerRequest&) {
      ServerResponse response =
          hob::http::stream_response([=](hob::http::BodyWriter& writer) -> Coro<> {
            co_await writer.write(text);
            if (fails) throw hob::ValueError("while writing");
          });
      response.content_length = content_length;
      return response;
    };
  };
  server.get("/good", body(5, "12345", false));
  server.get("/short", body(5, "1234", false));
  server.get("/long", body(5, "123456", false));
  server.get("/fails", body(-1, "1234", true));
  const auto tail = [&](std::string path) {
    std::vector<std::string> errors;
    const auto main = [&]() -> Coro<std::string> {
      hob::get_running_loop().set_exception_handler(
          [&](hob::EventLoop&, const hob::ExceptionContext&) {});
      auto [mine, its] = hob::testing::memory_stream_pair();
      auto task = hob::create_task(server.serve(std::move(its)));
      mine.writer.write("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n" GET_OF("/good"));
      mine.writer.write_eof();
      std::string all;
      try {
        while (true) {
          const std::string more = co_await mine.reader.read(100'000);
          if (more.empty()) break;
          all += more;
        }
      } catch (const hob::OSError&) {
        all += "|reset";
      }
      const auto ended = co_await hob::as_result(task);
      if (!ended) all += "|" + hob::describe(ended.exception());
      co_return all.substr(all.rfind("\r\n\r\n") + 4);
    };
    return hob::testing::run_virtual(main());
  };
  CHECK(tail("/good") == "12345");
  CHECK(tail("/short").find("RuntimeError") != std::string::npos);
  CHECK(tail("/short").find("12345") == std::string::npos);
  CHECK(tail("/long").find("RuntimeError") != std::string::npos);
  CHECK(tail("/fails").find("ValueError: while writing") != std::string::npos);
}

TEST_CASE("what is no request is refused, and the connection closes") {
  Server server;
  add_routes(server);
  const auto status = [&](std::string bytes) {
    return talk_to(server, std::move(bytes), false).substr(9, 3);
  };
  CHECK(status("GET / HTTP/1.1\r\n\r\n") == "400");
  CHECK(status("GET / HTTP/3.0\r\n\r\n") == "505");
  CHECK(status("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n") == "414");
  CHECK(status("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'a') + "\r\n\r\n") == "431");
  CHECK(status("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n") == "501");
  // What was asked before is answered, what comes behind is not looked at.
  const std::string both = talk_to(server, GET_OF("/") "BAD\r\n\r\n" GET_OF("/"), false);
  CHECK(both.starts_with(ok("hello") + "HTTP/1.1 400 Bad Request\r\n"));
  CHECK(both.find("hello", both.find("400")) == std::string::npos);
  CHECK(both.find("\r\nConnection: close\r\n") != std::string::npos);
}

TEST_CASE("connections end when one side says so") {
  HttpServerOptions options;
  options.requests_max = 2;
  Server server(std::move(options));
  add_routes(server);
  server.get("/bye",
             [](ServerRequest&) { return text_response("bye").header("Connection", "close"); });
  CHECK(talk_to(server, GET_OF("/") GET_OF("/") GET_OF("/"), false) ==
        ok("hello") + ok("hello", kClose));
  CHECK(talk_to(server, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false) ==
        ok("hello", kClose));
  CHECK(talk_to(server, GET_OF("/bye") GET_OF("/"), false) == ok("bye", kClose));
  CHECK(talk_to(server, "GET / HTTP/1.0\r\n\r\n", false) == ok("hello", kClose));
  CHECK(talk_to(server, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") ==
        ok("hello", "Connection: keep-alive\r\n"));
}

TEST_CASE("bodies are limited, and a client that waits is told to go on") {
  HttpServerOptions options;
  options.body_max = 4;
  Server server(std::move(options));
  add_routes(server);
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ";
  CHECK(talk_to(server, head + "4\r\n\r\n1234") == ok("1234"));
  CHECK(talk_to(server, head + "5\r\n\r\n12345").starts_with("HTTP/1.1 413"));
  CHECK(talk_to(server, head + "5\r\n\r\n123").starts_with("HTTP/1.1 400"));
  CHECK(talk_to(server, head + "2\r\nExpect: 100-continue\r\n\r\n12") ==
        "HTTP/1.1 100 Continue\r\n\r\n" + ok("12"));
  // Nobody reads the body: no "100 Continue", and the connection cannot be kept.
  CHECK(talk_to(server,
                "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
                false) == ok("hello", kClose));
}

TEST_CASE("a body that nobody read does not become a request") {
  Server server;
  add_routes(server);
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: ";
  const std::string hidden = GET_OF("/users/hidden");
  CHECK(talk_to(server, head + std::to_string(hidden.size()) + "\r\n\r\n" + hidden + GET_OF("/")) ==
        ok("hello") + ok("hello"));
  CHECK(talk_to(server, head + std::to_string(hidden.size()) + "\r\n\r\n" + hidden + GET_OF("/"),
                true, 5) == ok("hello") + ok("hello"));
  // Too much to wait for.
  CHECK(talk_to(server, head + "100000\r\n\r\n" + hidden, false) == ok("hello", kClose));
}

TEST_CASE("slow clients are closed in time") {
  Server server;
  add_routes(server);
  const auto drip = [&](std::string bytes, hob::Duration pause) -> Coro<std::string> {
    auto [mine, its] = hob::testing::memory_stream_pair();
    auto task = hob::create_task(server.serve(std::move(its)));
    const hob::StreamWriter writer = mine.writer;
    auto sender =
        hob::create_task([](hob::StreamWriter to, std::string all, hob::Duration wait) -> Coro<> {
          for (const char c : all) {
            to.write(std::string(1, c));
            co_await hob::sleep(wait);
          }
        }(writer, std::move(bytes), pause));
    std::string answer = co_await mine.reader.read();
    const double seconds = hob::get_running_loop().time().seconds();
    sender.cancel();
    mine.writer.close();
    co_await task;
    co_return std::to_string(static_cast<int>(seconds)) + " " +
        without_standard_fields(std::move(answer)).substr(0, 12);
  };
  // Nothing, a head byte by byte, a body that stands still, and idleness after an answer.
  CHECK(hob::testing::run_virtual(drip("", 1s)) == "30 HTTP/1.1 408");
  CHECK(hob::testing::run_virtual(drip(std::string(GET_OF("/slowloris")), 1s)) ==
        "30 HTTP/1.1 408");
  CHECK(hob::testing::run_virtual(
            drip("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n12", 10ms)) ==
        "60 HTTP/1.1 408");
  CHECK(hob::testing::run_virtual(drip(std::string(GET_OF("/")), 10ms)) == "75 HTTP/1.1 200");
}

TEST_CASE("a client that takes nothing is closed in time") {
  Server server;
  server.get("/much", [](ServerRequest&) { return text_response(std::string(1 << 20, 'x')); });
  const auto main = [&]() -> Coro<int> {
    auto [mine, its] = hob::testing::memory_stream_pair();
    auto task = hob::create_task(server.serve(std::move(its)));
    mine.writer.write(GET_OF("/much"));
    co_await hob::as_result(task);
    co_return static_cast<int>(hob::get_running_loop().time().seconds());
  };
  CHECK(hob::testing::run_virtual(main()) == 60);
}

TEST_CASE("a shutdown lets requests in flight end and closes the others") {
  Server server;
  add_routes(server);
  const auto main = [&]() -> Coro<std::string> {
    auto [busy, its] = hob::testing::memory_stream_pair();
    auto [idle, other] = hob::testing::memory_stream_pair();
    auto first = hob::create_task(server.serve(std::move(its)));
    auto second = hob::create_task(server.serve(std::move(other)));
    busy.writer.write(GET_OF("/slow"));
    co_await hob::sleep(1s);
    CHECK(server.connections() == 2);
    auto stopping = hob::create_task(server.shutdown());
    const std::string nothing = co_await idle.reader.read();
    CHECK(nothing.empty());
    CHECK(hob::get_running_loop().time().seconds() < 2);
    std::string answer = co_await busy.reader.read();
    co_await stopping;
    CHECK(server.connections() == 0);
    CHECK(hob::get_running_loop().time().seconds() < 15);
    auto [late, refused] = hob::testing::memory_stream_pair();
    co_await server.serve(std::move(refused));
    const std::string none = co_await late.reader.read();
    CHECK(none.empty());
    co_return without_standard_fields(std::move(answer));
  };
  CHECK(hob::testing::run_virtual(main()) == ok("slow", kClose));
}

TEST_CASE("a shutdown does not wait longer than its grace") {
  Server server;
  add_routes(server);
  const auto main = [&]() -> Coro<double> {
    auto [busy, its] = hob::testing::memory_stream_pair();
    auto first = hob::create_task(server.serve(std::move(its)));
    busy.writer.write(GET_OF("/slow"));
    co_await hob::sleep(1s);
    co_await server.shutdown(2s);
    CHECK(server.connections() == 0);
    co_return hob::get_running_loop().time().seconds();
  };
  CHECK(hob::testing::run_virtual(main()) == doctest::Approx(3.0));
}

TEST_CASE("connections are counted, and those above the limit closed at once") {
  HttpServerOptions options;
  options.connections_max = 1;
  Server server(std::move(options));
  add_routes(server);
  const auto main = [&]() -> Coro<> {
    auto [mine, its] = hob::testing::memory_stream_pair();
    auto task = hob::create_task(server.serve(std::move(its)));
    co_await hob::sleep(1ms);
    const std::string refused = co_await talk(server, "", false);
    CHECK(refused.empty());
    CHECK(hob::get_running_loop().time().seconds() < 1);
    mine.writer.close();
    co_await task;
    const std::string answer = co_await talk(server, GET_OF("/"));
    CHECK(answer == ok("hello"));
  };
  hob::testing::run_virtual(main());
}

TEST_CASE("the access log has a line in the common format for each answer") {
  std::vector<std::string> lines;
  HttpServerOptions options;
  options.access_log = [&](std::string_view line) { lines.emplace_back(line); };
  Server server(std::move(options));
  add_routes(server);
  talk_to(server, GET_OF("/") GET_OF("/\"x\\") GET_OF("/pieces"));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].starts_with("- - - ["));
  CHECK(lines[0].ends_with(" +0000] \"GET / HTTP/1.1\" 200 5"));
  CHECK(lines[1].ends_with("\"GET /\\x22x\\x5c HTTP/1.1\" 404 14"));
  CHECK(lines[2].ends_with("\"GET /pieces HTTP/1.1\" 200 21"));
}

TEST_CASE("bodies are compressed for clients that take it") {
  HttpServerOptions options;
  options.compress = true;
  Server server(std::move(options));
  const std::string text(1000, 'x');
  server.get("/", [&](ServerRequest&) { return text_response(text); });
  const std::string plain = talk_to(server, GET_OF("/"));
  CHECK(plain.ends_with(text));
  CHECK(plain.find("\r\nVary: Accept-Encoding\r\n") != std::string::npos);
  const std::string packed =
      talk_to(server, "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK(packed.find("\r\nContent-Encoding: gzip\r\n") != std::string::npos);
  const std::string body = packed.substr(packed.find("\r\n\r\n") + 4);
  CHECK(body.size() < 100);
  CHECK(hob::http::decode_body(body, "gzip") == text);
}

TEST_CASE("a server can be cancelled anywhere") {
  hob::testing::CancelOptions options;
  hob::testing::cancel_everywhere(
      []() -> Coro<> {
        Server server;
        add_routes(server);
        const std::string answer = co_await talk(
            server, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" GET_OF("/slow")
                        GET_OF("/pieces") GET_OF("/none"));
        CHECK(answer.starts_with(ok("abc") + ok("slow")));
      },
      options);
}

#undef GET_OF

}  // namespace server_test
