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
using ServeClient = Function<void(Server server, const Stream& stream)>;

/// A handler, shared by the tasks that run it.
class HandlerBase {
 public:
  HandlerBase() noexcept = default;
  HandlerBase(const HandlerBase&) = delete;
  HandlerBase& operator=(const HandlerBase&) = delete;
  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

 protected:
  virtual ~HandlerBase() = default;

 private:
  unsigned refs_ = 1;
};
template <class H>
class HandlerBox final : public HandlerBase {
 public:
  explicit HandlerBox(H h) : handler(std::move(h)) {}
  H handler;
};

bool server_is_secure(const Server& server) noexcept;
/// The TLS handshake; gives whether the connection is usable.
Coro<bool> secure_client(Server server, StreamRef stream);
/// Runs a handler's coroutine as a task, which keeps handler and stream.
void run_client(Ref<HandlerBase> handler, StreamRef stream, Coro<>&& coro);
/// A handler failed: its connection is closed, and the error is reported.
void end_client(const StreamRef& stream, const std::exception_ptr& error) noexcept;

/// A handler as a coroutine, whatever it gives: a result that nobody asks for, a future, nothing.
template <class H>
Coro<> call_handler(Ref<HandlerBox<H>> box, StreamRef stream) {
  using Answer = std::invoke_result_t<H&, StreamReader, StreamWriter>;
  if constexpr (std::is_void_v<Answer>) {
    detail::invoke(box->handler, StreamReader(stream), StreamWriter(stream));
    co_return;
  } else {
    co_await detail::invoke(box->handler, StreamReader(stream), StreamWriter(stream));
  }
}
template <class H>
Coro<> call_secured(Ref<HandlerBox<H>> box, Server server, StreamRef stream) {
  const bool secure = co_await secure_client(std::move(server), stream);
  if (secure) co_await call_handler<H>(std::move(box), std::move(stream));
}

/// Calls the handler; what it returns becomes a task. The usual coroutine is its own: another one
/// around it would live as long as the connection.
template <class H>
void serve_client(const Ref<HandlerBox<H>>& box, Server server, const StreamRef& stream) {
  const Ref<HandlerBase> handler(box.get());
  using Answer = std::invoke_result_t<H&, StreamReader, StreamWriter>;
  if (server_is_secure(server))
    return run_client(handler, stream, call_secured<H>(box, std::move(server), stream));
  try {
    if constexpr (std::is_void_v<Answer>) {
      detail::invoke(box->handler, StreamReader(stream), StreamWriter(stream));
    } else if constexpr (std::is_same_v<Answer, Coro<>>) {
      run_client(handler, stream,
                 detail::invoke(box->handler, StreamReader(stream), StreamWriter(stream)));
    } else {
      run_client(handler, stream, call_handler<H>(box, stream));
    }
  } catch (...) {
    end_client(stream, std::current_exception());
  }
}

template <class H>
ServeClient make_serve_client(H h) {
  const auto box = Ref<HandlerBox<H>>::adopt(new HandlerBox<H>(std::move(h)));
  return [box](Server server, const Stream& stream) {
    serve_client(box, std::move(server), stream.writer.stream());
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
