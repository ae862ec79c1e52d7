// A chat server: what one says, all others hear. Run it with a port to use it from a terminal
// (`nc localhost 8888`); without, two scripted guests talk to each other.
#include <hob/hob.hpp>

#include <cstdlib>
#include <iostream>
#include <map>

class Chat {
 public:
  // [guest]
  hob::Coro<> guest(hob::StreamReader reader, hob::StreamWriter writer) {
    writer.write("your name? ");
    std::string name = co_await reader.readline();
    if (!name.empty() && name.back() == '\n') name.pop_back();
    if (name.empty()) co_return;
    guests_[name] = writer;
    tell_others(name, name + " is here\n");
    while (auto line = co_await reader.anext()) tell_others(name, name + ": " + *line);
    guests_.erase(name);
    tell_others(name, name + " has left\n");
  }
  // [guest]

 private:
  void tell_others(const std::string& name, const std::string& text) {
    for (auto& [other, writer] : guests_)
      if (other != name) writer.write(text);
  }

  std::map<std::string, hob::StreamWriter> guests_;
};

hob::Coro<> expect(hob::StreamReader reader, std::string who) {
  std::string line = co_await reader.readline();
  std::cout << who << " hears: " << line;
}

hob::Coro<hob::Stream> enter(std::uint16_t port, std::string name) {
  auto stream = co_await hob::open_connection("127.0.0.1", port);
  co_await stream.reader.readuntil("? ");
  stream.writer.write(name + "\n");
  co_return stream;
}

hob::Coro<> talk(std::uint16_t port) {
  auto anna = co_await enter(port, "Anna");
  auto bela = co_await enter(port, "Bela");
  co_await expect(anna.reader, "Anna");
  bela.writer.write("good evening\n");
  co_await expect(anna.reader, "Anna");
  anna.writer.write("how are you?\n");
  co_await expect(bela.reader, "Bela");
  bela.writer.close();
  co_await expect(anna.reader, "Anna");
  anna.writer.close();
}

hob::Coro<> serve(int port) {
  Chat chat;
  auto guest = [&chat](hob::StreamReader reader, hob::StreamWriter writer) {
    return chat.guest(reader, writer);
  };
  auto server =
      co_await hob::start_server(guest, "127.0.0.1", static_cast<std::uint16_t>(port));
  if (port != 0) co_await server.serve_forever();
  co_await talk(server.port());
  server.close();
  co_await server.wait_closed();
}

int main(int count, char** arguments) {
  try {
    hob::run(serve(count > 1 ? std::atoi(arguments[1]) : 0));
  } catch (const hob::KeyboardInterrupt&) {
    return 130;
  }
}
