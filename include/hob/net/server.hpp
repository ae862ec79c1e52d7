// SPDX-License-Identifier: MIT
// start_server: listens, and runs a handler as a task for each connection.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/function.hpp>
#include <hob/core/invoke.hpp>
#include <hob/core/ref.hpp>
#include <hob/core/text.hpp>
#include <hob/net/open_connection.hpp>
#include <hob/net/socket.hpp>
#include <hob/stream/extra_info.hpp>
#include <hob/stream/stream.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob {

namespace detail {
class ServerState;
}  // namespace detail

/// Options of start_server.
struct ServerOptions {
  /// Of the readers: how long a line may be.
  std::size_t limit = StreamReader::kLimit;
  AddressFamily family = AddressFamily::any;
  int backlog = 100;
  /// Take over the port of a server that has just ended (SO_REUSEADDR).
  bool reuse_address = true;
  /// Share the port with other servers that say so too (SO_REUSEPORT).
  bool reuse_port = false;
  /// Begin at once; else at `start_serving` or `serve_forever`.
  bool start_serving = true;
  /// Speak TLS: a hob::TlsContext.
  Security* ssl = nullptr;
  Duration ssl_handshake_timeout = Duration::nanoseconds(60'000'000'000);
  Duration ssl_shutdown_timeout = Duration::nanoseconds(30'000'000'000);
};

/// A listening server. A cheap handle: copies name the same server, which goes on when the last one
/// is dropped, until its loop ends. Belongs to the loop's thread. Semantics of asyncio.Server.
class Server {
 public:
  /// An empty handle.
  Server() noexcept = default;
  Server(const Server& other) noexcept;
  Server(Server&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Server& operator=(Server other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Server();

  /// Begins to accept, if it does not yet. Throws RuntimeError when closed.
  void start_serving() const;
  /// Serves until the task is cancelled; then closes, and waits for the connections. Throws
  /// RuntimeError when closed already, or when another task serves forever.
  Coro<void> serve_forever() const;
  /// Stops accepting and closes the listening sockets; connections live on. Idempotent.
  void close() const noexcept;
  /// Waits until it is closed and all connections have ended. Cancelling it changes nothing.
  Coro<void> wait_closed() const;
  /// Closes all connections, as by `StreamWriter::close` and `abort`.
  void close_clients() const noexcept;
  void abort_clients() const noexcept;
  bool is_serving() const noexcept;
  /// The addresses that it listens on; none when closed. (asyncio gives the sockets.) Throws
  /// OSError.
  std::vector<SocketAddress> sockets() const;
  /// The port of the first one, for servers started with port 0. Throws RuntimeError when closed.
  std::uint16_t port() const;
  /// How many connections are open.
  std::size_t connections() const noexcept;

  explicit operator bool() const noexcept { return state_ != nullptr; }

  /// For start_server: takes over a count.
  explicit Server(detail::ServerState* adopted) noexcept : state_(adopted) {}
  detail::ServerState* state() const noexcept { return state_; }

 private:
  detail::ServerState* state_ = nullptr;
};

namespace detail {

/// What a server does with a new connection.
using ServeClient = Function<void(Server server, Stream stream)>;

/// A handler, shared by the tasks that run it.
template <class H>
class HandlerBox {
 public:
  explicit HandlerBox(H h) : handler(std::move(h)) {}
  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }
  H handler;

 private:
  unsigned refs_ = 1;
};

/// The TLS handshake, when the server has one to make; gives whether the connection is usable.
Coro<bool> secure_client(Server server, Stream stream);
bool server_is_secure(const Server& server) noexcept;
/// The handler has ended: with an error the connection is closed, and the error is reported.
void end_client(const Stream& stream, const std::exception_ptr& error) noexcept;

template <class H>
Coro<> serve_client(Ref<HandlerBox<H>> box, Server server, Stream stream) {
  if (server_is_secure(server)) {
    const bool secure = co_await secure_client(server, stream);
    if (!secure) co_return;
  }
  server = Server();
  using Answer = decltype(detail::invoke(box->handler, stream.reader, stream.writer));
  if constexpr (std::is_void_v<Answer>) {
    detail::invoke(box->handler, stream.reader, stream.writer);
  } else {
    const auto ended =
        co_await as_result(detail::invoke(box->handler, stream.reader, stream.writer));
    if (!ended) [[unlikely]]
      end_client(stream, ended.exception());
  }
}

template <class H>
ServeClient make_serve_client(H handler) {
  return [box = Ref<HandlerBox<H>>::adopt(new HandlerBox<H>(std::move(handler)))](Server server,
                                                                                  Stream stream) {
    create_task(serve_client<H>(box, std::move(server), std::move(stream)));
  };
}

Coro<Server> start_tcp_server(ServeClient serve, Text host, std::uint16_t port,
                              const ServerOptions& options);
Coro<Server> start_unix_server(ServeClient serve, Text path, const ServerOptions& options);
Coro<Server> start_server_on(ServeClient serve, Socket socket, const ServerOptions& options);

}  // namespace detail

/// Listens on `host` and `port`, and calls `handler(reader, writer)` for each connection; what it
/// returns, a coroutine, runs as a task. An error of it is reported to the loop's exception
/// handler, and its connection closed. `host` is an address or a name, "" for all interfaces; port
/// 0 lets the system choose: `server.port()`. The handler lives as long as server and tasks. Throws
/// OSError. Behaviour of asyncio.start_server.
template <class H>
Coro<Server> start_server(H handler, Text host, std::uint16_t port,
                          const ServerOptions& options = {}) {
  static_assert(std::is_invocable_v<H&, StreamReader, StreamWriter>,
                "the handler is called as handler(reader, writer)");
  return detail::start_tcp_server(detail::make_serve_client(std::move(handler)), host, port,
                                  options);
}

/// The same on a socket that is bound already, perhaps by another program (socket activation), TCP
/// or Unix. Takes it over. Throws ValueError for one that is no stream socket. asyncio's `sock=`.
template <class H>
Coro<Server> start_server(H handler, Socket socket, const ServerOptions& options = {}) {
  static_assert(std::is_invocable_v<H&, StreamReader, StreamWriter>,
                "the handler is called as handler(reader, writer)");
  return detail::start_server_on(detail::make_serve_client(std::move(handler)), std::move(socket),
                                 options);
}

/// The same on a Unix socket; a path that begins with NUL is abstract. A socket file that is left
/// of an earlier server is replaced; closing removes the file, unless it is another one by then.
template <class H>
Coro<Server> start_unix_server(H handler, Text path, const ServerOptions& options = {}) {
  static_assert(std::is_invocable_v<H&, StreamReader, StreamWriter>,
                "the handler is called as handler(reader, writer)");
  return detail::start_unix_server(detail::make_serve_client(std::move(handler)), path, options);
}

}  // namespace hob
