// Server-sent events: a kitchen tells everyone who listens what is ready. A listener that loses the
// connection comes back with the id of the last event it has got, and misses nothing; one that
// leaves is forgotten at once, whatever its handler waits for.
#include <hob/hob.hpp>

#include <hob/http.hpp>

#include <deque>
#include <iostream>
#include <set>
#include <string>

using namespace std::chrono_literals;
namespace http = hob::http;

// [kitchen]
struct Kitchen {
  std::deque<std::string> ready;  // everything so far; the id of an event is its place
  hob::Condition changed;
  int listeners = 0;
};

hob::Coro<> announce(Kitchen& kitchen, std::string dish) {
  co_await kitchen.changed.acquire();
  kitchen.ready.push_back(dish);
  kitchen.changed.notify_all();
  kitchen.changed.release();
}

// Runs until the client goes away: then it is cancelled.
hob::Coro<> tell(Kitchen& kitchen, std::size_t next, http::EventStream& events) {
  struct Listener {
    Kitchen& kitchen;
    explicit Listener(Kitchen& k) : kitchen(k) { ++kitchen.listeners; }
    ~Listener() { --kitchen.listeners; }
  } listener(kitchen);
  while (true) {
    while (next < kitchen.ready.size()) {
      http::ServerEvent event("ready", kitchen.ready[next]);
      event.id = std::to_string(++next);
      co_await events.send(event);
    }
    co_await kitchen.changed.acquire();
    auto waiting = co_await hob::as_result(kitchen.changed.wait());
    kitchen.changed.release();
    waiting.value();
  }
}

http::ServerResponse listen(Kitchen& kitchen, http::ServerRequest& request) {
  const std::string last(http::last_event_id(request));
  const std::size_t next = last.empty() ? kitchen.ready.size() : std::stoul(last);
  return http::event_stream(
      [&kitchen, next](http::EventStream& events) { return tell(kitchen, next, events); });
}
// [kitchen]

// Prints `count` events and leaves; gives the id of the last one.
hob::Coro<std::string> hear(http::ClientSession& session, std::string name, std::string last,
                            int count) {
  auto request = session.get("/ready");
  if (!last.empty()) request.header("Last-Event-ID", last);
  auto response = co_await std::move(request);
  while (count > 0) {
    const auto line = co_await response.content().next_line();
    if (!line) break;
    if (line->starts_with("id: ")) last = line->substr(4);
    if (!line->starts_with("data: ")) continue;
    std::cout << name << " hears: " << line->substr(6) << " (" << last << ")\n";
    --count;
  }
  co_return last;
}

hob::Coro<> until_listeners(Kitchen& kitchen, int count) {
  while (kitchen.listeners != count) co_await hob::sleep(1ms);
  std::cout << count << " listening\n";
}

hob::Coro<> serve_dinner() {
  Kitchen kitchen;
  http::Server server;
  server.get("/ready", [&](http::ServerRequest& request) { return listen(kitchen, request); });
  co_await server.start("127.0.0.1", 0);
  http::ClientOptions options;
  options.base_url = "http://127.0.0.1:" + std::to_string(server.port());
  http::ClientSession session(options);

  auto ann = hob::create_task(hear(session, "Ann", "", 2));
  co_await until_listeners(kitchen, 1);
  co_await announce(kitchen, "soup");
  co_await announce(kitchen, "rice");
  const std::string last = co_await ann;
  co_await until_listeners(kitchen, 0);  // nobody wrote to Ann, and yet she is gone
  co_await announce(kitchen, "beans");
  co_await announce(kitchen, "tea");
  co_await hear(session, "Ann, back,", last, 2);
  session.close();
  co_await server.shutdown();
}

int main() { hob::run(serve_dinner()); }
