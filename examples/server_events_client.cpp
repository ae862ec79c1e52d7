// Server-sent events, as a browser's EventSource reads them: the stream breaks off, and goes on on
// another connection where it was.
#include <hob/hob.hpp>
#include <hob/http.hpp>

#include <chrono>
#include <cstdio>
#include <string>

namespace http = hob::http;
using namespace std::chrono_literals;
using hob::Coro;

// [events]
Coro<> follow(http::ClientSession& session) {
  http::EventSource source(session, "/ticks");
  while (auto event = co_await source.next()) {
    std::printf("%s %s: %s\n", event->id.c_str(), event->event.c_str(), event->data.c_str());
    if (event->event == "goodbye") source.close();
  }
}
// [events]

// Five ticks, but no more than two on one connection.
http::ServerResponse ticks(http::ServerRequest& request) {
  const std::string last(request.headers().get("Last-Event-ID", "0"));
  auto send = [first = std::stoi(last) + 1](http::EventStream& events) -> Coro<> {
    for (int i = first; i < first + 2 && i <= 5; ++i) {
      http::ServerEvent event(i == 5 ? "goodbye" : "tick", "number " + std::to_string(i));
      event.id = std::to_string(i);
      event.retry_ms = 10;
      co_await events.send(event);
      co_await hob::sleep(5ms);
    }
  };
  return http::event_stream(std::move(send));
}

Coro<> run_all() {
  http::Server server;
  server.get("/ticks", &ticks);
  co_await server.start("127.0.0.1", 0);
  http::ClientOptions options;
  options.base_url = "http://127.0.0.1:" + std::to_string(server.port());
  {
    http::ClientSession session(options);
    co_await follow(session);
    std::printf("%d requests\n", static_cast<int>(session.statistics().requests));
  }
  co_await server.shutdown(1s);
}

int main() { hob::run(run_all()); }
