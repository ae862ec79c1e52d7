// Copies standard input to a socket and what comes back to standard output, like nc:
// stdin_to_socket [host port]. Without arguments it talks to a server of its own, which shouts.
#include <hob/hob.hpp>

#include <cctype>
#include <cstdlib>

hob::Coro<> shout(hob::StreamReader reader, hob::StreamWriter writer) {
  while (auto line = co_await reader.anext()) {
    for (char& c : *line) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    writer.write(*line);
    co_await writer.drain();
  }
}

// [copy]
hob::Coro<> copy(hob::StreamReader from, hob::StreamWriter to) {
  while (true) {
    auto bytes = co_await from.read_some();
    if (bytes.empty()) break;
    to.write(bytes);
    co_await to.drain();
  }
  if (to.can_write_eof()) to.write_eof();
}
// [copy]

hob::Coro<> talk(std::string host, std::uint16_t port) {
  auto [reader, writer] = co_await hob::open_connection(host, port);
  auto output = hob::standard_output();
  co_await hob::gather(copy(hob::standard_input(), writer), copy(reader, output));
  output.close();
  co_await output.wait_closed();
}

hob::Coro<> talk_to_myself() {
  auto server = co_await hob::start_server(shout, "127.0.0.1", 0);
  co_await talk("127.0.0.1", server.port());
  server.close();
}

int main(int count, char** arguments) {
  if (count < 3) {
    hob::run(talk_to_myself());
  } else {
    hob::run(talk(arguments[1], static_cast<std::uint16_t>(std::atoi(arguments[2]))));
  }
}
