// SPDX-License-Identifier: MIT
// The server over real sockets: TLS, many loops, one send for a batch, and a kernel that fails.
#include <hob/core/error.hpp>
#include <hob/http/event_stream.hpp>
#include <hob/http/serve.hpp>
#include <hob/http/server.hpp>
#include <hob/loop/exception_context.hpp>
#include <hob/net/open_connection.hpp>
#include <hob/stream/extra_info.hpp>
#include <hob/stream/security_info.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/gather.hpp>
#include <hob/task/run.hpp>
#include <hob/task/runtime.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/task.hpp>
#include <hob/testing/faults.hpp>
#include <hob/tls/certificate.hpp>
#include <hob/tls/context.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace server_net_test {
namespace {

using hob::Coro;
using hob::http::HttpServerOptions;
using hob::http::Server;
using hob::http::ServerRequest;
using hob::http::ServerResponse;
using hob::http::text_response;
using hob::testing::Faults;

#define GET_OF(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define LAST_OF(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

ServerResponse hello(ServerRequest&) { return text_response("hello"); }

/// All that comes until the end, or until a reset.
Coro<std::string> read_all(hob::StreamReader reader) {
  std::string all;
  while (true) {
    auto more = co_await hob::as_result(reader.read(1 << 16));
    if (!more || more->empty()) co_return all;
    all += *more;
  }
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

}  // namespace

TEST_CASE("the answers of a pipelined batch leave in one send") {
  const auto main = []() -> Coro<> {
    Server server;
    server.get("/", hello);
    co_await server.start("127.0.0.1", 0);
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    Faults faults;
    std::string batch;
    for (int i = 0; i < 15; ++i) batch += GET_OF("/");
    writer.write(batch + LAST_OF("/"));
    const std::string answers = co_await read_all(reader);
    CHECK(count(answers, "hello") == 16);
    CHECK(faults.calls(Faults::Call::send) == 2);  // the client's and the server's
    writer.close();
    co_await server.shutdown();
  };
  hob::run(main());
}

TEST_CASE("over TLS the server speaks http/1.1, and requests know it") {
  const auto main = []() -> Coro<> {
    const hob::Certificate certificate = hob::make_self_signed({"localhost"});
    const hob::TlsContext context = hob::http::create_server_context(certificate);
    hob::TlsContext ours(hob::TlsRole::client);
    ours.load_verify_locations(certificate);
    ours.set_alpn_protocols({"h2", "http/1.1"});
    Server server;
    server.get("/", [](ServerRequest& request) {
      return text_response(request.secure() ? "secure" : "plain");
    });
    hob::ServerOptions secure;
    secure.ssl = context;
    co_await server.start("127.0.0.1", 0, secure);
    hob::ConnectionOptions options;
    options.ssl = ours;
    options.server_hostname = "localhost";
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port(), options);
    const hob::ExtraInfo info = writer.get_extra_info();
    REQUIRE(info.security.has_value());
    CHECK(info.security->alpn_protocol == "http/1.1");
    writer.write(GET_OF("/") LAST_OF("/"));
    const std::string answers = co_await read_all(reader);
    CHECK(count(answers, "secure") == 2);
    writer.close();
    co_await server.shutdown();
  };
  hob::run(main());
}

