// SPDX-License-Identifier: MIT
#include <hob/net/server.hpp>

#include "loop/loop_impl.hpp"
#include "net/resolve.hpp"
#include "net/server_state.hpp"
#include "net/socket_state.hpp"
#include "stream/address.hpp"
#include "stream/descriptor_transport.hpp"

#include <hob/core/error.hpp>
#include <hob/loop/exception_context.hpp>

#include <cerrno>

namespace hob {
namespace detail {

ServerState::ServerState(EventLoop& loop, ServeClient serve, const ServerOptions& o)
    : core(&loop.core()), serve_client(std::move(serve)), options(o), ssl(o.ssl) {}

void ServerState::listen_on(sys::Fd fd) {
  listeners.push_back(std::make_unique<Listener>(*this, *core->loop, std::move(fd)));
}

void ServerState::serve() {
  if (closed) raise_runtime_error("server is closed");
  if (serving) return;
  for (const auto& listener : listeners) {
    const int result = sys::listen(listener->fd(), options.backlog);
    if (result < 0) throw OSError(-result, "listen");
  }
  client_context = copy_current_context();
  if (client_context)
    client_context->deadline_ns = INT64_MAX;  // one for starting is none for serving
  serving = true;
  retain();  // the loop's, until closed
  for (const auto& listener : listeners) listener->start();
}

void ServerState::accepted(sys::Fd fd, const sys::Address& peer) {
  if (peer.family() != sys::kFamilyUnix) sys::set_no_delay(fd.get());
  try {
    const Stream stream = make_stream(
        DescriptorTransport::make(*core->loop, std::move(fd), sys::FileKind::stream_socket),
        options.limit);
    stream.writer.stream()->join(*this);
    ++connections;
    retain();
    const ContextScope scope(client_context);
    serve_client(Server(this), stream);
  } catch (const std::bad_alloc&) {  // the connection is closed
    ExceptionContext context;
    context.message = "no memory for a connection";
    context.exception = std::current_exception();
    core->loop->call_exception_handler(context);
  }
}

void ServerState::left() noexcept {
  --connections;
  if (!closed || connections != 0 || core->closed) return;
  for (const Future<>& each : std::exchange(waiting, {})) {
    if (!each.done()) each.set_result();
  }
}

void ServerState::close() noexcept {
  if (closed) return;
  closed = true;
  listeners.clear();
  if (!unix_path.empty()) sys::remove_socket_file(unix_path.c_str(), unix_inode);
  if (!core->closed) {
    if (forever && !forever.done()) forever.cancel();
    if (connections == 0) {
      for (const Future<>& each : std::exchange(waiting, {})) {
        if (!each.done()) each.set_result();
      }
    }
  }
  if (serving) {
    serving = false;
    release();
  }
}

bool server_is_secure(const Server& server) noexcept {
  return server.state()->ssl.get() != nullptr;
}

Coro<bool> secure_client(Server server, StreamRef stream) {
  const ServerState& state = *server.state();
  StartTlsOptions options;
  options.server_side = true;
  options.ssl_handshake_timeout = state.options.ssl_handshake_timeout;
  options.ssl_shutdown_timeout = state.options.ssl_shutdown_timeout;
  const auto ended =
      co_await as_result(StreamWriter(stream).start_tls(*state.ssl, std::move(options)));
  if (ended.cancelled()) ended.value();
  // Whoever connects can make a handshake fail, so that is no news but for debugging, as in
  // asyncio.
  if (!ended && get_running_loop().get_debug()) {
    ExceptionContext context;
    context.message = "SSL handshake failed";
    context.exception = ended.exception();
    get_running_loop().call_exception_handler(context);
  }
  co_return static_cast<bool>(ended);
}

void end_client(const StreamRef& stream, const std::exception_ptr& error) noexcept {
  EventLoop* loop = stream->core().loop;
  if (!is_cancelled_error(error) && loop) {
    try {
      ExceptionContext context;
      context.message = "Unhandled exception in client_connected_cb";
      context.exception = error;
      loop->call_exception_handler(context);
    } catch (...) {  // no memory for the report
    }
  }
  stream->close();
}

namespace {

/// Nobody but the server asks how it ended.
class ClientTask final : public TaskState<void> {
 public:
  ClientTask(LoopCore& core, Ref<HandlerBase> handler, StreamRef stream) noexcept
      : TaskState<void>(core, next_number(core), {}),
        handler_(std::move(handler)),
        stream_(std::move(stream)) {}

 protected:
  void complete(PromiseBase& root) override {
    if (std::exception_ptr error = root.error.take()) [[unlikely]] {
      end_client(stream_, error);
      if (is_cancelled_error(error) || is_keyboard_interrupt(error))
        return complete_error(root, std::move(error));
    }
    TaskState<void>::complete(root);
  }

