// SPDX-License-Identifier: MIT
// Clients that go away while their request is answered: who learns of it, and what is cancelled.
#include <hob/core/cancelled_error.hpp>
#include <hob/core/error.hpp>
#include <hob/http/event_stream.hpp>
#include <hob/http/server.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/task.hpp>
#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/memory_stream.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace disconnect_test {
namespace {

using hob::Coro;
using hob::http::HttpServerOptions;
using hob::http::Server;
using hob::http::ServerRequest;
using hob::http::ServerResponse;
using hob::http::text_response;

int now() { return static_cast<int>(hob::get_running_loop().time().seconds()); }

/// Sleeps, and notes how that ended.
Coro<> nap(std::vector<std::string>& notes) {
  const auto slept = co_await hob::as_result(hob::sleep(100s));
  notes.push_back((slept ? "slept " : "cancelled ") + std::to_string(now()));
  slept.value();
}

/// Sends `request`, goes away after 3 seconds, and waits for the connection's end.
Coro<int> visit(Server& server, std::string request) {
  auto [mine, its] = hob::testing::memory_stream_pair();
  auto task = hob::create_task(server.serve(std::move(its)));
  mine.writer.write(request);
  co_await hob::sleep(3s);
  mine.writer.close();
  co_await task;
  co_return now();
}

#define GET_OF(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

}  // namespace

TEST_CASE("a handler goes on when its client is gone, unless the server cancels handlers") {
  for (const bool cancels : {false, true}) {
    HttpServerOptions options;
    options.handler_cancellation = cancels;
    Server server(std::move(options));
    std::vector<std::string> notes;
    server.get("/", [&](ServerRequest&) -> Coro<ServerResponse> {
      co_await nap(notes);
      co_return text_response("late");
    });
    CHECK(hob::testing::run_virtual(visit(server, GET_OF("/"))) == (cancels ? 3 : 100));
    CHECK(notes == std::vector<std::string>{cancels ? "cancelled 3" : "slept 100"});
    CHECK(server.connections() == 0);
  }
}

TEST_CASE("requests that come meanwhile are kept, and answered in their order") {
  HttpServerOptions options;
  options.handler_cancellation = true;
  Server server(std::move(options));
  server.get("/{n}", [](ServerRequest& request) -> Coro<ServerResponse> {
    co_await hob::sleep(10s);
    co_return text_response(std::string(request.match_info("n")));
  });
  server.post("/", [](ServerRequest& request) -> Coro<ServerResponse> {
    co_await hob::sleep(10s);
    std::string body = co_await request.read();
    co_return text_response(std::move(body));
  });
  const auto main = [&]() -> Coro<std::string> {
    hob::testing::MemoryStreamOptions cut;
    cut.chunk = 7;
    auto [mine, its] = hob::testing::memory_stream_pair(cut);
    auto task = hob::create_task(server.serve(std::move(its)));
    std::string bodies;
    mine.writer.write(GET_OF("/1"));
    co_await hob::sleep(1s);
    mine.writer.write(GET_OF("/2") "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n33");
    co_await hob::sleep(25s);
    mine.writer.write("33" GET_OF("/4"));
    for (int i = 0; i < 4; ++i) {
      const std::string head = co_await mine.reader.readuntil("\r\n\r\n");
      const std::size_t at = head.find("Content-Length: ") + 16;
      bodies += co_await mine.reader.readexactly(std::stoul(head.substr(at))) + " ";
    }
    mine.writer.close();
    co_await task;
    co_return bodies;
  };
  CHECK(hob::testing::run_virtual(main()) == "1 2 3333 4 ");
}

