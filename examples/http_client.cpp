// The HTTP client in small pieces, against a server in the same program.
#include <hob/hob.hpp>
#include <hob/http.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <string>

namespace http = hob::http;
using namespace std::chrono_literals;
using hob::Coro;
using Json = nlohmann::json;

// [get]
Coro<> show_user(http::ClientSession& session) {
  auto response = co_await session.get("/users/7").params(http::Params("lang", "en"));
  const Json user = co_await response.json();
  std::printf("%d %s\n", response.status(), user.at("name").get<std::string>().c_str());
}
// [get]

// [post]
Coro<> send_things(http::ClientSession& session) {
  Json user;
  user["name"] = "Grace";
  auto made = co_await session.post("/echo").json(user).header("X-Trace", "1").timeout(5s);
  std::printf("%s\n", (co_await made.text()).c_str());

  auto form = co_await session.post("/echo").data(http::Params("city", "New York"));
  std::printf("%s\n", (co_await form.text()).c_str());
}
// [post]

// [upload]
hob::AsyncGenerator<std::string> countdown() {
  for (int i = 3; i > 0; --i) {
    co_yield std::to_string(i) + ' ';
    co_await hob::sleep(1ms);
  }
}

Coro<> upload(http::ClientSession& session) {
  auto response = co_await session.put("/echo").data(countdown());  // chunked, as it is made
  std::printf("%s\n", (co_await response.text()).c_str());
}
// [upload]

// [lines]
Coro<> read_lines(http::ClientSession& session) {
  auto response = co_await session.get("/poem");
  while (auto line = co_await response.content().next_line()) {
    std::printf("  %s\n", line->c_str());
  }
}
// [lines]

// [errors]
Coro<> handle_errors(http::ClientSession& session) {
  try {
    co_await session.get("/nobody").raise_for_status();
  } catch (const http::ClientResponseError& error) {
    std::printf("status %d\n", error.status());
  } catch (const http::ClientError& error) {
    std::printf("no response: %s\n", error.what());
  } catch (const hob::TimeoutError&) {
    std::printf("too slow\n");
  }
}
// [errors]

// [session]
Coro<> use_session(std::string base_url) {
  http::ClientOptions options;
  options.base_url = base_url;
  options.headers.add("Accept-Language", "en");
  options.timeout.total = 30s;
  options.limit_per_host = 10;
  http::ClientSession session(options);
  co_await show_user(session);
  co_await send_things(session);
  co_await upload(session);
  co_await read_lines(session);
  co_await handle_errors(session);
  std::printf("%zu requests, %zu connections\n",
              static_cast<std::size_t>(session.statistics().requests),
              static_cast<std::size_t>(session.statistics().connections_created));
}
// [session]

// Puts what was sent back.
Coro<http::ServerResponse> echo(http::ServerRequest& request) {
  std::string body = co_await request.text();
  co_return http::text_response(std::move(body));
}

Coro<> serve_and_ask() {
  http::Server server;
  server.get("/users/{id}", [](http::ServerRequest&) {
    return http::json_text_response(R"({"id": 7, "name": "Ada"})");
  });
  server.get("/poem", [](http::ServerRequest&) {
    return http::text_response("so much depends\nupon\n\na red wheel\nbarrow\n");
  });
  server.post("/echo", &echo).put("/echo", &echo);
  co_await server.start("127.0.0.1", 0);
  co_await use_session("http://127.0.0.1:" + std::to_string(server.port()));
  co_await server.shutdown();
}

int main() { hob::run(serve_and_ask()); }
