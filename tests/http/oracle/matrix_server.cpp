// SPDX-License-Identifier: MIT
// The server of the matrix: says what it was sent, and answers in every way there is. run.py starts
// it and lets other clients, and other servers as proxies, talk to it. It prints its ports as one
// line of JSON and ends when its standard input does.
#include <hob/hob.hpp>
#include <hob/http.hpp>
#include <hob/tls.hpp>

#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "digest.hpp"

namespace http = hob::http;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

using http::ServerRequest;
using http::ServerResponse;

int number(const ServerRequest& request, const char* name) {
  return std::atoi(std::string(request.match_info(name)).c_str());
}

/// Content-Type without its parameters: boundaries are random.
std::string media_type(std::string_view value) {
  return std::string(value.substr(0, value.find(';')));
}

/// Sorted: clients disagree about the order of cookies that are equally good.
Json cookies_of(const ServerRequest& request) {
  const std::string all = request.headers().combined("Cookie");
  std::vector<std::string> cookies;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find("; ", at), all.size());
    cookies.push_back(all.substr(at, end - at));
    at = end + 2;
  }
  std::sort(cookies.begin(), cookies.end());
  return cookies;
}

Json parts_of(const std::string& body, std::string_view type) {
  Json parts = Json::array();
  auto parser = http::MultipartParser::for_type(type);
  parser.feed(body);
  parser.finish();
  std::string content;
  using Event = http::MultipartParser::Event;
  for (Event event = parser.next(); event != Event::end; event = parser.next()) {
    if (event == Event::part) content.clear();
    if (event == Event::data) content += parser.data();
    if (event != Event::part_end) continue;
    const auto disposition = parser.disposition();
    Json part = {{"name", std::string(disposition.name().value_or(""))},
                 {"crc", matrix::crc_of(content)},
                 {"length", content.size()}};
    if (const auto filename = disposition.filename()) {
      part["filename"] = *filename;
      part["type"] = std::string(parser.headers().get("Content-Type"));
    }
    parts.push_back(part);
  }
  return parts;
}

hob::Coro<ServerResponse> echo(ServerRequest& request) {
  const std::string body = co_await request.read();
  const std::string type(request.headers().get("Content-Type"));
  Json said;
  said["method"] = std::string(request.method_name());
  said["target"] = request.target();
  // Some clients say the type of nothing.
  said["type"] = body.empty() ? "" : media_type(type);
  for (const auto [name, value] : request.headers()) {
    if (name.starts_with("X-Matrix") || name.starts_with("x-matrix"))
      said["headers"][std::string(name)] = value;
  }
  if (request.headers().contains("Cookie")) said["cookies"] = cookies_of(request);
  if (said["type"] == "multipart/form-data") {
    said["parts"] = parts_of(body, type);
  } else if (said["type"] == "application/json") {
    said["json"] = http::parse_json(body);
  } else if (said["type"] == "application/x-www-form-urlencoded") {
    for (const auto& [name, value] : http::Params::parse(body)) {
      said["form"].push_back({name, value});
    }
  } else {
    said["length"] = body.size();
    said["crc"] = matrix::crc_of(body);
  }
  for (const auto [name, value] : request.trailers()) said["trailers"][std::string(name)] = value;
  co_return http::json_response(said);
}

ServerResponse status(ServerRequest& request) {
  ServerResponse response = http::text_response("status " + std::string(request.match_info("code")),
                                                number(request, "code"));
  return response;
}

/// Relative, so that it works behind a proxy that serves this below another path.
ServerResponse redirect(ServerRequest& request) {
  const int left = number(request, "left");
  const std::string code(request.match_info("code"));
  const std::string to = left == 0 ? "../../echo?came=from" : std::to_string(left - 1);
  return ServerResponse(std::atoi(code.c_str())).header("Location", to);
}

ServerResponse set_cookies(ServerRequest&) {
  ServerResponse response = http::ServerResponse(302).header("Location", "../echo");
  response.headers.add("Set-Cookie", "one=1; Path=/");
  response.headers.add("Set-Cookie", "two=\"2 2\"; Path=/; HttpOnly");
  response.headers.add("Set-Cookie", "elsewhere=3; Path=/other");
  response.headers.add("Set-Cookie", "gone=4; Path=/; Max-Age=0");
  response.headers.add("Set-Cookie", "secret=5; Path=/; Domain=example.org");
  return response;
}

