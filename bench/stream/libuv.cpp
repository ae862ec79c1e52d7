// SPDX-License-Identifier: MIT
//
// The echo server on libuv: callbacks, one read buffer for all, a write tried at once.
#include <uv.h>

#include "load.hpp"

namespace {

struct Server {
  uv_loop_t loop;
  uv_tcp_t listener;
  std::uint64_t left = 0, echoed = 0, wanted = 0;
  bool close_at_once = false;
  void (*all_echoed)(Server&) = nullptr;
  bench::Run* run = nullptr;
  load::Clients* clients = nullptr;
  std::vector<char> buffer = std::vector<char>(256 << 10);
};

struct Connection {
  uv_tcp_t tcp;
  Server* server;
  bool echoed;
};

struct Write {
  uv_write_t request;
  std::vector<char> data;
};

void closed(uv_handle_t* handle) {
  auto* connection = static_cast<Connection*>(handle->data);
  if (--connection->server->left == 0) uv_stop(&connection->server->loop);
  delete connection;
}

void received(uv_stream_t* stream, ssize_t n, const uv_buf_t* got) {
  auto* connection = static_cast<Connection*>(stream->data);
  if (n < 0) return uv_close(reinterpret_cast<uv_handle_t*>(stream), closed);
  uv_buf_t out = uv_buf_init(got->base, unsigned(n));
  int sent = uv_try_write(stream, &out, 1);
  if (sent < 0) sent = 0;
  if (sent < n) {
    auto* write = new Write{{}, std::vector<char>(got->base + sent, got->base + n)};
    write->request.data = write;
    out = uv_buf_init(write->data.data(), unsigned(write->data.size()));
    uv_write(&write->request, stream, &out, 1,
             [](uv_write_t* request, int) { delete static_cast<Write*>(request->data); });
  }
  Server& server = *connection->server;
  if (!std::exchange(connection->echoed, true) && ++server.echoed == server.wanted)
    server.all_echoed(server);
}

void accepted(uv_stream_t* listener, int) {
  auto* server = static_cast<Server*>(listener->data);
  auto* connection = new Connection{{}, server, false};
  uv_tcp_init(&server->loop, &connection->tcp);
  connection->tcp.data = connection;
  auto* stream = reinterpret_cast<uv_stream_t*>(&connection->tcp);
  if (uv_accept(listener, stream) != 0) return;
  uv_tcp_nodelay(&connection->tcp, 1);
  if (server->close_at_once)
    return uv_close(reinterpret_cast<uv_handle_t*>(&connection->tcp), closed);
  uv_read_start(
      stream,
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto& memory = static_cast<Connection*>(handle->data)->server->buffer;
        *buffer = uv_buf_init(memory.data(), unsigned(memory.size()));
      },
      received);
}

enum class What : std::uint8_t { echo, idle, leave };

struct Echo {
  static void serve(bench::Run& run, load::Shape shape) {
    load::Clients clients(shape, run.count);
    serve_with(run, clients, shape.connections, What::echo);
  }
  static void accept_close(bench::Run& run) {
    load::Clients clients(load::kAcceptClose, run.count);
    serve_with(run, clients, run.count, What::leave);
  }
  static void idle(bench::Run& run) {
    load::Clients clients({unsigned(run.count), load::kIdle.size}, run.count, true);
    serve_with(run, clients, run.count, What::idle);
  }
  static void serve_with(bench::Run& run, load::Clients& clients, std::uint64_t count, What what) {
    const bool idle = what == What::idle;
    Server server;
    server.left = count;
    server.close_at_once = what == What::leave;
    server.run = &run;
    server.clients = &clients;
    uv_loop_init(&server.loop);
    uv_tcp_init(&server.loop, &server.listener);
    server.listener.data = &server;
    const sockaddr_in any = load::loopback(0);
    uv_tcp_bind(&server.listener, reinterpret_cast<const sockaddr*>(&any), 0);
    uv_listen(reinterpret_cast<uv_stream_t*>(&server.listener), 4096, accepted);
    sockaddr_in address{};
    int size = sizeof address;
    uv_tcp_getsockname(&server.listener, reinterpret_cast<sockaddr*>(&address), &size);
    if (idle) {
      server.wanted = count;
      server.all_echoed = [](Server& s) {
        s.run->memory_stop();
        s.clients->release();
      };
    }
    idle ? run.memory_start() : run.start();
    clients.go(ntohs(address.sin_port));
    uv_run(&server.loop, UV_RUN_DEFAULT);
    if (!idle) run.stop();
  }
};

}  // namespace

int main(int argc, char** argv) {
  return bench::main(argc, argv, "stream", "libuv", load::Cases<Echo>::kAll);
}
