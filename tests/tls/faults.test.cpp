// SPDX-License-Identifier: MIT
// TLS over real sockets: every call of the kernel fails, and a cancellation comes at every
// suspension.

#include <doctest/doctest.h>

#include <hob/net/open_connection.hpp>
#include <hob/net/server.hpp>
#include <hob/stream/errors.hpp>
#include <hob/testing/cancel_everywhere.hpp>

#include "support/faults.hpp"
#include "tls/wire.hpp"

namespace {

using namespace wire;  // NOLINT(google-build-using-namespace)

Coro<> echo_lines(hob::StreamReader reader, hob::StreamWriter writer) {
  while (auto line = co_await reader.anext()) {
    writer.write(*line);
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
}

Coro<> ask_securely(hob::Server server) {
  const TlsContext context = client_context();
  hob::ConnectionOptions options;
  options.ssl = context;
  options.server_hostname = "example.org";
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port(), options);
  writer.write("a line\n");
  co_await writer.drain();
  const std::string line = co_await reader.readline();
  if (line.empty()) throw hob::OSError(ECONNRESET, "cut off");
  CHECK(line == "a line\n");
  writer.close();
  co_await writer.wait_closed();
}

Coro<> secure_echo() {
  const TlsContext context = server_context();
  hob::ServerOptions options;
  options.ssl = context;
  const auto server = co_await hob::start_server(&echo_lines, "127.0.0.1", 0, options);
  const auto asked = co_await hob::as_result(ask_securely(server));
  server.close();
  server.abort_clients();
  co_await server.wait_closed();
  asked.value();
}

bool is_setsockopt(const hob::testing::Fault& fault) {
  return fault.call == hob::testing::Faults::Call::setsockopt;
}

hob::testing::FaultOptions secure_options() {
  hob::testing::FaultOptions options;
  options.calls_max = 10;
  options.count_blocks = false;  // contexts are shared
  options.may_throw = [](const hob::testing::Fault& fault, const std::exception_ptr& error) {
    if (support::is_fault_or_lost(fault, error)) return true;
    // The other side met it and hung up without a good-bye.
    return fault.error != 0 && fault.error != EINTR && hob::type_name(error) == "SSLEOFError";
  };
  return options;
}

TEST_CASE("TLS: every call fails") {
  auto options = secure_options();
  options.only = [](const hob::testing::Fault& fault) { return !is_setsockopt(fault); };
  support::fail_everywhere(secure_echo, std::move(options));
}

TEST_CASE("TLS: setsockopt fails") {
  auto options = secure_options();
  options.only = is_setsockopt;
  options.virtual_time = false;  // without TCP_NODELAY the kernel takes its time
  support::fail_everywhere(secure_echo, std::move(options));
}

TEST_CASE("TLS over sockets, cancelled everywhere") {
  // The server's handler sees the client go in the middle: its error is reported.
  const auto quietly = []() -> Coro<> {
    hob::get_running_loop().set_exception_handler([](hob::EventLoop&, const auto&) {});
    co_await secure_echo();
  };
  hob::testing::CancelOptions options;
  options.count_blocks = false;
  const std::size_t suspensions = hob::testing::cancel_everywhere(quietly, options);
  CHECK(suspensions >= 4);
}

}  // namespace
