// SPDX-License-Identifier: MIT
// Every call of the kernel that a server makes, failing: it harms a connection at most.
#include <hob/file/file.hpp>
#include <hob/file/temporary.hpp>
#include <hob/http/event_stream.hpp>
#include <hob/http/server.hpp>
#include <hob/net/open_connection.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/run.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/timeout.hpp>
#include <hob/testing/fail_everywhere.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>

#include "support/faults.hpp"

using namespace std::chrono_literals;

namespace server_faults_test {
namespace {

using hob::Coro;
using hob::http::Server;
using hob::http::ServerRequest;
using hob::http::ServerResponse;

void add_routes(Server& server) {
  server.get("/", [](ServerRequest&) { return hob::http::text_response("hello"); });
  server.get("/big",
             [](ServerRequest&) { return hob::http::text_response(std::string(20'000, 'x')); });
  server.post("/echo", [](ServerRequest& request) -> Coro<ServerResponse> {
    std::string body = co_await request.read();
    co_return hob::http::text_response(std::move(body));
  });
  server.get("/events", [](ServerRequest&) {
    return hob::http::event_stream([](hob::http::EventStream& events) -> Coro<> {
      for (int i = 0; i < 2; ++i) {
        co_await events.send("tick");
        co_await hob::sleep(1ms);
      }
    });
  });
}

/// All that comes; gives up when nothing comes any more.
Coro<std::string> read_all(hob::StreamReader reader) {
  std::string all;
  while (true) {
    auto more = co_await hob::as_result(hob::wait_for(reader.read(1 << 16), 300s));
    if (!more || more->empty()) co_return all;
    all += *more;
  }
}

Coro<> ask(std::uint16_t port, std::string requests) {
  auto opened = co_await hob::as_result(hob::open_connection("127.0.0.1", port));
  if (!opened) co_return;
  auto [reader, writer] = *opened;
  writer.write(requests);
  co_await read_all(reader);
  writer.abort();
}

/// Serves `requests`; whatever fails, the server can be shut down, and is gone then.
Coro<> serve(std::string requests, std::string directory) {
  Server server;
  add_routes(server);
  if (!directory.empty()) server.add_static("/files", directory);
  const auto started = co_await hob::as_result(server.start("127.0.0.1", 0));
  if (started) co_await ask(server.port(), std::move(requests));
  co_await server.shutdown(10s);
  CHECK(server.connections() == 0);
}

}  // namespace

TEST_CASE("pipelined requests, bodies and events: every call fails") {
  const std::string requests =
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "GET /events HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  hob::testing::FaultOptions options;
  support::fail_everywhere([requests] { return serve(requests, ""); }, std::move(options));
}

TEST_CASE("a file by sendfile: every call fails") {
  const auto make = []() -> Coro<hob::TemporaryDirectory> {
    auto made = co_await hob::temporary_directory();
    co_await hob::write_file(made.name() + "/big", std::string(20'000, 'x'));
    co_return made;
  };
  const hob::TemporaryDirectory directory = hob::run(make());
  const std::string name = directory.name();
  hob::testing::FaultOptions options;
  options.count_blocks = false;  // threads
  support::fail_everywhere(
      [name] {
        return serve("GET /files/big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", name);
      },
      std::move(options));
}

}  // namespace server_faults_test
