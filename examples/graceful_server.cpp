// A server on all cores that shuts down gracefully: on SIGTERM it takes no new connections, and
// goes on until the ones that it has are answered. It is its own client, and sends itself the
// signal.
#include <hob/hob.hpp>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// [server]
hob::Coro<> answer(hob::StreamReader reader, hob::StreamWriter writer) {
  while (auto line = co_await reader.anext()) {
    writer.write("echo " + *line);
    co_await writer.drain();
  }
  writer.close();
}

// On each loop: its own listening socket on the same port; the kernel spreads the connections.
// Cancelled, serve_forever closes it and waits for the connections that are there.
hob::Coro<> serve(std::uint16_t port) {
  auto server = co_await hob::start_server(answer, "127.0.0.1", port, {.reuse_port = true});
  co_await server.serve_forever();
}

hob::Coro<> serve_until_sigterm(hob::Runtime& cores, std::uint16_t port) {
  auto terminated = hob::signals(SIGTERM);
  auto serving = hob::create_task(cores.each(serve, port));
  co_await terminated.anext();
  std::printf("shutting down\n");
  serving.cancel();
  co_await hob::wait(std::vector{serving});
}
// [server]

hob::Coro<hob::Stream> connect(std::uint16_t port) {
  while (true) {  // until the server listens
    auto stream = co_await hob::as_result(hob::open_connection("127.0.0.1", port));
    if (stream) co_return *stream;
    co_await hob::sleep(1ms);
  }
}

hob::Coro<std::string> ask(hob::Stream stream, std::string what) {
  stream.writer.write(what);
  auto reply = co_await stream.reader.readline();
  co_return reply;
}

hob::Coro<> main_coro() {
  // A free port, which a server of one moment finds.
  auto probe = co_await hob::start_server(answer, "127.0.0.1", 0);
  const std::uint16_t port = probe.port();
  probe.close();

  hob::Runtime cores;
  auto server = hob::create_task(serve_until_sigterm(cores, port));
  std::vector<hob::Stream> clients;
  for (int i = 0; i < 20; ++i) {
    auto stream = co_await connect(port);
    auto reply = co_await ask(stream, "hello\n");
    if (i == 0) std::printf("%s", reply.c_str());
    clients.push_back(stream);
  }
  std::raise(SIGTERM);
  co_await hob::sleep(10ms);
  // The connections that are open are still served.
  int served = 0;
  for (const hob::Stream& stream : clients) {
    auto reply = co_await ask(stream, "still there?\n");
    served += reply == "echo still there?\n";
    stream.writer.close();
  }
  std::printf("%d still served\n", served);
  co_await server;
  auto late = co_await hob::as_result(hob::open_connection("127.0.0.1", port));
  std::printf("%s\n", late ? "still listening" : "gone");
}

int main() { hob::run(main_coro()); }
