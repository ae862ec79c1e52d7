// An echo server and its clients in one program, over TCP.
#include <hob/hob.hpp>

#include <iostream>

// [echo]
hob::Coro<> echo(hob::StreamReader reader, hob::StreamWriter writer) {
  while (auto line = co_await reader.anext()) {
    writer.write(*line);
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
}
// [echo]

hob::Coro<std::string> ask(std::uint16_t port, std::string question) {
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", port);
  writer.write(question + "\n");
  co_await writer.drain();
  std::string answer = co_await reader.readline();
  writer.close();
  co_await writer.wait_closed();
  co_return answer;
}

hob::Coro<> main_task() {
  // [server]
  auto server = co_await hob::start_server(echo, "127.0.0.1", 0);
  auto [one, two, three] = co_await hob::gather(
      ask(server.port(), "one"), ask(server.port(), "two"), ask(server.port(), "three"));
  // [server]
  std::cout << one << two << three;
  server.close();
  co_await server.wait_closed();
  std::cout << "closed\n";
}

int main() { hob::run(main_task()); }
