// SPDX-License-Identifier: MIT
// Servers that do it wrong: each way has a name in aiohttp's hierarchy, and the next request is
// answered rightly, whatever was left of the last one.
#include "http/memory_server.hpp"
#include "support/virtual.hpp"

#include <hob/http/client_error.hpp>
#include <hob/http/coding.hpp>
#include <hob/task/timeout.hpp>

#include <doctest/doctest.h>

using namespace http_tests;
using hob::Coro;
using hob::http::ClientOptions;
using hob::http::ClientSession;
using hob::http::Response;
using support::run_sim;

namespace client_bad_servers_tests {

// What the server says to `/bad` and does then; every other path is answered with itself.
struct Script {
  std::string text;
  bool close = true;
  std::string late;  // a second after the text
};
Script script;

Coro<> converse(hob::Stream stream) {
  for (;;) {
    const auto read = co_await hob::as_result(stream.reader.readuntil("\r\n\r\n"));
    if (!read) break;
    const std::string& head = *read;
    const std::string target = head.substr(4, head.find(' ', 4) - 4);
    if (target != "/bad") {
      stream.writer.write(ok(target));
      continue;
    }
    stream.writer.write(script.text);
    if (!script.late.empty()) {
      co_await hob::sleep(1s);
      stream.writer.write(script.late);
    }
    if (script.close) break;
  }
  stream.writer.close();
}

struct Network {
  int connections = 0;
  std::size_t chunk = SIZE_MAX;
  hob::detail::Ref<hob::http::Connector> connector =
      hob::http::make_connector([this](std::string, std::uint16_t) { return connect(); });

