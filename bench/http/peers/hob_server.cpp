// SPDX-License-Identifier: MIT
// The server of the HTTP benchmark on Hob.
#include <hob/hob.hpp>
#include <hob/http.hpp>

#include "bare.hpp"

namespace {

hob::Coro<> serve() {
  hob::http::Server server;
  server.get("/",
             [](hob::http::ServerRequest&) { return hob::http::text_response("Hello, World!"); });
  hob::ServerOptions options;
  options.backlog = 4096;
  co_await server.start("127.0.0.1", 0, options);
  bare::print_port(server.port());
  co_await server.serve_forever();
}

}  // namespace

int main() { hob::run(serve()); }