TEST_CASE("one server on several loops answers on all of them, and lets requests in flight end") {
  const auto main = []() -> Coro<> {
    hob::Runtime runtime(2);
    std::atomic<int> servers = 0, slow_ones = 0;
    const auto setup = [&servers, &slow_ones](Server& server) {
      ++servers;
      server.get("/", hello);
      server.get("/slow", [&slow_ones](ServerRequest&) -> Coro<ServerResponse> {
        ++slow_ones;
        co_await hob::sleep(50ms);  // real time: over real sockets, in other threads
        co_return text_response("slow");
      });
    };
    // A port that is free now.
    Server probe;
    co_await probe.start("127.0.0.1", 0);
    const std::uint16_t port = probe.port();
    co_await probe.shutdown();
    auto serving = hob::create_task(hob::http::serve(runtime, setup, "127.0.0.1", port));
    const auto ask = [port](std::string request) -> Coro<std::string> {
      for (int attempt = 0;; ++attempt) {
        auto opened = co_await hob::as_result(hob::open_connection("127.0.0.1", port));
        if (!opened && attempt < 100) {  // it does not listen yet
          co_await hob::sleep(10ms);
          continue;
        }
        auto [reader, writer] = opened.value();
        writer.write(request);
        std::string answer = co_await read_all(reader);
        writer.close();
        co_return answer;
      }
    };
    std::vector<hob::Task<std::string>> tasks;
    for (int i = 0; i < 20; ++i) tasks.push_back(hob::create_task(ask(LAST_OF("/"))));
    for (auto& task : tasks) {
      const std::string answer = co_await task;
      CHECK(count(answer, "hello") == 1);
    }
    while (servers != 2) co_await hob::sleep(1ms);
    auto slow = hob::create_task(ask(LAST_OF("/slow")));
    while (slow_ones == 0) co_await hob::sleep(1ms);
    serving.cancel();
    const auto ended = co_await hob::as_result(serving);
    CHECK_FALSE(ended);
    const std::string answer = co_await slow;
    CHECK(count(answer, "slow") == 1);
    co_await runtime.aclose();
  };
  hob::run(main());
}

TEST_CASE("a send that fails harms one connection at most") {
  const auto main = [](int error, std::size_t nth) -> Coro<std::size_t> {
    std::size_t reports = 0;
    hob::get_running_loop().set_exception_handler(
        [&](hob::EventLoop&, const hob::ExceptionContext&) { ++reports; });
    Server server;
    server.get("/", hello);
    server.get("/big", [](ServerRequest&) { return text_response(std::string(300'000, 'x')); });
    server.get("/pieces", [](ServerRequest&) {
      return hob::http::stream_response([](hob::http::BodyWriter& body) -> Coro<> {
        for (int i = 0; i < 5; ++i) {
          co_await body.write("piece");
          co_await hob::sleep(hob::Duration());
        }
      });
    });
    co_await server.start("127.0.0.1", 0);
    {
      Faults faults;
      auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
      writer.write(GET_OF("/") GET_OF("/pieces") GET_OF("/big") LAST_OF("/"));
      faults.fail(Faults::Call::send, error, nth);
      co_await read_all(reader);
      CHECK(faults.injected() == 1);
      writer.abort();
    }
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    writer.write(LAST_OF("/"));
    const std::string answer = co_await read_all(reader);
    CHECK(count(answer, "hello") == 1);
    writer.close();
    co_await server.shutdown();
    CHECK(server.connections() == 0);
    co_return reports;
  };
  for (const int error : {EPIPE, ECONNRESET, ENOBUFS})
    for (std::size_t nth = 1; nth <= 3; ++nth) CHECK(hob::run(main(error, nth)) == 0);
}

TEST_CASE("a shutdown under load answers what it has begun and refuses the rest") {
  const auto main = []() -> Coro<> {
    Server server;
    int begun = 0;
    server.get("/", [&](ServerRequest&) -> Coro<ServerResponse> {
      ++begun;
      co_await hob::sleep(5ms);
      co_return text_response("hello");
    });
    co_await server.start("127.0.0.1", 0);
    const std::uint16_t port = server.port();
    int answered = 0, broken = 0;
    const auto client = [&]() -> Coro<> {
      auto opened = co_await hob::as_result(hob::open_connection("127.0.0.1", port));
      if (!opened) co_return;
      auto [reader, writer] = *opened;
      for (int i = 0; i < 1000; ++i) {
        writer.write(GET_OF("/"));
        auto head = co_await hob::as_result(reader.readuntil("\r\n\r\n"));
        if (!head) break;
        auto body = co_await hob::as_result(reader.readexactly(5));
        ++(body && *body == "hello" ? answered : broken);
      }
      writer.close();
    };
    std::vector<hob::Task<void>> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(hob::create_task(client()));
    while (answered < 60) co_await hob::sleep(1ms);  // real time: real sockets
    co_await server.shutdown();
    for (auto& task : clients) co_await task;
    CHECK(begun >= 60);
    CHECK(answered == begun);
    CHECK(broken == 0);
    CHECK(server.connections() == 0);
  };
  hob::run(main());
}

#undef GET_OF
#undef LAST_OF

}  // namespace server_net_test