  Coro<hob::Stream> connect() {
    ++connections;
    hob::testing::MemoryStreamOptions pipe;
    pipe.chunk = chunk;
    const hob::testing::StreamPair pair = hob::testing::memory_stream_pair(pipe);
    hob::create_task(converse(pair.second));
    co_return pair.first;
  }
  ClientOptions options() {
    ClientOptions options;
    options.connector = connector.get();
    options.timeout.total = 60s;
    options.timeout.sock_read = 20s;
    return options;
  }
};

// The status and the body, or the error and where it came: `head Name` or `body Name`.
Coro<std::string> outcome(ClientSession& session, std::string url) {
  auto response = co_await hob::as_result(session.get(url));
  if (!response) co_return "head " + support::error_name(response);
  auto text = co_await hob::as_result(response->read());
  if (!text) co_return "body " + support::error_name(text);
  co_return std::to_string(response->status()) + ' ' + *text;
}

// The bad response, then two that must be right.
Coro<std::string> meet(Network& network) {
  ClientSession session(network.options());
  const std::string got = co_await outcome(session, "http://h/bad");
  CHECK(session.statistics().active == 0);
  // Bytes that come after the next request was sent are its answer, as far as anybody can tell.
  if (!script.late.empty()) co_await hob::sleep(2s);
  const std::string next = co_await outcome(session, "http://h/next");
  CHECK(next == "200 /next");
  co_await hob::sleep(2s);
  const std::string third = co_await outcome(session, "http://h/third");
  CHECK(third == "200 /third");
  CHECK(session.statistics().active == 0);
  co_return got;
}

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define LENGTH(n) OK "Content-Length: " #n "\r\n\r\n"

struct Row {
  const char *text, *outcome;
  bool close = true;
  const char* late = "";
};
const Row kRows[] = {
    // It closes early.
    {"", "head ServerDisconnectedError"},
    {"H", "head ServerDisconnectedError"},
    {"HTTP/1.1 20", "head ServerDisconnectedError"},
    {"HTTP/1.1 200 OK\r\n", "head ServerDisconnectedError"},
    {"HTTP/1.1 200 OK\r\nContent-Le", "head ServerDisconnectedError"},
    {"HTTP/1.1 100 Continue\r\n\r\n", "head ServerDisconnectedError"},
    {"HTTP/1.1 103 Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200", "head ServerDisconnectedError"},
    {LENGTH(10) "five5", "body ClientPayloadError"},
    {LENGTH(10), "body ClientPayloadError"},
    {CHUNKED, "body ClientPayloadError"},
    {CHUNKED "5", "body ClientPayloadError"},
    {CHUNKED "5\r\nfi", "body ClientPayloadError"},
    {CHUNKED "5\r\nfive5", "body ClientPayloadError"},
    {CHUNKED "5\r\nfive5\r\n", "body ClientPayloadError"},
    {CHUNKED "5\r\nfive5\r\n0\r\n", "body ClientPayloadError"},
    {CHUNKED "5\r\nfive5\r\n0\r\nX: y\r\n", "body ClientPayloadError"},
    {OK "\r\nuntil the end", "200 until the end"},
    {"HTTP/1.0 200 OK\r\n\r\nold", "200 old"},
    // It stalls for ever.
    {"", "head SocketTimeoutError", false},
    {"HTTP/1.1 200 OK\r\nContent-", "head SocketTimeoutError", false},
    {LENGTH(10) "five5", "body SocketTimeoutError", false},
    {CHUNKED "5\r\nfive5\r\n", "body SocketTimeoutError", false},
    {CHUNKED "5\r\nfive5\r\n0\r\n", "body SocketTimeoutError", false},
    {OK "\r\nuntil when", "body SocketTimeoutError", false},
    {"HTTP/1.1 100 Continue\r\n\r\n", "head SocketTimeoutError", false},
    // It says too much: what is behind the response must not be the next one.
    {LENGTH(2) "okHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", "200 ok", false},
    {LENGTH(2) "ok\r\n\r\n", "200 ok", false},
    {LENGTH(2) "ok", "200 ok", false, LENGTH(6) "poison"},
    {CHUNKED "2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", "200 ok",
     false},
    {"HTTP/1.1 204 Nothing\r\n\r\nbody", "204 ", false},
    {"HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\nbody!", "304 ", false},
    {LENGTH(0) "x", "200 ", false},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "200 ok", false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "200 ok", false},
    // Garbage instead of a head.
    {"SSH-2.0-OpenSSH_9.2\r\n", "head BadHttpMessage", false},
    {"\x16\x03\x01\x02", "head BadHttpMessage", false},
    {"<html>503</html>", "head BadHttpMessage", false},
    {"HTTP/2.0 200 OK\r\n\r\n", "head BadHttpMessage", false},
    {"HTTP/1.1 99 X\r\n\r\n", "head BadHttpMessage", false},
    {"HTTP/1.1 2000 X\r\n\r\n", "head BadHttpMessage", false},
    {"HTTP/1.1 abc X\r\n\r\n", "head BadHttpMessage", false},
    {"HTTP/1.1 -20 X\r\n\r\n", "head BadHttpMessage", false},
    {OK "no colon\r\n\r\n", "head BadHttpMessage", false},
    {OK "Blank : x\r\n\r\n", "head BadHttpMessage", false},
    {OK ": nameless\r\n\r\n", "head BadHttpMessage", false},
    {OK "X: a\r\n folded\r\n\r\n", "head BadHttpMessage", false},
    {OK "Content-Length: -1\r\n\r\n", "head BadHttpMessage", false},
    {OK "Content-Length: 1x\r\n\r\nab", "head BadHttpMessage", false},
    {OK "Content-Length: 99999999999999999999\r\n\r\n", "head BadHttpMessage", false},
    {OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "head BadHttpMessage", false},
    {OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "head BadHttpMessage",
     false},
    {OK "Transfer-Encoding: foo\r\n\r\n", "head BadHttpMessage", false},
    // Garbage in a body.
    {CHUNKED "zz\r\n", "body ClientPayloadError", false},
    {CHUNKED "-1\r\n", "body ClientPayloadError", false},
    {CHUNKED "fffffffffffffffff\r\n", "body ClientPayloadError", false},
    {CHUNKED "2\r\nokay\r\n0\r\n\r\n", "body ClientPayloadError", false},
    {CHUNKED "2\r\nok0\r\n\r\n", "body ClientPayloadError", false},
    {CHUNKED "0\r\nbad trailer\r\n\r\n", "body ClientPayloadError", false},
    {OK "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "body ClientPayloadError", false},
    {OK "Content-Encoding: br\r\nContent-Length: 3\r\n\r\nabc", "body ClientPayloadError", false},
    {OK "Content-Encoding: zstd\r\nContent-Length: 3\r\n\r\nabc", "body ClientPayloadError", false},
    {OK "Content-Encoding: gzip, br, gzip, br, gzip, br\r\nContent-Length: 1\r\n\r\na",
     "head ClientPayloadError", false},
    {OK "Content-Encoding: rot13\r\nContent-Length: 3\r\n\r\nabc", "200 abc", false},
    {OK "Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "200 ", false},
    // Redirects that lead nowhere.
    {"HTTP/1.1 302 X\r\nLocation: /bad\r\nContent-Length: 0\r\n\r\n", "head TooManyRedirects",
     false},
    {"HTTP/1.1 302 X\r\nLocation: /bad\r\nContent-Length: 0\r\n\r\n", "head TooManyRedirects"},
    {"HTTP/1.1 302 X\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
     "head InvalidUrlRedirectClientError", false},
    {"HTTP/1.1 302 X\r\nLocation: ftp://h/\r\nContent-Length: 0\r\n\r\n",
     "head NonHttpUrlRedirectClientError", false},
    {"HTTP/1.1 302 X\r\nLocation: javascript:1\r\nContent-Length: 0\r\n\r\n",
     "head NonHttpUrlRedirectClientError", false},
    {"HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n", "302 ", false},
    {"HTTP/1.1 302 X\r\nLocation: /next\r\nContent-Length: 1000000\r\n\r\nnever", "200 /next"},
    {"HTTP/1.1 302 X\r\nLocation: /next\r\nTransfer-Encoding: chunked\r\n\r\nzz", "200 /next",
     false},
};

TEST_CASE("each way of doing it wrong has a name, and the next response is the right one") {
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{5}, SIZE_MAX}) {
    for (const Row& row : kRows) {
      const auto main = [&row, chunk]() -> Coro<> {
        script = {row.text, row.close, row.late};
        Network network;
        network.chunk = chunk;
        const std::string got = co_await meet(network);
        CAPTURE(std::string(row.text));
        CAPTURE(chunk);
        CHECK(got == row.outcome);
      };
      run_sim(main());
    }
  }
}