ServerResponse many_headers(ServerRequest&) {
  ServerResponse response = http::text_response("many");
  for (int i = 0; i < 40; ++i) {
    response.headers.add("X-Many-" + std::to_string(i), std::string(100, 'a' + i % 26));
  }
  return response;
}

ServerResponse text(ServerRequest& request) {
  std::string all;
  for (int i = 0; all.size() < std::size_t(number(request, "size")); ++i) {
    all += "line " + std::to_string(i) + " of a text that can be compressed\n";
  }
  return http::text_response(all);
}

http::ServerResponse in_pieces(std::size_t size, bool with_trailers) {
  const auto write = [size, with_trailers](http::BodyWriter& body) -> hob::Coro<> {
    const std::string all = matrix::pattern(size);
    for (std::size_t at = 0; at < size; at += 10'000) {
      co_await body.write(std::string_view(all).substr(at, 10'000));
    }
    if (with_trailers) body.set_trailers({{"X-Matrix-Sum", std::to_string(matrix::crc_of(all))}});
  };
  return http::stream_response(write);
}

ServerResponse basic(ServerRequest& request) {
  if (request.headers().get("Authorization") == http::basic_authorization("ann", "s3cret:x")) {
    return http::text_response("welcome");
  }
  return http::text_response("who?", 401).header("WWW-Authenticate", "Basic realm=\"matrix\"");
}

ServerResponse bearer(ServerRequest& request) {
  const bool known = request.headers().get("Authorization") == "Bearer t0ken";
  return http::text_response(known ? "welcome" : "who?", known ? 200 : 403);
}

void add_routes(http::Server& server) {
  server.route("*", "/echo", echo).route("*", "/status/{code}", status);
  server.route("*", "/redirect/{code}/{left}", redirect).get("/cookies/set", set_cookies);
  server.get("/many-headers", many_headers).get("/text/{size}", text);
  server.get("/bytes/{size}", [](ServerRequest& request) {
    return http::ServerResponse(200, matrix::pattern(std::size_t(number(request, "size"))))
        .header("Content-Type", "application/octet-stream");
  });
  server.get("/chunked/{size}", [](ServerRequest& request) {
    return in_pieces(std::size_t(number(request, "size")), false);
  });
  server.get("/trailers", [](ServerRequest&) { return in_pieces(30'000, true); });
  server.get("/basic", basic).get("/bearer", bearer);
  server.get("/close", [](ServerRequest&) {
    return http::text_response("bye").header("Connection", "close");
  });
  // Never reads the body: the client may get its answer before it has sent all.
  server.post("/refuse", [](ServerRequest&) { return http::text_response("no", 403); });
  // run.py starts this beside the files that the others serve, too.
  server.add_static("/files", "files");
  server.get("/error",
             [](ServerRequest&) -> ServerResponse { throw std::runtime_error("on purpose"); });
}

hob::Coro<> until_input_ends() {
  auto input = co_await hob::connect_read_pipe(STDIN_FILENO);
  co_await input.read();
}

hob::Coro<> serve(const char* certificate, const char* key) {
  hob::get_running_loop().set_exception_handler(
      [](hob::EventLoop&, const hob::ExceptionContext&) {});  // /error is on purpose
  http::HttpServerOptions options;
  options.compress = true;
  options.body_max = 8 << 20;
  http::Server plain(std::move(options));
  add_routes(plain);
  co_await plain.start("127.0.0.1", 0);
  http::Server secure;
  add_routes(secure);
  Json ports = {{"http", plain.port()}};
  if (certificate) {
    hob::TlsContext context(hob::TlsRole::server);
    context.load_cert_chain(certificate, key);
    hob::ServerOptions listening;
    listening.ssl = context;
    co_await secure.start("127.0.0.1", 0, listening);
    ports["https"] = secure.port();
  }
  std::cout << ports.dump() << std::endl;
  co_await until_input_ends();
  co_await plain.shutdown(1s);
  co_await secure.shutdown(1s);
}

}  // namespace

int main(int argc, char** argv) {
  hob::run(serve(argc > 2 ? argv[1] : nullptr, argc > 2 ? argv[2] : nullptr));
}
