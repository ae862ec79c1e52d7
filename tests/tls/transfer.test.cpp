// SPDX-License-Identifier: MIT
// Bytes through TLS over a transport that is slow, short or broken.

#include <doctest/doctest.h>

#include <hob/stream/extra_info.hpp>
#include <hob/task/sleep.hpp>
#include <hob/testing/run_virtual.hpp>

#include "tls/wire.hpp"

namespace {

using namespace wire;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using hob::testing::run_virtual;

Coro<> echo(TransportRef transport) {
  for (;;) {
    std::string some = co_await read_some(transport, 5000);
    if (some.empty()) break;
    co_await write_all(transport, std::move(some));
  }
  co_await close(transport);
}

Coro<> send_and_close(TransportRef transport, std::string data) {
  co_await write_all(transport, std::move(data));
  co_await wire::close(transport);
}

// There and back, with everything checked.
Coro<std::string> round_trip(std::string data, Options options) {
  auto [client, server] =
      co_await handshake(client_context(), server_context(), "example.org", options);
  const auto echoing = hob::create_task(echo, server);
  const auto sending = hob::create_task(write_all, client, data);
  std::string back = co_await read_exactly(client, data.size());
  co_await sending;
  co_await wire::close(client);
  co_await echoing;
  co_return back;
}

TEST_CASE("what goes in comes out") {
  for (const std::size_t size : {1, 100, 16384, 16385, 300'000}) {
    const std::string data = pattern(size);
    CHECK(run_virtual(round_trip(data, {})) == data);
  }
}

TEST_CASE("one byte at a time") {
  const std::string data = pattern(20'000);
  Options options;
  options.step = 1;
  CHECK(run_virtual(round_trip(data, options)) == data);
  options.stutter = true;
  CHECK(run_virtual(round_trip(data, options)) == data);
}

TEST_CASE("a line of few bytes") {
  const std::string data = pattern(70'000);
  Options options;
  options.capacity = 7;
  CHECK(run_virtual(round_trip(data, options)) == data);
}

TEST_CASE("many slices in one write become few records") {
  const auto main = []() -> Coro<std::size_t> {
    auto [client, server] = co_await handshake(client_context(), server_context(), "example.org");
    std::vector<hob::Slice> slices(1000, hob::Slice{"0123456789", 10});
    const long count = client->try_write(slices.data(), slices.size());
    const std::string read = co_await read_exactly(server, 10'000);
    co_return static_cast<std::size_t>(count) == read.size() ? read.size() : 0;
  };
  CHECK(run_virtual(main()) == 10'000);
}

TEST_CASE("a peer that does not read bounds what is kept") {
  const auto main = []() -> Coro<std::size_t> {
    auto [client, server] = co_await handshake(client_context(), server_context(), "example.org");
    const std::string data(1'000'000, 'x');
    std::size_t taken = 0;
    for (;;) {
      const hob::Slice slice{data.data(), data.size()};
      const long count = client->try_write(&slice, 1);
      if (count < 0) break;
      taken += static_cast<std::size_t>(count);
    }
    co_return taken;
  };
  // The line's 64 KiB, and one batch more.
  CHECK(run_virtual(main()) <= std::size_t{3} * 64 * 1024);
}

TEST_CASE("what was encrypted goes out although nobody writes or waits") {
  const auto main = []() -> Coro<std::string> {
    Options options;
    options.capacity = 100;
    auto [client, server] =
        co_await handshake(client_context(), server_context(), "example.org", options);
    const hob::Slice slice{"0123456789", 10};
    std::vector<hob::Slice> slices(200, slice);
    CHECK(client->try_write(slices.data(), slices.size()) == 2000);
    co_return co_await read_exactly(server, 2000);
  };
  CHECK(run_virtual(main()).size() == 2000);
}

TEST_CASE("close says good-bye: the reader sees an end") {
  const auto main = []() -> Coro<std::string> {
    auto [client, server] = co_await handshake(client_context(), server_context(), "example.org");
    const auto sending = hob::create_task(send_and_close, client, std::string("the last words"));
    std::string all = co_await read_all(server);
    co_await wire::close(server);
    co_await sending;
    co_return all;
  };
  CHECK(run_virtual(main()) == "the last words");
}

TEST_CASE("an end without good-bye is an SSLEOFError, again and again") {
  const auto main = [](bool suppress) -> Coro<std::string> {
    TlsContext client_side = client_context();
    client_side.set_suppress_ragged_eofs(suppress);
    auto [client, server] = co_await handshake(client_side, server_context(), "example.org");
    co_await write_all(server, "cut sho");
    server->close();  // without try_shutdown
    const Result<std::string> all = co_await hob::as_result(read_all(client));
    const Result<std::string> again = co_await hob::as_result(read_some(client, 10));
    if (all && again) co_return *all + *again;
    CHECK(hob::describe(again.exception()) == hob::describe(all.exception()));
    co_return hob::describe(all.exception());
  };
  CHECK(run_virtual(main(false)) ==
        "SSLEOFError: [SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol");
  CHECK(run_virtual(main(true)) == "cut sho");
}

TEST_CASE("bytes that nobody encrypted are refused") {
  const auto main = []() -> Coro<std::string> {
    const Ends ends = make_ends();
    const TlsContext context = server_context();
    hob::Security* security = context;
    co_await write_all(ends.client, "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    SecurityRequest request;
    const auto outcome = co_await hob::as_result(security->accept(ends.server, std::move(request)));
    co_return error_text(outcome);
  };
  CHECK(run_virtual(main()) == "SSLError: [SSL: HTTP_REQUEST] http request");
}

TEST_CASE("a record that was changed on its way ends the connection") {
  const auto main = []() -> Coro<std::string> {
    const Ends ends = make_ends();
    const TlsContext client_side = client_context();
    const TlsContext server_side = server_context();
    hob::Security* client_security = client_side;
    hob::Security* server_security = server_side;
    SecurityRequest ask(std::string("example.org"));
    SecurityRequest answer;
    auto pair = hob::gather(client_security->connect(ends.client, std::move(ask)),
                            server_security->accept(ends.server, std::move(answer)));
    auto [client, server] = co_await std::move(pair);
    co_await write_all(client, "attack at dawn");
    ends.line->lanes[0].bytes.back() ^= 1;
    const auto read = co_await hob::as_result(read_some(server, 100));
    const auto told = co_await hob::as_result(read_some(client, 100));
    const auto write = co_await hob::as_result(write_all(server, "x"));
    co_return hob::describe(read.exception()) + "\n" + hob::describe(told.exception()) + "\n" +
        hob::describe(write.exception());
  };
  CHECK(run_virtual(main()) ==
        "SSLError: [SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC] decryption failed or bad record mac\n"
        "SSLError: [SSL: SSLV3_ALERT_BAD_RECORD_MAC] sslv3 alert bad record mac\n"
        "SSLError: [SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC] decryption failed or bad record mac");
}

TEST_CASE("the peer that is gone: a write gives the error of the transport below") {
  const auto main = []() -> Coro<std::string> {
    auto [client, server] = co_await handshake(client_context(), server_context(), "example.org");
    server->abort();
    const auto outcome = co_await hob::as_result(write_all(client, "hello"));
    co_return hob::describe(outcome.exception());
  };
  CHECK(run_virtual(main()) == "OSError: write: [Errno 32] Broken pipe");
}

TEST_CASE("closing waits for the peer's good-bye as long as the timeout says") {
  const auto main = []() -> Coro<std::string> {
    auto [client, server] = co_await handshake(client_context(), server_context(), "example.org");
    const auto begin = hob::get_running_loop().time();
    const auto outcome = co_await hob::as_result(wire::close(client));
    const int seconds = static_cast<int>((hob::get_running_loop().time() - begin).seconds());
    co_return hob::describe(outcome.exception()) + " after " + std::to_string(seconds);
  };
  CHECK(run_virtual(main()) == "TimeoutError: SSL shutdown timed out after 30");
}

TEST_CASE("closing drops what the peer still sends") {
  const auto main = []() -> Coro<> {
    auto [client, server] = co_await handshake(client_context(), server_context(), "example.org");
    const auto sending = hob::create_task(send_and_close, server, std::string(500'000, 'x'));
    co_await wire::close(client);
    co_await hob::as_result(sending);  // may find the line cut
  };
  run_virtual(main());
}

TEST_CASE("after close: EBADF, and whoever waits is woken") {
  const auto main = []() -> Coro<std::string> {
    auto [client, server] = co_await handshake(client_context(), server_context(), "example.org");
    const auto reading = hob::create_task(read_some, client, 10);
    co_await hob::sleep(1s);
    client->close();
    client->close();
    const auto outcome = co_await hob::as_result(reading);
    const hob::Slice slice{"x", 1};
    CHECK(client->try_write(&slice, 1) == -EBADF);
    CHECK(client->try_shutdown() == 0);
    CHECK(client->closed());
    co_return hob::describe(outcome.exception());
  };
  CHECK(run_virtual(main()) == "OSError: read: [Errno 9] Bad file descriptor");
}

TEST_CASE("TLS in TLS") {
  const auto main = [](std::string data, Options options) -> Coro<std::string> {
    auto [outer_client, outer_server] =
        co_await handshake(client_context(), server_context(), "example.org", options);
    const TlsContext client_side = client_context();
    const TlsContext server_side = server_context();
    hob::Security* client_security = client_side;
    hob::Security* server_security = server_side;
    SecurityRequest ask(std::string("a.wild.example.org"));
    SecurityRequest answer;
    auto pair = hob::gather(client_security->connect(outer_client, std::move(ask)),
                            server_security->accept(outer_server, std::move(answer)));
    auto [client, server] = co_await std::move(pair);
    const auto sending = hob::create_task(send_and_close, client, std::move(data));
    std::string all = co_await read_all(server);
    co_await wire::close(server);
    co_await sending;
    hob::ExtraInfo info;
    server->describe(info);
    CHECK(info.security->server_name == "a.wild.example.org");
    co_return all;
  };
  const std::string data = pattern(100'000);
  CHECK(run_virtual(main(data, {})) == data);
  Options options;
  options.capacity = 50;
  options.stutter = true;
  CHECK(run_virtual(main(data, options)) == data);
}

TEST_CASE("start_tls: bytes that were read before belong to the handshake") {
  const auto main = []() -> Coro<std::string> {
    const Ends ends = make_ends();
    const TlsContext client_side = client_context();
    const TlsContext server_side = server_context();
    hob::Security* client_security = client_side;
    hob::Security* server_security = server_side;
    SecurityRequest ask(std::string("example.org"));
    auto connecting = client_security->connect(ends.client, std::move(ask));
    const auto task = hob::create_task(std::move(connecting));
    SecurityRequest answer;
    answer.received = co_await read_some(ends.server, 100);
    auto server = co_await server_security->accept(ends.server, std::move(answer));
    const auto client = co_await task;
    co_await write_all(server, "hello");
    co_return co_await read_exactly(client, 5);
  };
  CHECK(run_virtual(main()) == "hello");
}

}  // namespace