TEST_CASE("heads that are too large, and bytes that no head may have") {
  const auto main = []() -> Coro<> {
    const std::string line(9000, 'a');
    std::string fields;
    for (int i = 0; i < 300; ++i) fields += "X: y\r\n";
    for (const std::string& text : std::vector<std::string>{
             "HTTP/1.1 200 " + line, OK "X: " + line + "\r\n\r\n", OK + line, OK + fields + "\r\n",
             OK "X: a" + std::string(1, '\0') + "b\r\n\r\n"}) {
      script = {text, false, {}};
      Network network;
      const std::string got = co_await meet(network);
      CHECK(got == "head BadHttpMessage");
    }
    script = {OK "X: " + line + "\r\nContent-Length: 0\r\n\r\n", false, {}};
    Network network;
    ClientOptions options = network.options();
    options.limits.field_line = 10'000;
    ClientSession generous(options);
    const std::string got = co_await outcome(generous, "http://h/bad");
    CHECK(got == "200 ");
  };
  run_sim(main());
}

std::string encoded(const char* coding, const std::string& text) {
  std::string out;
  hob::http::Encoder::make(coding)->encode(text, out, hob::http::Encoder::Flush::finish);
  return out;
}

TEST_CASE("a response that is cut at any byte is an error, and never a shorter body") {
  const std::string body = "hello hello hello";
  const std::string zip = encoded("gzip", body), brotli = encoded("br", body);
  const std::string zstd = encoded("zstd", body);
  const auto chunked = [](const std::string& content, const char* fields) {
    std::string out = std::string(OK) + fields + "Transfer-Encoding: chunked\r\n\r\n";
    hob::http::write_chunk(out, content.substr(0, 5));
    hob::http::write_chunk(out, content.substr(5));
    hob::http::write_last_chunk(out);
    return out;
  };
  const std::vector<std::string> whole = {
      ok(body),
      chunked(body, ""),
      chunked(zip, "Content-Encoding: gzip\r\n"),
      ok(brotli, "Content-Encoding: br\r\n"),
      OK "Content-Encoding: gzip\r\n\r\n" + zip,  // until the connection closes
      OK "Content-Encoding: zstd\r\n\r\n" + zstd,
      OK "Content-Encoding: br\r\n\r\n" + brotli,
  };
  for (const std::string& text : whole) {
    const std::size_t head = text.find("\r\n\r\n") + 4;
    for (std::size_t size = 0; size <= text.size(); ++size) {
      const auto main = [&]() -> Coro<> {
        script = {text.substr(0, size), true, {}};
        Network network;
        ClientSession session(network.options());
        const std::string got = co_await outcome(session, "http://h/bad");
        CAPTURE(text);
        CAPTURE(size);
        // Nothing at all is an empty body, also of one that is encoded.
        const bool nothing = size == head && text.find("Content-Length") == std::string::npos &&
                             text.find("chunked") == std::string::npos;
        CHECK(got == (size == text.size() ? "200 " + body
                      : size < head       ? "head ServerDisconnectedError"
                      : nothing           ? "200 "
                                          : "body ClientPayloadError"));
        if (size != text.size()) CHECK(session.statistics().idle == 0);
      };
      run_sim(main());
    }
  }
}

TEST_CASE("bombs: a limit on what comes out, for reading whole, and piece by piece no memory") {
  const auto main = []() -> Coro<> {
    const std::string zeros(20'000'000, '\0');
    for (const char* coding : {"gzip", "deflate", "br", "zstd"}) {
      script = {ok(encoded(coding, zeros), std::string("Content-Encoding: ") + coding + "\r\n"),
                false,
                {}};
      Network network;
      ClientOptions options = network.options();
      options.body_limit = 1 << 20;
      ClientSession session(options);
      std::string got = co_await outcome(session, "http://h/bad");
      CHECK(got == "body ClientPayloadError");
      Response piecewise = co_await session.get("http://h/bad");
      std::size_t total = 0, most = 0;
      while (auto piece = co_await piecewise.content().next_chunk(10'000)) {
        total += piece->size();
        most = std::max(most, piece->size());
      }
      CHECK(total == zeros.size());
      CHECK(most == 10'000);
      Response larger = co_await session.get("http://h/bad").body_limit(zeros.size());
      const std::string all = co_await larger.read();
      CHECK(all.size() == zeros.size());
      got = co_await outcome(session, "http://h/next");
      CHECK(got == "200 /next");
    }
  };
  run_sim(main());
}

}  // namespace client_bad_servers_tests