TEST_CASE("a client that sends for ever while it is watched has to wait") {
  HttpServerOptions options;
  options.handler_cancellation = true;
  Server server(std::move(options));
  std::vector<std::string> notes;
  server.get("/", [&](ServerRequest&) -> Coro<ServerResponse> {
    co_await nap(notes);
    co_return text_response("done").header("Connection", "close");
  });
  const auto main = [&]() -> Coro<std::size_t> {
    hob::testing::MemoryStreamOptions small;
    small.capacity = 1000;
    auto [mine, its] = hob::testing::memory_stream_pair(small);
    auto task = hob::create_task(server.serve(std::move(its)));
    mine.writer.write(GET_OF("/") + std::string(1 << 20, 'x'));
    co_await hob::sleep(50s);
    const std::size_t unsent = mine.writer.get_write_buffer_size();
    const std::string answer = co_await mine.reader.readuntil("done");
    mine.writer.abort();
    co_await task;
    co_return unsent;
  };
  CHECK(hob::testing::run_virtual(main()) > 900'000);
  CHECK(notes == std::vector<std::string>{"slept 100"});
}

TEST_CASE("a handler can ask") {
  Server server;
  std::vector<std::string> notes;
  server.get("/", [&](ServerRequest& request) -> Coro<ServerResponse> {
    notes.push_back(request.is_disconnected() ? "gone" : "there");
    co_await request.disconnected();
    notes.push_back(std::to_string(now()) + (request.is_disconnected() ? " gone" : " there"));
    co_await request.disconnected();
    co_return text_response("nobody reads this");
  });
  CHECK(hob::testing::run_virtual(visit(server, GET_OF("/"))) == 3);
  CHECK(notes == std::vector<std::string>{"there", "3 gone"});
}

TEST_CASE("events end when nobody listens any more, and go on where they were lost") {
  Server server;
  std::vector<std::string> notes;
  server.get("/events", [&](ServerRequest& request) {
    std::string last(hob::http::last_event_id(request));
    if (last.empty()) last = "nothing";
    return hob::http::event_stream([&, last](hob::http::EventStream& events) -> Coro<> {
      co_await events.send("after " + last);
      co_await nap(notes);
    });
  });
  CHECK(hob::testing::run_virtual(visit(server, GET_OF("/events"))) == 3);
  CHECK(notes == std::vector<std::string>{"cancelled 3"});
  const auto main = [&]() -> Coro<std::string> {
    auto [mine, its] = hob::testing::memory_stream_pair();
    auto task = hob::create_task(server.serve(std::move(its)));
    mine.writer.write("GET /events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 41\r\n\r\n");
    const std::string head = co_await mine.reader.readuntil("\r\n\r\n");
    const std::string event = co_await mine.reader.readuntil("\n\n\r\n");
    mine.writer.close();
    co_await task;
    co_return event;
  };
  CHECK(hob::testing::run_virtual(main()) == "10\r\ndata: after 41\n\n\r\n");
}

TEST_CASE("an outer cancellation is not mistaken for a client that is gone") {
  HttpServerOptions options;
  options.handler_cancellation = true;
  Server server(std::move(options));
  std::vector<std::string> notes;
  server.get("/", [&](ServerRequest&) -> Coro<ServerResponse> {
    co_await nap(notes);
    co_return text_response("");
  });
  const auto main = [&]() -> Coro<bool> {
    auto [mine, its] = hob::testing::memory_stream_pair();
    auto task = hob::create_task(server.serve(std::move(its)));
    mine.writer.write(GET_OF("/"));
    co_await hob::sleep(1s);
    task.cancel();
    const auto ended = co_await hob::as_result(task);
    co_return !ended && task.cancelled();
  };
  CHECK(hob::testing::run_virtual(main()));
  CHECK(notes == std::vector<std::string>{"cancelled 1"});
}

TEST_CASE("a client can go away at any byte of the conversation") {
  const std::string requests =
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\nX: y\r\n\r\n" GET_OF("/events") GET_OF("/");
  for (const bool cancels : {false, true}) {
    HttpServerOptions options;
    options.handler_cancellation = cancels;
    Server server(std::move(options));
    server.get("/", [](ServerRequest&) { return text_response("hello"); });
    server.post("/echo", [](ServerRequest& request) -> Coro<ServerResponse> {
      std::string body = co_await request.read();
      co_await hob::sleep(1s);
      co_return text_response(std::move(body));
    });
    server.get("/events", [](ServerRequest&) {
      return hob::http::event_stream([](hob::http::EventStream& events) -> Coro<> {
        for (int i = 0; i < 3; ++i) {
          co_await events.send(std::to_string(i));
          co_await hob::sleep(1s);
        }
      });
    });
    const auto main = [&](std::size_t cut, bool resets) -> Coro<std::size_t> {
      std::size_t reports = 0;
      hob::get_running_loop().set_exception_handler(
          [&](hob::EventLoop&, const hob::ExceptionContext&) { ++reports; });
      auto [mine, its] = hob::testing::memory_stream_pair();
      auto task = hob::create_task(server.serve(std::move(its)));
      mine.writer.write(std::string_view(requests).substr(0, cut));
      co_await hob::sleep(1500ms);
      if (resets) {
        mine.writer.abort();
      } else {
        mine.writer.close();
      }
      co_await task;
      co_return reports;
    };
    for (std::size_t cut = 0; cut <= requests.size(); ++cut) {
      CAPTURE(cut);
      CHECK(hob::testing::run_virtual(main(cut, false)) == 0);
      CHECK(hob::testing::run_virtual(main(cut, true)) == 0);
      CHECK(server.connections() == 0);
    }
  }
}

TEST_CASE("handlers, their bodies and the watch can be cancelled anywhere") {
  hob::testing::CancelOptions all;
  hob::testing::cancel_everywhere(
      []() -> Coro<> {
        HttpServerOptions options;
        options.handler_cancellation = true;
        Server server(std::move(options));
        server.post("/", [](ServerRequest& request) -> Coro<ServerResponse> {
          std::string body = co_await request.read();
          co_await hob::sleep(1s);
          co_return text_response(std::move(body));
        });
        server.get("/events", [](ServerRequest&) {
          return hob::http::event_stream([](hob::http::EventStream& events) -> Coro<> {
            co_await events.send("1");
            co_await hob::sleep(100s);
          });
        });
        auto [mine, its] = hob::testing::memory_stream_pair();
        auto task = hob::create_task(server.serve(std::move(its)));
        mine.writer.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab");
        co_await hob::sleep(1s);
        mine.writer.write("c" GET_OF("/events"));
        const std::string event = co_await mine.reader.readuntil("1\n\n\r\n");
        mine.writer.close();
        co_await task;
      },
      all);
}

#undef GET_OF

}  // namespace disconnect_test
