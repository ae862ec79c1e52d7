// SPDX-License-Identifier: MIT
// Cancelling TLS at every suspension: nothing is left, and what was cancelled can be done again.

#include <doctest/doctest.h>

#include <hob/task/sleep.hpp>
#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/run_virtual.hpp>

#include "tls/wire.hpp"

namespace {

using namespace wire;  // NOLINT(google-build-using-namespace)
using hob::testing::cancel_everywhere;

Options slow() {
  Options options;
  options.capacity = 600;
  options.stutter = true;
  return options;
}

TEST_CASE("a handshake") {
  const std::size_t count = cancel_everywhere([]() -> Coro<> {
    auto [client, server] =
        co_await handshake(client_context(), server_context(), "example.org", slow());
    client->close();
    server->close();
  });
  CHECK(count >= 10);
}

Coro<> echo_some(TransportRef transport, std::size_t size) {
  std::string data = co_await read_exactly(transport, size);
  co_await write_all(transport, std::move(data));
  co_await wire::close(transport);
}

// A client that is cancelled hangs up: then this fails, and that is right.
Coro<> try_echo(TransportRef transport, std::size_t size) {
  const auto outcome = co_await hob::as_result(echo_some(std::move(transport), size));
  if (outcome.cancelled()) outcome.value();
}

TEST_CASE("reading, writing and closing") {
  const std::size_t count = cancel_everywhere([]() -> Coro<> {
    auto [client, server] =
        co_await handshake(client_context(), server_context(), "example.org", slow());
    const auto echoing = hob::create_task(try_echo, server, 2000);
    co_await write_all(client, std::string(2000, 'x'));
    const std::string back = co_await read_exactly(client, 2000);
    co_await wire::close(client);
    co_await echoing;
  });
  CHECK(count > 30);
}

TEST_CASE("a handshake inside TLS") {
  cancel_everywhere([]() -> Coro<> {
    auto [outer_client, outer_server] =
        co_await handshake(client_context(), server_context(), "example.org");
    const TlsContext client_side = client_context();
    const TlsContext server_side = server_context();
    hob::Security* client_security = client_side;
    hob::Security* server_security = server_side;
    SecurityRequest ask(std::string("example.org"));
    SecurityRequest answer;
    auto pair = hob::gather(client_security->connect(outer_client, std::move(ask)),
                            server_security->accept(outer_server, std::move(answer)));
    auto [client, server] = co_await std::move(pair);
    client->close();
    server->close();
  });
}

TEST_CASE("waiting for the peer's good-bye") {
  cancel_everywhere([]() -> Coro<> {
    auto [client, server] = co_await handshake(client_context(), server_context(), "example.org");
    const auto sending = hob::create_task(write_all, server, std::string(200'000, 'x'));
    const auto closing = hob::create_task(wire::close, client);
    co_await hob::sleep(std::chrono::seconds(1));
    server->close();
    co_await hob::as_result(sending);
    co_await closing;
  });
}

// A reader that is cancelled at each of its suspensions and starts again sees every byte once.
TEST_CASE("a cancelled read or write loses nothing and repeats nothing") {
  const auto main = []() -> Coro<> {
    Options options = slow();
    options.step = 100;
    auto [client, server] =
        co_await handshake(client_context(), server_context(), "example.org", options);
    std::string sent;
    for (int i = 0; i < 5000; ++i) sent += static_cast<char>('a' + i % 26);
    std::size_t written = 0;
    std::string received;
    struct Half {
      static Coro<> write(TransportRef to, const std::string* data, std::size_t* done) {
        while (*done < data->size()) {
          const hob::Slice slice{data->data() + *done,
                                 std::min<std::size_t>(data->size() - *done, 700)};
          const long count = to->try_write(&slice, 1);
          if (count > 0) *done += static_cast<std::size_t>(count);
          if (count == -EAGAIN) {
            co_await hob::detail::TransportReady(*to, Transport::kWrite);
          } else if (count < 0) {
            raise(*to, count, "write");
          }
        }
      }
      static Coro<> read(TransportRef from, std::string* all, std::size_t size) {
        while (all->size() < size) *all += co_await read_some(from, size - all->size());
      }
    };
    for (int turn = 0; written < sent.size() || received.size() < sent.size(); ++turn) {
      const auto writing = hob::create_task(&Half::write, client, &sent, &written);
      const auto reading = hob::create_task(&Half::read, server, &received, sent.size());
      for (int i = 0; i < 1 + turn % 5; ++i) co_await hob::sleep(hob::Duration());
      writing.cancel();
      reading.cancel();
      co_await hob::as_result(writing);
      co_await hob::as_result(reading);
    }
    CHECK(received == sent);
    client->close();
    server->close();
  };
  hob::testing::run_virtual(main());
}

}  // namespace
