// What a server is made of: routes in groups, middleware, bodies that stream in and out, cookies,
// errors, limits, and an end that lets requests in flight finish.
#include <hob/hob.hpp>

#include <hob/http.hpp>

#include <csignal>
#include <iostream>
#include <string>
#include <utility>

using namespace std::chrono_literals;
namespace http = hob::http;
using hob::Coro;

// [handlers]
http::ServerResponse hello(http::ServerRequest& request) {
  const auto name = request.query().get("name").value_or("world");
  return http::text_response("Hello, " + std::string(name) + "!\n");
}

Coro<http::ServerResponse> boil(http::ServerRequest& request) {
  const int minutes = request.match_info<int>("minutes");
  if (minutes > 60) throw http::HTTPUnprocessableEntity("nothing boils that long");
  co_await hob::sleep(minutes * 1ms);  // other requests are answered meanwhile
  co_return http::text_response("done after " + std::to_string(minutes) + "\n");
}
// [handlers]

// [streams]
// Counts a body of any size without keeping it: while we do not read, the client has to wait.
Coro<http::ServerResponse> measure(http::ServerRequest& request) {
  std::size_t bytes = 0;
  while (auto chunk = co_await request.next_chunk()) bytes += chunk->size();
  co_return http::text_response(std::to_string(bytes) + " bytes\n");
}

// The files of a form, as they come.
Coro<http::ServerResponse> upload(http::ServerRequest& request) {
  http::MultipartReader parts(request);
  std::string report;
  while (co_await parts.next()) {
    if (!parts.filename()) continue;
    std::size_t bytes = 0;
    while (auto chunk = co_await parts.next_chunk()) bytes += chunk->size();
    report += *parts.filename() + ": " + std::to_string(bytes) + " bytes\n";
  }
  co_return http::text_response(report);
}

// A body that is made while it is sent: in chunks, and no faster than the client takes it.
http::ServerResponse count_down(http::ServerRequest&) {
  return http::stream_response([](http::BodyWriter& body) -> Coro<> {
    for (int i = 3; i > 0; --i) {
      co_await body.write(std::to_string(i) + " ");
      co_await hob::sleep(1ms);
    }
    co_await body.write("go\n");
  });
}
// [streams]

// [middleware]
Coro<http::ServerResponse> only_members(http::ServerRequest& request, http::Next next) {
  const auto session = request.cookies().get("session").value_or("");
  if (session != "42") throw http::HTTPFound("/login");
  request["user"] = "ann";
  http::ServerResponse response = co_await next(request);
  response.header("Cache-Control", "private");
  co_return response;
}
// [middleware]

// [cookies]
http::ServerResponse log_in(http::ServerRequest&) {
  http::CookieOptions options;
  options.http_only = true;
  options.same_site = http::SameSite::lax;
  options.max_age = 3600;
  return http::text_response("welcome\n").set_cookie("session", "42", options);
}
// [cookies]

// [routes]
void add_routes(http::Server& server) {
  server.get("/", hello);
  server.get("/boil/{minutes:int}", boil, "boil");
  server.post("/measure", measure).post("/upload", upload).get("/count", count_down);
  server.get("/login", log_in);
  auto members = server.group("/members");  // a prefix, and middleware of its own
  members.middleware(only_members);
  members.get("/kitchen", [](http::ServerRequest& request) {
    return http::text_response(request["user"] + " may cook\n");
  });
}
// [routes]

// [options]
http::HttpServerOptions kitchen_options() {
  http::HttpServerOptions options;
  options.connections_max = 10'000;
  options.body_max = 64 << 20;
  options.header_timeout = 10s;
  options.compress = true;
  options.error_pages = http::ErrorPages::negotiated;
  return options;
}
// [options]

Coro<> show(http::RequestBuilder request) {
  auto response = co_await std::move(request);
  const std::string text = co_await response.text();
  std::cout << response.status() << " " << text << (text.ends_with('\n') ? "" : "\n");
}

Coro<> visit(std::string url) {
  http::ClientOptions options;
  options.base_url = url;
  http::ClientSession session(options);
  co_await show(session.get("/").params(http::Params("name", "Ann")));
  co_await show(session.get("/boil/5"));
  co_await show(session.get("/boil/99"));
  co_await show(session.get("/boil/egg"));
  co_await show(session.get("/boil/99").header("Accept", "application/json"));
  co_await show(session.post("/measure").data(std::string(100'000, 'x')));
  http::FormData form;
  form.add("note", "two files").add_file("a", "soup", "soup.txt").add_file("b", "", "empty.txt");
  co_await show(session.post("/upload").data(form));
  co_await show(session.get("/count"));
  co_await show(session.get("/members/kitchen"));  // is sent to /login, and gets a cookie
  co_await show(session.get("/members/kitchen"));
}

// [lifetime]
Coro<> open_kitchen() {
  http::Server server(kitchen_options());
  add_routes(server);
  co_await server.start("127.0.0.1", 0);
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
  std::cout << server.url_for("boil", http::Params("minutes", 5)) << "\n";
  co_await visit(url);
  // Accepts no more, lets what is on the stove finish, but not longer than that.
  co_await server.shutdown(10s);
}
// [lifetime]

// [cores]
// The same on all processors, over TLS: each loop has a server of its own.
Coro<> open_kitchens(std::string certificate_file, std::uint16_t port) {
  const hob::TlsContext context = http::create_server_context(certificate_file);
  hob::ServerOptions options;
  options.ssl = context;
  hob::Runtime runtime;
  co_await http::serve(runtime, add_routes, "0.0.0.0", port, options);
}
// [cores]

// [program]
// What a program's main runs: until Ctrl-C or SIGTERM, then ten seconds for what is on the stove.
Coro<> serve_until_told(std::uint16_t port) {
  auto told = hob::signals(SIGINT, SIGTERM);  // first: from here on they do not end the program
  http::Server server(kitchen_options());
  add_routes(server);
  co_await server.start("127.0.0.1", port);
  co_await told.anext();
  co_await server.shutdown(10s);
}
// [program]

Coro<> tell_it_at_once() {
  auto serving = hob::create_task(serve_until_told, std::uint16_t{0});
  co_await hob::sleep(0s);
  std::raise(SIGTERM);
  co_await serving;
  std::cout << "the kitchen is closed\n";
}

int main(int count, char** arguments) {
  if (count == 3) {
    hob::run(open_kitchens(arguments[1], static_cast<std::uint16_t>(std::atoi(arguments[2]))));
  } else {
    hob::run(open_kitchen());
    hob::run(tell_it_at_once());
  }
}
