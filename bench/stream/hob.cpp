// SPDX-License-Identifier: MIT
//
// The echo server on Hob: streams as its users write them, the same on io_uring, and plain sockets.
#include <hob/hob.hpp>

#include <memory>

#include "load.hpp"

namespace {

struct Ending {
  explicit Ending(std::uint64_t count) : left(count) {}
  std::uint64_t left;
  std::uint64_t echoed = 0;
  hob::Event ended;
  hob::Event all_echoed;
  std::uint64_t wanted = 0;

  void close() {
    if (--left == 0) ended.set();
  }
  void first_echo() {
    if (++echoed == wanted) all_echoed.set();
  }
};

hob::Coro<> echo(hob::StreamReader reader, hob::StreamWriter writer, Ending& ending) {
  bool first = true;
  while (true) {
    const auto data = co_await reader.read_some();
    if (data.empty()) break;
    writer.write(data);
    co_await writer.drain();
    if (std::exchange(first, false)) ending.first_echo();
  }
  ending.close();
}

hob::Coro<> leave(hob::StreamReader, hob::StreamWriter writer, Ending& ending) {
  writer.close();
  ending.close();
  co_return;
}

using Handler = hob::Coro<>(hob::StreamReader, hob::StreamWriter, Ending&);

hob::Coro<hob::Server> start(Handler* handle, Ending& ending) {
  const auto handler = [handle, &ending](hob::StreamReader reader, hob::StreamWriter writer) {
    return handle(std::move(reader), std::move(writer), ending);
  };
  co_return co_await hob::start_server(handler, "127.0.0.1", 0, {.backlog = 4096});
}

template <hob::Driver kDriver>
struct StreamsOn {
  static void serve(bench::Run& run, load::Shape shape) {
    load::Clients clients(shape, run.count);
    serve_with(run, clients, echo, shape.connections);
  }
  static void accept_close(bench::Run& run) {
    load::Clients clients(load::kAcceptClose, run.count);
    serve_with(run, clients, leave, run.count);
  }
  static void serve_with(bench::Run& run, load::Clients& clients, Handler* handle,
                         std::uint64_t connections) {
    Ending ending(connections);
    const auto main = [&]() -> hob::Coro<> {
      auto server = co_await start(handle, ending);
      run.start();
      clients.go(server.port());
      co_await ending.ended.wait();
      run.stop();
      server.close();
    };
    hob::run(main(), {.driver = kDriver});
  }
  static void idle(bench::Run& run) {
    load::Shape shape{unsigned(run.count), load::kIdle.size};
    load::Clients clients(shape, run.count, true);
    Ending ending(run.count);
    ending.wanted = run.count;
    const auto main = [&]() -> hob::Coro<> {
      auto server = co_await start(echo, ending);
      run.memory_start();
      clients.go(server.port());
      co_await ending.all_echoed.wait();
      run.memory_stop();
      clients.release();
      co_await ending.ended.wait();
      server.close();
    };
    hob::run(main(), {.driver = kDriver});
  }
};
using Streams = StreamsOn<hob::Driver::epoll>;
using RingStreams = StreamsOn<hob::Driver::uring>;

hob::Coro<> echo_plain(hob::Socket socket, Ending& ending) {
  auto& loop = hob::get_running_loop();
  bool first = true;
  while (true) {
    const std::string data = co_await loop.sock_recv(socket, 256 << 10);
    if (data.empty()) break;
    co_await loop.sock_sendall(socket, data);
    if (std::exchange(first, false)) ending.first_echo();
  }
  ending.close();
}

/// Into a buffer of each connection's own: no copy, and no string.
hob::Coro<> echo_into(hob::Socket socket, Ending& ending) {
  auto& loop = hob::get_running_loop();
  constexpr std::size_t kSize = 256 << 10;
  const std::unique_ptr<char[]> buffer(new char[kSize]);
  while (const std::size_t n = co_await loop.sock_recv_into(socket, buffer.get(), kSize))
    co_await loop.sock_sendall(socket, {buffer.get(), n});
  ending.close();
}

template <auto kEcho>
hob::Coro<> accept_all(int listener, Ending& ending) {
  auto& loop = hob::get_running_loop();
  auto socket = hob::Socket::adopt(listener);
  while (true) {
    auto accepted = co_await loop.sock_accept(socket);
    hob::create_task(kEcho, std::move(accepted.first), std::ref(ending));
  }
}

hob::Coro<> close_all(int listener, Ending& ending) {
  auto& loop = hob::get_running_loop();
  auto socket = hob::Socket::adopt(listener);
  while (true) {
    auto accepted = co_await loop.sock_accept(socket);
    accepted.first.close();
    ending.close();
  }
}

using Acceptor = hob::Coro<>(int, Ending&);

template <auto kEcho>
struct Sockets {
  static void serve(bench::Run& run, load::Shape shape) {
    load::Clients clients(shape, run.count);
    serve_with(run, clients, accept_all<kEcho>, shape.connections);
  }
  static void accept_close(bench::Run& run) {
    load::Clients clients(load::kAcceptClose, run.count);
    serve_with(run, clients, close_all, run.count);
  }
  static void serve_with(bench::Run& run, load::Clients& clients, Acceptor* accept,
                         std::uint64_t connections) {
    Ending ending(connections);
    const auto main = [&]() -> hob::Coro<> {
      std::uint16_t port = 0;
      auto accepting = hob::create_task(accept, load::listen_anywhere(port), std::ref(ending));
      run.start();
      clients.go(port);
      co_await ending.ended.wait();
      run.stop();
      accepting.cancel();
    };
    hob::run(main());
  }
  static void idle(bench::Run&) {}
};

std::vector<bench::Case> cases() {
  std::vector<bench::Case> all(std::begin(load::Cases<Streams>::kAll),
                               std::end(load::Cases<Streams>::kAll));
  for (bench::Case each : load::Cases<Sockets<echo_plain>>::kAll) {
    each.subject = "hob-sock";
    if (!each.fresh) all.push_back(each);
  }
  for (bench::Case each : load::Cases<Sockets<echo_into>>::kAll) {
    each.subject = "hob-sock-into";
    if (!each.fresh && each.name != std::string_view("accept_close")) all.push_back(each);
  }
  if (hob::EventLoop({.driver = hob::Driver::uring}).driver() == hob::Driver::uring) {
    for (bench::Case each : load::Cases<RingStreams>::kAll) {
      each.subject = "hob-uring";
      all.push_back(each);
    }
  } else {
    std::fputs("hob-uring: no io_uring here\n", stderr);
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, "stream", "hob", cases()); }
