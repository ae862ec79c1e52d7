// SPDX-License-Identifier: MIT
// TLS under streams, over real sockets: start_tls, and what a stream makes of TLS's ends.

#include <doctest/doctest.h>

#include <hob/net/open_connection.hpp>
#include <hob/net/server.hpp>
#include <hob/stream/errors.hpp>
#include <hob/task/run.hpp>
#include <hob/task/sleep.hpp>

#include "tls/wire.hpp"

#include <stdexcept>

namespace {

using namespace wire;  // NOLINT(google-build-using-namespace)

// Speaks in the clear first.
Coro<> upgrade_and_echo(TlsContext context, hob::StreamReader reader, hob::StreamWriter writer) {
  const std::string ask = co_await reader.readline();
  if (ask != "STARTTLS\n") throw std::runtime_error("not asked for TLS: " + ask);
  writer.write("go\n");
  hob::StartTlsOptions options;
  options.server_side = true;
  co_await writer.start_tls(context, std::move(options));
  while (auto line = co_await reader.anext()) writer.write(*line);
  writer.close();
  co_await writer.wait_closed();
}

Coro<std::string> upgrade(std::string hostname) {
  const TlsContext server_side = server_context();
  const auto handler = [&server_side](hob::StreamReader reader, hob::StreamWriter writer) {
    return upgrade_and_echo(server_side, std::move(reader), std::move(writer));
  };
  const hob::Server server = co_await hob::start_server(handler, "127.0.0.1", 0);
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
  writer.write("STARTTLS\n");
  std::string seen = co_await reader.readline();
  const TlsContext client_side = client_context();
  hob::StartTlsOptions options(std::move(hostname));
  const auto started = co_await hob::as_result(writer.start_tls(client_side, std::move(options)));
  if (!started) {
    seen += hob::describe(started.exception());
  } else {
    writer.write("through TLS\n");
    seen += co_await reader.readline();
    seen += writer.get_extra_info().security->version;
    CHECK_FALSE(writer.can_write_eof());
  }
  writer.close();
  co_await hob::as_result(writer.wait_closed());
  server.close();
  co_await server.wait_closed();
  co_return seen;
}

TEST_CASE("start_tls on a live stream") {
  CHECK(hob::run(upgrade("example.org")) == "go\nthrough TLS\nTLSv1.3");
}

Coro<> say_and_vanish(hob::StreamReader, hob::StreamWriter writer) {
  writer.write("half a li");
  co_await writer.drain();
  writer.abort();
}

TEST_CASE("a line that TLS does not end is an error, not a short line") {
  const auto main = []() -> Coro<std::string> {
    hob::ServerOptions server_options;
    const TlsContext server_side = server_context();
    server_options.ssl = server_side;
    const hob::Server server =
        co_await hob::start_server(&say_and_vanish, "127.0.0.1", 0, server_options);
    const TlsContext client_side = client_context();
    hob::ConnectionOptions options;
    options.ssl = client_side;
    options.server_hostname = "example.org";
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port(), options);
    const auto line = co_await hob::as_result(reader.readline());
    server.close();
    co_await server.wait_closed();
    co_return line ? *line : hob::type_name(line.exception());
  };
  const std::string outcome = hob::run(main());
  // The reset may overtake the end of the stream.
  CHECK((outcome == "SSLEOFError" || outcome == "OSError"));
}

// Waits for a good-bye that does not come, as long as the loop runs.
Coro<> leave_early() {
  const TlsContext server_side = server_context(), client_side = client_context();
  hob::ServerOptions listening;
  listening.ssl = server_side;
  const auto handler = [](hob::StreamReader, hob::StreamWriter writer) -> Coro<> {
    writer.close();
    co_return;
  };
  const hob::Server server = co_await hob::start_server(handler, "127.0.0.1", 0, listening);
  hob::ConnectionOptions options;
  options.ssl = client_side;
  options.server_hostname = "example.org";
  const hob::Stream client = co_await hob::open_connection("127.0.0.1", server.port(), options);
  co_await hob::sleep(std::chrono::milliseconds(10));  // real sockets: until the server has closed
  server.close();
}

TEST_CASE("a stream that waits for the peer's good-bye ends with the loop") {
  hob::run(leave_early());  // LeakSanitizer is the judge
}

}  // namespace
