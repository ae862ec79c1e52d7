// SPDX-License-Identifier: MIT
// serve: one TCP server on all loops of a Runtime.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/core/text.hpp>
#include <hob/net/server.hpp>
#include <hob/stream/stream.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/runtime.hpp>
#include <hob/task/task_group.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace hob {

/// How connections find their loops.
enum class Spread : std::uint8_t {
  /// Every loop listens (SO_REUSEPORT), and the kernel deals connections out by their addresses:
  /// the cheapest way, good for many connections.
  reuse_port,
  /// One loop, that of the caller, accepts and hands each connection to the loop with the fewest:
  /// for few that live long, which chance would spread unevenly.
  hand_off,
};

namespace detail {

/// A connection on its way to another loop; closed when it does not get there.
class MovingSocket {
 public:
  MovingSocket() noexcept = default;
  MovingSocket(MovingSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  MovingSocket& operator=(MovingSocket&&) = delete;
  ~MovingSocket();

  /// Out of a stream that nobody has used yet, which is closed. Empty when there are no descriptors
  /// left.
  static MovingSocket take(const Stream& stream) noexcept;
  /// A stream of the running loop.
  Stream arrive(std::size_t limit) &&;
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

Coro<bool> secure_arrived(Stream stream, ServerOptions options);

/// On its loop: one connection that was handed over.
template <class H>
Coro<> serve_arrived(H handler, MovingSocket socket, ServerOptions options) {
  Stream stream = std::move(socket).arrive(options.limit);
  if (options.ssl) {
    const bool secure = co_await secure_arrived(stream, options);
    if (!secure) co_return;
  }
  const auto ended = co_await as_result(detail::invoke(handler, stream.reader, stream.writer));
  if (!ended) end_client(stream.writer.stream(), ended.exception());
}

/// On each loop: a server of its own.
template <class H>
Coro<> serve_here(H handler, std::string host, std::uint16_t port, ServerOptions options) {
  const Server server = co_await start_server(std::move(handler), host, port, options);
  co_await server.serve_forever();
}

template <class H>
Coro<> serve_by_port(Runtime* runtime, H handler, std::string host, std::uint16_t port,
                     ServerOptions options) {
  options.reuse_port = true;
  options.start_serving = true;
  co_await runtime->each(&serve_here<H>, std::move(handler), std::move(host), port, options);
}

template <class H>
Coro<> accept_and_hand_off(TaskGroup& connections, Runtime* runtime, H handler, std::string host,
                           std::uint16_t port, ServerOptions options) {
  ServerOptions listening = options;
  listening.ssl = nullptr;  // the handshake is the other loop's work
  listening.start_serving = true;
  ServeClient hand_over = [&](Server, const Stream& stream) {
    MovingSocket socket = MovingSocket::take(stream);
    if (!socket) return;
    connections.create_task(
        runtime->on_any(&serve_arrived<H>, H(handler), std::move(socket), ServerOptions(options)));
  };
  Server server = co_await start_tcp_server(std::move(hand_over), host, port, listening);
  // The connections are not this server's any more: they belong to the group, which waits for them.
  const auto served = co_await as_result(server.serve_forever());
  server.close();
  served.value();
}

template <class H>
Coro<> serve_by_hand(Runtime* runtime, H handler, std::string host, std::uint16_t port,
                     ServerOptions options) {
  co_await task_group(&accept_and_hand_off<H>, runtime, std::move(handler), std::move(host), port,
                      options);
}

}  // namespace detail

/// Serves on all loops of `runtime`: `handler(reader, writer)`, a coroutine, is called in the loop
/// that has the connection; each loop has a copy of the handler. Goes on until it is cancelled.
/// Then, with Spread::reuse_port, it accepts no more and waits for the connections that it has;
/// with Spread::hand_off their handlers are cancelled. Awaited on a loop that is not one of
/// `runtime`. Throws OSError, ValueError for port 0 (choose one first), and what a loop throws.
template <class H>
Coro<> serve(Runtime& runtime, H handler, Text host, std::uint16_t port,
             Spread spread = Spread::reuse_port, const ServerOptions& options = {}) {
  if (port == 0) detail::raise_value_error("serve: all loops need the same port, not 0");
  std::string name(host.data(), host.size());
  if (spread == Spread::reuse_port)
    return detail::serve_by_port<H>(&runtime, std::move(handler), std::move(name), port, options);
  return detail::serve_by_hand<H>(&runtime, std::move(handler), std::move(name), port, options);
}

}  // namespace hob
