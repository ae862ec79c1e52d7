// Which ports are open? At most fifty connections are tried at a time. Without arguments it looks
// for the two servers that it has started itself: port_scanner [host first last].
#include <hob/hob.hpp>

#include <cstdlib>
#include <iostream>
#include <vector>

using namespace std::chrono_literals;

// [scan]
hob::Coro<bool> is_open(std::string host, std::uint16_t port, hob::Semaphore& at_once) {
  auto turn = co_await at_once.scoped();
  auto connected =
      co_await hob::as_result(hob::wait_for(hob::open_connection(host, port), 2s));
  if (connected.cancelled()) connected.value();
  co_return connected.has_value();
}
// [scan]

hob::Coro<std::vector<int>> scan(std::string host, int first, int last) {
  hob::Semaphore at_once(50);
  std::vector<hob::Task<bool>> tasks;
  for (int port = first; port <= last; ++port)
    tasks.push_back(hob::create_task(is_open, host, static_cast<std::uint16_t>(port),
                                     std::ref(at_once)));
  auto open = co_await hob::gather(tasks);
  std::vector<int> ports;
  for (std::size_t i = 0; i < open.size(); ++i)
    if (open[i]) ports.push_back(first + static_cast<int>(i));
  co_return ports;
}

hob::Coro<> greet(hob::StreamReader, hob::StreamWriter writer) {
  writer.write("welcome\n");
  co_return;
}

hob::Coro<> find_own_servers() {
  auto one = co_await hob::start_server(greet, "127.0.0.1", 0);
  auto two = co_await hob::start_server(greet, "127.0.0.1", 0);
  int found = 0;
  for (const auto& server : {one, two}) {
    auto open = co_await scan("127.0.0.1", server.port() - 100, server.port() + 100);
    for (int port : open) found += port == server.port();
  }
  std::cout << "found " << found << " of 2 servers\n";
  one.close();
  two.close();
}

hob::Coro<> print_open(std::string host, int first, int last) {
  auto open = co_await scan(host, first, last);
  for (int port : open) std::cout << port << '\n';
}

int main(int count, char** arguments) {
  if (count < 4) {
    hob::run(find_own_servers());
  } else {
    hob::run(print_open(arguments[1], std::atoi(arguments[2]), std::atoi(arguments[3])));
  }
}
