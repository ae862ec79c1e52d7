// A directory of files over HTTP: types, ranges, what the browser has already, compressed forms,
// and paths that try to get out. Server and client are this program.
#include <hob/hob.hpp>

#include <hob/http.hpp>

#include <iostream>
#include <string>

namespace http = hob::http;

// [server]
void add_site(http::Server& server, const std::string& directory) {
  http::StaticOptions options;
  options.cache_control = "max-age=3600";
  server.add_static("/static", directory, options);
}

hob::Coro<http::ServerResponse> send_report(http::ServerRequest& request, std::string path) {
  http::FileOptions options;
  options.attachment = "report.csv";  // the browser saves it
  co_return co_await http::file_response(request, path, options);
}
// [server]

hob::Coro<> make_site(std::string root) {
  co_await hob::makedirs(root + "/docs");
  co_await hob::write_file(root + "/docs/index.html", "<h1>Pots</h1>");
  co_await hob::write_file(root + "/app.js", "cook(pots);");
  co_await hob::write_file(root + "/app.js.gz", "(what gzip made of it)");
  co_await hob::write_file(root + "/report.csv", "pot,minutes\n1,5\n");
  co_await hob::write_file(root + "/.secret", "the recipe");
}

hob::Coro<> show(http::ClientSession& session, std::string path, std::string field = "",
                 std::string value = "") {
  auto request = session.get(path);
  if (!field.empty()) request.header(field, value);
  auto response = co_await std::move(request);
  std::cout << path;
  if (!field.empty()) std::cout << "  " << field << ": " << value;
  std::cout << "\n  " << response.status();
  for (const char* name : {"Content-Type", "Content-Range", "Content-Encoding",
                           "Content-Disposition", "Cache-Control"}) {
    if (response.headers().contains(name)) std::cout << "  " << response.headers()[name];
  }
  const std::string body = co_await response.text();
  if (response.ok() && !body.empty()) std::cout << "\n  " << body.substr(0, body.find('\n'));
  std::cout << "\n";
}

hob::Coro<> browse() {
  auto directory = co_await hob::temporary_directory();
  co_await make_site(directory.name());
  http::Server server;
  add_site(server, directory.name());
  server.get("/report", [&](http::ServerRequest& request) {
    return send_report(request, directory.name() + "/report.csv");
  });
  co_await server.start("127.0.0.1", 0);

  http::ClientOptions options;
  options.base_url = "http://127.0.0.1:" + std::to_string(server.port());
  options.auto_decompress = false;
  http::ClientSession session(options);
  co_await show(session, "/static/docs/");
  co_await show(session, "/static/docs");  // is sent on to docs/
  co_await show(session, "/static/app.js", "Accept-Encoding", "identity");
  co_await show(session, "/static/app.js", "Accept-Encoding", "gzip");
  co_await show(session, "/static/report.csv", "Range", "bytes=4-10");
  co_await show(session, "/static/report.csv", "Range", "bytes=99-");
  co_await show(session, "/report");
  co_await show(session, "/static/.secret");
  co_await show(session, "/static/%2e%2e/etc/passwd");
  auto first = co_await session.get("/static/app.js");
  const std::string etag(first.headers()["ETag"]);
  auto again = co_await session.get("/static/app.js").header("If-None-Match", etag);
  std::cout << "again: " << again.status() << "\n";
  session.close();
  co_await server.shutdown();
  co_await directory.cleanup();
}

int main() { hob::run(browse()); }
