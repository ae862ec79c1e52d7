// SPDX-License-Identifier: MIT
// serve: one HTTP server on all loops of a Runtime, so on all cores.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/text.hpp>
#include <hob/http/server.hpp>
#include <hob/net/server.hpp>
#include <hob/sync/event.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/runtime.hpp>
#include <hob/tls/certificate.hpp>
#include <hob/tls/context.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace hob::http {

/// A context for `ServerOptions::ssl` that shows `certificate` and offers http/1.1 (ALPN), so that
/// clients that prefer HTTP/2 know that it is not spoken here. To be kept as long as the server.
TlsContext create_server_context(const Certificate& certificate);
/// The same from PEM files; an empty `keyfile`: the key is in `certfile`. Throws as
/// TlsContext::load_cert_chain.
TlsContext create_server_context(Text certfile, Text keyfile = {});

namespace detail {

/// On each loop: a server of its own.
template <class Setup>
Coro<> serve_here(Setup setup, std::string host, std::uint16_t port, ServerOptions options,
                  Duration grace) {
  Server server;
  setup(server);
  co_await server.start(host, port, options);
  Event never;
  const auto ended = co_await as_result(never.wait());
  co_await server.shutdown(grace);
  ended.value();
}

}  // namespace detail

/// Serves on all loops of `runtime` until it is cancelled; then all shut down as `Server::shutdown`
/// does, with `grace`. `setup(server)` is called, a copy of it, on each loop, and adds routes and
/// sets options; what handlers share between loops is for them to protect. The kernel deals the
/// connections out (SO_REUSEPORT). Awaited on a loop that is not one of `runtime`. Throws
/// ValueError for port 0 (choose one first), OSError, and what `setup` throws.
template <class Setup>
Coro<> serve(Runtime& runtime, Setup setup, Text host, std::uint16_t port,
             ServerOptions options = {}, Duration grace = Duration::nanoseconds(60'000'000'000)) {
  if (port == 0) hob::detail::raise_value_error("serve: all loops need the same port, not 0");
  options.reuse_port = true;
  return runtime.each(&detail::serve_here<Setup>, std::move(setup),
                      std::string(host.data(), host.size()), port, options, grace);
}

}  // namespace hob::http
