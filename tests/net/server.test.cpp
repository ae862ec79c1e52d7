// SPDX-License-Identifier: MIT
// What a server does besides serving: starting late, ending, failing handlers, a full system.
#include <hob/hob.hpp>

#include <hob/testing/faults.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::testing::Faults;
using hob::testing::run_virtual;

namespace server_test {
namespace {

hob::Coro<> hold(hob::StreamReader reader, hob::StreamWriter) {
  const std::string all = co_await reader.read();
  CHECK(all.empty());
}

hob::Coro<> greet(hob::StreamReader, hob::StreamWriter writer) {
  writer.write("hi");
  co_return;
}

hob::Coro<std::string> visit(std::uint16_t port) {
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", port);
  co_return co_await reader.read();
}

}  // namespace

TEST_CASE("a server starts when it is told to, and serves forever until cancelled") {
  const auto main = []() -> hob::Coro<> {
    hob::ServerOptions options;
    options.start_serving = false;
    auto server = co_await hob::start_server(greet, "127.0.0.1", 0, options);
    CHECK_FALSE(server.is_serving());
    auto forever =
        hob::create_task([](hob::Server s) -> hob::Coro<> { co_await s.serve_forever(); }, server);
    co_await hob::sleep(0s);
    CHECK(server.is_serving());
    CHECK(server.sockets().size() == 1);
    const auto twice = co_await hob::as_result(server.serve_forever());
    CHECK(hob::type_name(twice.exception()) == "RuntimeError");
    const std::string hi = co_await visit(server.port());
    CHECK(hi == "hi");
    forever.cancel();
    const auto ended = co_await hob::as_result(forever);
    CHECK(ended.cancelled());
    CHECK(server.sockets().empty());
    CHECK_THROWS_AS(server.start_serving(), hob::RuntimeError);
  };
  run_virtual(main());
}

TEST_CASE("wait_closed waits for the connections, which close_clients and abort_clients end") {
  for (const bool abort : {false, true}) {
    const auto main = [abort]() -> hob::Coro<> {
      auto server = co_await hob::start_server(hold, "127.0.0.1", 0);
      auto first = co_await hob::open_connection("127.0.0.1", server.port());
      auto second = co_await hob::open_connection("127.0.0.1", server.port());
      while (server.connections() < 2) co_await hob::sleep(1ms);
      server.close();
      auto closed = hob::create_task(server.wait_closed());
      co_await hob::sleep(1s);
      CHECK_FALSE(closed.done());
      abort ? server.abort_clients() : server.close_clients();
      co_await closed;
      CHECK(server.connections() == 0);
      const auto end = co_await hob::as_result(first.reader.read());
      if (abort) {
        CHECK(hob::type_name(end.exception()) == "OSError");
      } else {
        CHECK(end.value().empty());
      }
    };
    run_virtual(main());
  }
}

TEST_CASE("a handler's error is reported, and its connection closed") {
  const auto main = []() -> hob::Coro<> {
    std::vector<std::string> reports;
    hob::get_running_loop().set_exception_handler(
        [&](hob::EventLoop&, const hob::ExceptionContext& context) {
          reports.push_back(context.message + ": " + hob::describe(context.exception));
        });
    const auto fails = [](hob::StreamReader, hob::StreamWriter) -> hob::Coro<> {
      co_await hob::sleep(0s);
      throw hob::ValueError("oops");
    };
    auto server = co_await hob::start_server(fails, "127.0.0.1", 0);
    const std::string nothing = co_await visit(server.port());
    CHECK(nothing.empty());
    CHECK(reports ==
          std::vector<std::string>{"Unhandled exception in client_connected_cb: ValueError: oops"});
    server.close();
  };
  run_virtual(main());
}

TEST_CASE("a handler may be a plain function that keeps the stream") {
  const auto main = []() -> hob::Coro<> {
    hob::Queue<hob::Stream> accepted;
    const auto keep = [&accepted](hob::StreamReader reader, hob::StreamWriter writer) {
      accepted.put_nowait(hob::Stream(reader, writer));
    };
    auto server = co_await hob::start_server(keep, "127.0.0.1", 0);
    auto visiting = hob::create_task(visit(server.port()));
    hob::Stream stream = co_await accepted.get();
    stream.writer.write("kept");
    stream.writer.close();
    const std::string got = co_await visiting;
    CHECK(got == "kept");
    server.close();
  };
  run_virtual(main());
}

TEST_CASE("out of descriptors a server pauses for a second, and does not spin") {
  const auto main = []() -> hob::Coro<> {
    int reports = 0;
    hob::get_running_loop().set_exception_handler(
        [&](hob::EventLoop&, const hob::ExceptionContext&) { ++reports; });
    auto server = co_await hob::start_server(greet, "127.0.0.1", 0);
    Faults faults;
    faults.fail(Faults::Call::accept, EMFILE, 1, 5);
    const hob::Duration before = hob::get_running_loop().time();
    const std::string hi = co_await visit(server.port());
    CHECK(hi == "hi");
    CHECK(reports == 5);
    const hob::Duration took = hob::get_running_loop().time() - before;
    CHECK(took >= hob::Duration(5s));
    CHECK(took < hob::Duration(6s));
    CHECK(faults.calls(Faults::Call::accept) < 10);
    server.close();
  };
  run_virtual(main());
}

TEST_CASE("many connections at once are accepted in batches, and nobody is forgotten") {
  const auto main = []() -> hob::Coro<> {
    auto server = co_await hob::start_server(greet, "127.0.0.1", 0);
    std::vector<hob::Task<std::string>> visits;
    for (int i = 0; i < 90; ++i) visits.push_back(hob::create_task(visit(server.port())));
    for (auto& each : visits) {
      const std::string hi = co_await each;
      CHECK(hi == "hi");
    }
    server.close();
    co_await server.wait_closed();
  };
  hob::run(main());
}

TEST_CASE("all interfaces, one port; a port in use is an error; reuse_port shares") {
  const auto main = []() -> hob::Coro<> {
    hob::ServerOptions options;
    options.reuse_port = true;
    auto server = co_await hob::start_server(greet, "", 0, options);
    CHECK(server.sockets().size() >= 1);
    for (const auto& address : server.sockets()) CHECK(address.port == server.port());
    const auto taken = co_await hob::as_result(hob::start_server(greet, "", server.port()));
    CHECK(hob::type_name(taken.exception()) == "OSError");
    auto second = co_await hob::start_server(greet, "", server.port(), options);
    CHECK(second.port() == server.port());
    server.close();
    second.close();
  };
  run_virtual(main());
}

TEST_CASE("a server that nobody closed ends with its loop") {
  hob::Server kept;
  const auto main = [](hob::Server& server) -> hob::Coro<> {
    server = co_await hob::start_server(greet, "127.0.0.1", 0);
  };
  hob::run(main(kept));
  CHECK_FALSE(kept.is_serving());
  kept.close();
}

}  // namespace server_test
