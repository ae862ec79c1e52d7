// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/event_stream.hpp>
#include <hob/http/server.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/task.hpp>
#include <hob/testing/memory_stream.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

namespace event_stream_test {

using hob::http::ServerEvent;

std::string written(const ServerEvent& event) {
  std::string out;
  hob::http::write_event(out, event);
  return out;
}

TEST_CASE("events are lines, and data of several lines is several lines of data") {
  CHECK(written({"hello"}) == "data: hello\n\n");
  CHECK(written({""}) == "data: \n\n");
  CHECK(written({"tick", "1"}) == "event: tick\ndata: 1\n\n");
  CHECK(written({"a\nb\r\nc\rd\n"}) == "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
  CHECK(written({"\n\ndata: forged"}) == "data: \ndata: \ndata: data: forged\n\n");
  ServerEvent event("x");
  event.id = "7";
  event.retry_ms = 500;
  CHECK(written(event) == "id: 7\nretry: 500\ndata: x\n\n");
}

TEST_CASE("nobody writes fields through a type or an id") {
  for (const char* bad : {"a\nb", "a\rb", "\n"}) {
    CHECK_THROWS_AS(written({bad, "x"}), hob::ValueError);
    ServerEvent event("x");
    event.id = bad;
    CHECK_THROWS_AS(written(event), hob::ValueError);
  }
}

TEST_CASE("events arrive when they are sent") {
  hob::http::Server server;
  server.get("/events", [](hob::http::ServerRequest&) {
    return hob::http::event_stream([](hob::http::EventStream& events) -> hob::Coro<> {
      for (int i = 0; i < 3; ++i) {
        co_await events.send(std::to_string(i));
        co_await hob::sleep(1s);
      }
      co_await events.ping();
    });
  });
  const auto main = [&]() -> hob::Coro<> {
    auto [mine, its] = hob::testing::memory_stream_pair();
    auto task = hob::create_task(server.serve(std::move(its)));
    mine.writer.write("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string head = co_await mine.reader.readuntil("\r\n\r\n");
    CHECK(head.find("\r\nContent-Type: text/event-stream\r\n") != std::string::npos);
    CHECK(head.find("\r\nCache-Control: no-store\r\n") != std::string::npos);
    for (int i = 0; i < 3; ++i) {
      const std::string event = co_await mine.reader.readuntil("\n\n\r\n");
      CHECK(event == "9\r\ndata: " + std::to_string(i) + "\n\n\r\n");
      CHECK(static_cast<int>(hob::get_running_loop().time().seconds()) == i);
    }
    const std::string rest = co_await mine.reader.readuntil("0\r\n\r\n");
    CHECK(rest == "3\r\n:\n\n\r\n0\r\n\r\n");
    mine.writer.close();
    co_await task;
  };
  hob::testing::run_virtual(main());
}

}  // namespace event_stream_test
