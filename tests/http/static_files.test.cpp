// SPDX-License-Identifier: MIT
// Files as answers: over connections in memory, where bytes go by hand, and over sockets, where the
// kernel sends them.
#include <hob/core/error.hpp>
#include <hob/file/file.hpp>
#include <hob/file/paths.hpp>
#include <hob/file/temporary.hpp>
#include <hob/http/coding.hpp>
#include <hob/http/server.hpp>
#include <hob/http/static_files.hpp>
#include <hob/net/open_connection.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/run.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/task.hpp>
#include <hob/testing/faults.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "http/server_talk.hpp"

using namespace std::chrono_literals;

namespace static_files_test {
namespace {

using hob::Coro;
using hob::http::HttpServerOptions;
using hob::http::Server;
using hob::http::ServerRequest;
using hob::http::ServerResponse;
using hob::http::StaticOptions;
using hob::http::Symlinks;
using http_tests::Reply;

/// A directory with the files that the tests ask for.
class Site {
 public:
  Site() : site_(hob::run(make())) {}
  std::string root() const { return site_.name() + "/public"; }
  std::string path(const std::string& name) const { return site_.name() + "/" + name; }

 private:
  static Coro<hob::TemporaryDirectory> make() {
    auto site = co_await hob::temporary_directory();
    const std::string root = site.name() + "/public/";
    co_await hob::makedirs(root + "docs/deep");
    co_await hob::makedirs(root + "a:b");
    co_await hob::write_file(root + "hello.txt", "0123456789");
    co_await hob::write_file(root + "empty.bin", "");
    co_await hob::write_file(root + "a file.json", "[1]");
    co_await hob::write_file(root + ".env", "secret");
    co_await hob::write_file(root + "docs/index.html", "<p>docs</p>");
    co_await hob::write_file(root + "docs/deep/<x>&.txt", "x");
    co_await hob::write_file(root + "app.js", "let x = 1;");
    co_await hob::write_file(root + "app.js.br", "as brotli");
    co_await hob::write_file(root + "app.js.gz", "as gzip");
    std::string big(1 << 20, '\0');
    for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>('a' + i % 23);
    co_await hob::write_file(root + "big.bin", big);
    co_await hob::write_file(site.name() + "/outside.txt", "outside");
    co_await hob::symlink("hello.txt", root + "inner.txt");
    co_await hob::symlink("../outside.txt", root + "outer.txt");
    co_await hob::symlink("..", root + "up");
    co_await hob::symlink("loop", root + "loop");
    co_return site;
  }
  hob::TemporaryDirectory site_;
};

Reply ask(Server& server, std::string_view path, std::string_view fields = "",
          std::string_view method = "GET") {
  return hob::run(http_tests::send_to(server, http_tests::request_text(method, path, fields)));
}

}  // namespace

TEST_CASE("a file is answered with its type, length, time and tag") {
  const Site site;
  Server server;
  server.add_static("/s", site.root());
  const Reply reply = ask(server, "/s/hello.txt");
  CHECK(reply.status == 200);
  CHECK(reply.body == "0123456789");
  CHECK(reply.field("Content-Type") == "text/plain; charset=utf-8");
  CHECK(reply.field("Content-Length") == "10");
  CHECK(reply.field("Accept-Ranges") == "bytes");
  CHECK(reply.field("ETag").starts_with("\""));
  CHECK(reply.field("Last-Modified").ends_with(" GMT"));
  CHECK(ask(server, "/s/a%20file.json").body == "[1]");
  CHECK(ask(server, "/s/empty.bin").field("Content-Length") == "0");
  const Reply big = ask(server, "/s/big.bin");
  CHECK(big.body.size() == 1 << 20);
  CHECK(big.body.substr(23'000, 4) == "abcd");
  CHECK(big.field("Content-Type") == "application/octet-stream");
}

TEST_CASE("HEAD has the fields of GET, and other methods are refused") {
  const Site site;
  Server server;
  server.add_static("/", site.root());
  const Reply head = ask(server, "/big.bin", "", "HEAD");
  CHECK(head.status == 200);
  CHECK(head.field("Content-Length") == "1048576");
  CHECK(head.body.empty());
  CHECK(ask(server, "/hello.txt", "Range: bytes=0-1\r\n", "HEAD").status == 200);
  const Reply post = ask(server, "/hello.txt", "", "POST");
  CHECK(post.status == 405);
  CHECK(post.field("Allow") == "GET, HEAD");
}

TEST_CASE("a client that has the file already is told so") {
  const Site site;
  Server server;
  server.add_static("/", site.root());
  const Reply first = ask(server, "/hello.txt");
  const std::string etag = first.field("ETag"), time = first.field("Last-Modified");
  const Reply again = ask(server, "/hello.txt", "If-None-Match: " + etag + "\r\n");
  CHECK(again.status == 304);
  CHECK(again.body.empty());
  CHECK(again.field("ETag") == etag);
  CHECK(again.field("Content-Length").empty());
  CHECK(ask(server, "/hello.txt", "If-Modified-Since: " + time + "\r\n").status == 304);
  CHECK(ask(server, "/hello.txt", "If-None-Match: \"x\"\r\nIf-Modified-Since: " + time + "\r\n")
            .status == 200);
  CHECK(ask(server, "/hello.txt", "If-Match: \"x\"\r\n").status == 412);
  CHECK(ask(server, "/hello.txt", "If-Match: " + etag + "\r\n").body == "0123456789");
  CHECK(
      ask(server, "/hello.txt", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n").status ==
      412);
}

TEST_CASE("ranges of a file are answered, of a small and of a large one") {
  const Site site;
  Server server;
  server.add_static("/", site.root());
  const Reply part = ask(server, "/hello.txt", "Range: bytes=2-4\r\n");
  CHECK(part.status == 206);
  CHECK(part.body == "234");
  CHECK(part.field("Content-Range") == "bytes 2-4/10");
  CHECK(part.field("Content-Length") == "3");
  const Reply tail = ask(server, "/big.bin", "Range: bytes=-3\r\n");
  CHECK(tail.status == 206);
  CHECK(tail.field("Content-Range") == "bytes 1048573-1048575/1048576");
  CHECK(tail.body.size() == 3);
  const Reply none = ask(server, "/hello.txt", "Range: bytes=10-\r\n");
  CHECK(none.status == 416);
  CHECK(none.field("Content-Range") == "bytes */10");
  CHECK(ask(server, "/hello.txt", "Range: lines=1-2\r\n").status == 200);
  CHECK(ask(server, "/hello.txt", "Range: bytes=2-4\r\nIf-Range: \"x\"\r\n").status == 200);
  const std::string etag = ask(server, "/hello.txt").field("ETag");
  CHECK(ask(server, "/hello.txt", "Range: bytes=2-4\r\nIf-Range: " + etag + "\r\n").status == 206);
}

TEST_CASE("several ranges are parts of one body") {
  const Site site;
  Server server;
  server.add_static("/", site.root());
  for (const char* path : {"/hello.txt", "/big.bin"}) {
    const Reply reply = ask(server, path, "Range: bytes=0-1,5-5\r\n");
    CHECK(reply.status == 206);
    const std::string type = reply.field("Content-Type");
    REQUIRE(type.starts_with("multipart/byteranges; boundary="));
    CHECK(reply.field("Content-Length") == std::to_string(reply.body.size()));
    const std::string boundary = type.substr(type.find('=') + 1);
    const bool small = path == std::string("/hello.txt");
    const std::string size = small ? "10" : "1048576";
    const std::string part_type = small ? "text/plain; charset=utf-8" : "application/octet-stream";
    CHECK(reply.body ==
          "--" + boundary + "\r\nContent-Type: " + part_type + "\r\nContent-Range: bytes 0-1/" +
              size + "\r\n\r\n" + (small ? "01" : "ab") + "\r\n--" + boundary +
              "\r\nContent-Type: " + part_type + "\r\nContent-Range: bytes 5-5/" + size +
              "\r\n\r\n" + (small ? "5" : "f") + "\r\n--" + boundary + "--\r\n");
  }
}

TEST_CASE("no path leads out of the directory") {
  const Site site;
  Server server;
  server.add_static("/s", site.root());
  for (const char* path : {"/s/../outside.txt",
                           "/s/%2e%2e/outside.txt",
                           "/s/..%2foutside.txt",
                           "/s/docs/../hello.txt",
                           "/s/./hello.txt",
                           "/s//hello.txt",
                           "/s/docs//index.html",
                           "/s/hello.txt%00.html",
                           "/s/outer.txt",
                           "/s/up/outside.txt",
                           "/s/up/public/hello.txt/",
                           "/s/loop",
                           "/s/none",
                           "/s/hello.txt/",
                           "/s/hello.txt/x",
                           "/s/.env",
                           "/s/%2eenv",
                           "/s/%2e%2e%2f%2e%2e%2fetc/passwd",
                           "/s/%252e%252e/outside.txt",
                           "/s//etc/passwd"}) {
    CAPTURE(path);
    CHECK(ask(server, path).status == 404);
  }
  CHECK(ask(server, "/s/" + std::string(300, 'x')).status == 404);
  // Up and down again stays inside.
  CHECK(ask(server, "/s/up/public/hello.txt").status == 200);
  CHECK(ask(server, "/s/inner.txt").body == "0123456789");
}

TEST_CASE("what becomes of links and hidden files can be chosen") {
  const Site site;
  StaticOptions options;
  options.symlinks = Symlinks::none;
  options.hidden = true;
  Server none, all;
  none.add_static("/", site.root(), options);
  CHECK(ask(none, "/inner.txt").status == 404);
  CHECK(ask(none, "/outer.txt").status == 404);
  CHECK(ask(none, "/hello.txt").status == 200);
  CHECK(ask(none, "/.env").body == "secret");
  CHECK(ask(none, "/docs/").status == 200);
  options.symlinks = Symlinks::follow;
  all.add_static("/", site.root(), options);
  CHECK(ask(all, "/outer.txt").body == "outside");
  CHECK(ask(all, "/..").status == 404);
  CHECK_THROWS_AS(all.add_static("/x", site.path("outside.txt")), hob::ValueError);
  CHECK_THROWS_AS(all.add_static("/x", site.path("nowhere")), hob::ValueError);
}

TEST_CASE("a directory is its index, a redirect to its slash, a list, or forbidden") {
  const Site site;
  Server server;
  server.add_static("/s", site.root());
  CHECK(ask(server, "/s/docs/").body == "<p>docs</p>");
  CHECK(ask(server, "/s/docs/").field("Content-Type") == "text/html; charset=utf-8");
  const Reply moved = ask(server, "/s/docs?x=1");
  CHECK(moved.status == 301);
  CHECK(moved.field("Location") == "./docs/?x=1");
  CHECK(ask(server, "/s/a:b").field("Location") == "./a:b/");
  CHECK(ask(server, "/s/docs/deep/").status == 403);
  CHECK(ask(server, "/s/").status == 403);
  StaticOptions options;
  options.show_index = true;
  Server lists;
  lists.add_static("/", site.root(), options);
  const Reply deep = ask(lists, "/docs/deep/");
  CHECK(deep.status == 200);
  CHECK(deep.body.find("<li><a href=\"./%3Cx%3E%26.txt\">&lt;x&gt;&amp;.txt</a></li>") !=
        std::string::npos);
  const Reply top = ask(lists, "/");
  CHECK(top.body.find("<a href=\"./docs/\">docs/</a>") != std::string::npos);
  CHECK(top.body.find(".env") == std::string::npos);
}

TEST_CASE("compressed forms beside a file are sent to clients that take them") {
  const Site site;
  Server server;
  server.add_static("/", site.root());
  const auto coding = [&](std::string accept) {
    const Reply reply = ask(server, "/app.js", "Accept-Encoding: " + accept + "\r\n");
    CHECK(reply.status == 200);
    CHECK(reply.field("Vary") == "Accept-Encoding");
    CHECK(reply.field("Content-Type") == "text/javascript; charset=utf-8");
    return reply.field("Content-Encoding") + ":" + reply.body;
  };
  CHECK(coding("gzip, deflate, br") == "br:as brotli");
  CHECK(coding("gzip") == "gzip:as gzip");
  CHECK(coding("br;q=0.5, gzip") == "gzip:as gzip");
  CHECK(coding("br;q=0") == ":let x = 1;");
  CHECK(coding("*") == "br:as brotli");
  CHECK(coding("identity") == ":let x = 1;");
  const std::string plain = ask(server, "/app.js").field("ETag");
  const Reply packed =
      ask(server, "/app.js", "Accept-Encoding: br\r\nIf-None-Match: " + plain + "\r\n");
  CHECK(packed.status == 200);
  CHECK(packed.field("ETag") != plain);
  CHECK(ask(server, "/hello.txt").field("Vary").empty());
  // One that is older than the file is a form of what the file was.
  namespace fs = std::filesystem;
  fs::last_write_time(site.root() + "/app.js.br",
                      fs::last_write_time(site.root() + "/app.js") - std::chrono::seconds(9));
  CHECK(coding("gzip, br") == "gzip:as gzip");
}

TEST_CASE("a handler answers with one file, as it likes") {
  const Site site;
  Server server;
  server.get("/report", [&](ServerRequest& request) -> Coro<ServerResponse> {
    hob::http::FileOptions options;
    options.content_type = "text/x-report";
    options.cache_control = "no-cache";
    options.attachment = "r\xc3\xa9\"sum\xc3\xa9.txt";
    co_return co_await hob::http::file_response(request, site.root() + "/hello.txt", options);
  });
  server.get("/gone", [&](ServerRequest& request) {
    return hob::http::file_response(request, site.root() + "/none");
  });
  server.get("/dir", [&](ServerRequest& request) {
    return hob::http::file_response(request, site.root());
  });
  const Reply reply = ask(server, "/report");
  CHECK(reply.body == "0123456789");
  CHECK(reply.field("Content-Type") == "text/x-report");
  CHECK(reply.field("Cache-Control") == "no-cache");
  CHECK(reply.field("Content-Disposition") ==
        "attachment; filename=\"r__\\\"sum__.txt\"; filename*=UTF-8''r%C3%A9%22sum%C3%A9.txt");
  CHECK(ask(server, "/gone").status == 404);
  CHECK(ask(server, "/dir").status == 404);
}

TEST_CASE("large files are compressed on the way when the server compresses") {
  const Site site;
  HttpServerOptions options;
  options.compress = true;
  Server server(std::move(options));
  StaticOptions files;
  files.content_type = "text/plain";
  server.add_static("/", site.root(), files);
  const Reply reply = ask(server, "/big.bin", "Accept-Encoding: gzip\r\nConnection: close\r\n");
  CHECK(reply.field("Content-Encoding") == "gzip");
  CHECK(reply.field("ETag").starts_with("W/"));
  CHECK(reply.field("Transfer-Encoding") == "chunked");
  CHECK(reply.body.size() < 100'000);
}

TEST_CASE("over a socket the kernel sends the file, and a failure cuts the connection") {
  const Site site;
  const auto main = [&](std::size_t fail_at) -> Coro<std::string> {
    Server server;
    server.add_static("/", site.root());
    co_await server.start("127.0.0.1", 0);
    hob::testing::Faults faults;
    if (fail_at != 0) faults.fail(hob::testing::Faults::Call::sendfile, 5, fail_at);
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    writer.write("GET /big.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    std::string all;
    while (true) {
      auto more = co_await hob::as_result(reader.read(1 << 16));
      if (!more || more->empty()) break;
      all += *more;
    }
    writer.close();
    CHECK(faults.calls(hob::testing::Faults::Call::sendfile) > 0);
    co_await server.shutdown();
    co_return all.substr(all.find("\r\n\r\n") + 4);
  };
  const std::string whole = hob::run(main(0));
  CHECK(whole.size() == 1 << 20);
  CHECK(whole.substr(230'000, 4) == "abcd");
  CHECK(hob::run(main(2)).size() < 1 << 20);
}

TEST_CASE("a client that stops taking a file is closed in time, and by a shutdown at once") {
  // Real time: sendfile waits for the kernel.
  const Site site;
  const auto main = [&](hob::Duration stall) -> Coro<std::size_t> {
    HttpServerOptions options;
    options.stall_timeout = stall;
    Server server(std::move(options));
    bool begun = false;
    server.get("/", [&](ServerRequest&) {
      begun = true;
      return hob::http::stream_response(
          [&, name = site.root() + "/big.bin"](hob::http::BodyWriter& body) -> Coro<> {
            const hob::File file = co_await hob::open(name);
            for (int i = 0; i < 64; ++i) co_await body.send_file(file.fileno(), 0, 1 << 20);
          });
    });
    co_await server.start("127.0.0.1", 0);
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    writer.write("GET / HTTP/1.0\r\n\r\n");
    while (!begun) co_await hob::sleep(1ms);
    co_await hob::sleep(20ms);  // the kernel's buffers are full by now, most of the time
    while (stall < 1s && server.connections() != 0) co_await hob::sleep(1ms);
    const std::size_t open = server.connections();
    co_await server.shutdown(hob::Duration());
    CHECK(server.connections() == 0);
    writer.abort();
    co_return open;
  };
  CHECK(hob::run(main(20ms)) == 0);
  CHECK(hob::run(main(60s)) == 1);
}

}  // namespace static_files_test