 private:
  Ref<HandlerBase> handler_;  // whose captures the coroutine may use
  StreamRef stream_;
};

}  // namespace

void run_client(Ref<HandlerBase> handler, StreamRef stream, Coro<>&& coro) {
  EventLoop& loop = get_running_loop();
  check_can_start(loop);
  TaskOptions options;
  if (loop.core().has_task_factory) options = TaskBase::ask_task_factory(loop, nullptr);
  auto* task = new ClientTask(loop.core(), std::move(handler), std::move(stream));
  const auto keep = Ref<FutureBase>::adopt(task);
  task->begin(coro.release());
  if (!options.empty() || !current_context_is_blank()) task->apply(options);
}

namespace {

Coro<Server> listen_tcp(ServeClient serve, std::string host, std::uint16_t port,
                        ServerOptions options) {
  Server server(new ServerState(get_running_loop(), std::move(serve), options));
  const std::vector<sys::Address> addresses =
      co_await resolve(std::move(host), port, family_of(options.family), true);
  int failed = 0;
  std::uint16_t chosen = port;
  for (sys::Address address : addresses) {
    const int opened = sys::open_socket(address.family(), sys::kTypeStream, 0);
    if (opened == -EAFNOSUPPORT) {  // a system without IPv6
      failed = opened;
      continue;
    }
    if (opened < 0) throw OSError(-opened, "socket");
    sys::Fd fd(opened);
    if (options.reuse_address) sys::set_reuse_address(opened);
    if (options.reuse_port) {
      const int result = sys::set_reuse_port(opened);
      if (result < 0) throw OSError(-result, "SO_REUSEPORT");
    }
    if (address.family() == sys::kFamilyInet6) sys::set_ipv6_only(opened);
    address.set_port(chosen);  // with port 0 all get the one that the first was given
    const int result = sys::bind(opened, address);
    if (result == -EADDRNOTAVAIL && addresses.size() > 1) {
      failed = result;
      continue;
    }
    if (result < 0) {
      throw OSError(-result, "error while attempting to bind on address " +
                                 to_socket_address(address).to_string());
    }
    sys::Address bound;
    if (chosen == 0 && sys::local_address(opened, bound) >= 0) chosen = bound.port();
    server.state()->listen_on(std::move(fd));
  }
  if (server.state()->listeners.empty()) throw OSError(-failed, "could not bind on any address");
  if (options.start_serving) server.start_serving();
  co_return server;
}

Coro<Server> listen_unix(ServeClient serve, std::string path, ServerOptions options) {
  Server server(new ServerState(get_running_loop(), std::move(serve), options));
  sys::Address address;
  if (!sys::Address::unix_path(path.data(), path.size(), address))
    throw OSError(ENAMETOOLONG, "AF_UNIX path");
  const int opened = sys::open_socket(sys::kFamilyUnix, sys::kTypeStream, 0);
  if (opened < 0) throw OSError(-opened, "socket");
  sys::Fd fd(opened);
  const bool abstract = path[0] == '\0';
  if (!abstract) sys::remove_socket_file(path.c_str(), 0);
  const int result = sys::bind(opened, address);
  if (result < 0) throw OSError(-result, "bind on " + path);
  if (!abstract) {
    server.state()->unix_inode = sys::inode_of(path.c_str());
    server.state()->unix_path = std::move(path);
  }
  server.state()->listen_on(std::move(fd));
  if (options.start_serving) server.start_serving();
  co_return server;
}

Coro<Server> listen_on(ServeClient serve, Socket socket, ServerOptions options) {
  Server server(new ServerState(get_running_loop(), std::move(serve), options));
  server.state()->listen_on(take_stream_socket(std::move(socket)));
  if (options.start_serving) server.start_serving();
  co_return server;
}

}  // namespace

Coro<Server> start_server_on(ServeClient serve, Socket socket, const ServerOptions& options) {
  return listen_on(std::move(serve), std::move(socket), options);
}

Coro<Server> start_tcp_server(ServeClient serve, Text host, std::uint16_t port,
                              const ServerOptions& options) {
  return listen_tcp(std::move(serve), std::string(host.data(), host.size()), port, options);
}

Coro<Server> start_unix_server(ServeClient serve, Text path, const ServerOptions& options) {
  return listen_unix(std::move(serve), std::string(path.data(), path.size()), options);
}

}  // namespace detail

Server::Server(const Server& other) noexcept : state_(other.state_) {
  if (state_) state_->retain();
}
Server::~Server() {
  if (state_) state_->release();
}

void Server::start_serving() const { state_->serve(); }

Coro<> Server::serve_forever() const {
  const Server self = *this;
  if (self.state_->forever)
    detail::raise_runtime_error("server is already being awaited on serve_forever()");
  self.state_->serve();
  self.state_->forever = create_future();
  const auto ended = co_await as_result(self.state_->forever);
  self.state_->forever = {};
  self.close();
  // Cancelled: asyncio lets the connections end before it passes the cancellation on.
  co_await self.wait_closed();
  ended.value();
}

void Server::close() const noexcept { state_->close(); }

Coro<> Server::wait_closed() const {
  const Server self = *this;
  if (self.state_->closed && self.state_->connections == 0) co_return;
  self.state_->waiting.push_back(create_future());
  co_await self.state_->waiting.back();
}

void Server::close_clients() const noexcept {
  const Server self = *this;
  for (detail::Link* link = state_->streams.front(); link != state_->streams.end();) {
    auto& stream = detail::StreamState::of(*link);
    link = link->next;
    stream.close();
  }
}

void Server::abort_clients() const noexcept {
  const Server self = *this;
  while (!state_->streams.empty()) detail::StreamState::of(*state_->streams.front()).abort();
}

bool Server::is_serving() const noexcept { return state_->serving; }
std::size_t Server::connections() const noexcept { return state_->connections; }

std::vector<SocketAddress> Server::sockets() const {
  std::vector<SocketAddress> found;
  for (const auto& listener : state_->listeners) {
    sys::Address address;
    const int result = sys::local_address(listener->fd(), address);
    if (result < 0) throw OSError(-result, "getsockname");
    found.push_back(detail::to_socket_address(address));
  }
  return found;
}

std::uint16_t Server::port() const {
  const auto all = sockets();
  if (all.empty()) detail::raise_runtime_error("server is closed");
  return all.front().port;
}

}  // namespace hob
