// Uploads that are never in memory as a whole: a generator, a file, and a form with a file in it.
#include <hob/hob.hpp>
#include <hob/http.hpp>

#include <chrono>
#include <cstdio>
#include <string>

namespace http = hob::http;
using namespace std::chrono_literals;
using hob::Coro;

// [generator]
hob::AsyncGenerator<std::string> measurements(int count) {
  for (int i = 0; i < count; ++i) {
    co_yield std::to_string(20 + i % 3) + " degrees\n";
    if (i % 100 == 0) co_await hob::sleep(1ms);  // they take their time
  }
}

Coro<> upload_generator(http::ClientSession& session) {
  // Nobody knows the length: it travels in chunks, as fast as the server takes them.
  auto response = co_await session.post("/upload").data(measurements(1000));
  std::printf("generator: %s\n", (co_await response.text()).c_str());
}
// [generator]

// [file]
Coro<> upload_file(http::ClientSession& session, std::string path) {
  // With Content-Length; asks first whether the server wants it.
  auto response = co_await session.put("/upload").file(path).expect_continue();
  std::printf("file: %s\n", (co_await response.text()).c_str());
}
// [file]

// [form]
Coro<> upload_form(http::ClientSession& session, std::string path) {
  http::FormData form;
  form.add("author", "Ada").add_path("notes", path);
  form.add_stream("log", measurements(10), "today.log", "text/plain");
  auto response = co_await session.post("/form").data(form);
  std::printf("%s", (co_await response.text()).c_str());
}
// [form]

// --- The server -------------------------------------------------------------------------------

Coro<http::ServerResponse> count(http::ServerRequest& request) {
  std::size_t bytes = 0;
  while (auto piece = co_await request.next_chunk()) bytes += piece->size();
  const auto type = http::ContentType::parse(request.headers().get("Content-Type"));
  co_return http::text_response(std::to_string(bytes) + " bytes of " + type.type);
}

Coro<http::ServerResponse> take_form(http::ServerRequest& request) {
  using Event = http::MultipartParser::Event;
  auto parser = http::MultipartParser::for_type(request.headers().get("Content-Type"));
  std::string report;
  std::size_t size = 0;
  for (;;) {
    const Event event = parser.next();
    if (event == Event::end) break;
    if (event == Event::need_more) {
      auto piece = co_await request.next_chunk();
      if (piece) parser.feed(*piece);
      if (!piece) parser.finish();
    } else if (event == Event::data) {
      size += parser.data().size();
    } else if (event == Event::part) {
      size = 0;
    } else if (event == Event::part_end) {
      report += "form: " + std::string(parser.disposition().name().value_or("")) + ", file " +
                parser.disposition().filename().value_or("none") + ", " + std::to_string(size) +
                " bytes\n";
    }
  }
  co_return http::text_response(std::move(report));
}

Coro<> run_all() {
  http::Server server;
  server.post("/upload", &count).put("/upload", &count).post("/form", &take_form);
  co_await server.start("127.0.0.1", 0);
  auto folder = co_await hob::temporary_directory();
  const std::string path = folder.name() + "/notes.txt";
  const std::string content(500'000, 'n');
  co_await hob::write_file(path, content);
  http::ClientOptions options;
  options.base_url = "http://127.0.0.1:" + std::to_string(server.port());
  {
    http::ClientSession session(options);
    co_await upload_generator(session);
    co_await upload_file(session, path);
    co_await upload_form(session, path);
  }
  co_await folder.cleanup();
  co_await server.shutdown();
}

int main() { hob::run(run_all()); }
