// A client that tries again, a server that crashes, and a bad line between them, without a network:
// in virtual time, and the same for a seed always.
#include <hob/hob.hpp>
#include <hob/testing/network.hpp>
#include <hob/testing/run_virtual.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

using namespace std::chrono_literals;
using hob::testing::Network;

// [program]
hob::Coro<> answer(hob::StreamReader reader, hob::StreamWriter writer) {
  const std::string question = co_await reader.readline();
  co_await hob::sleep(100ms);  // thinks
  writer.write("42 is the answer to " + question);
}

hob::Coro<std::string> ask(std::string question) {
  auto [reader, writer] = co_await hob::open_connection("oracle.example", 4242);
  writer.write(question + '\n');
  co_return co_await reader.readuntil("\n");
}

/// Asks until there is an answer.
hob::Coro<std::string> ask_again(std::string question, int& attempts) {
  for (auto pause = 1s;; pause *= 2) {
    ++attempts;
    const auto got = co_await hob::as_result(hob::wait_for(ask(question), 5s));
    if (got || got.cancelled()) co_return got.value();
    co_await hob::sleep(pause);
  }
}
// [program]

// [test]
hob::Coro<> survives_a_crash(std::uint64_t seed) {
  Network network(seed);
  network.add_host("oracle.example");
  hob::testing::LinkOptions line(30ms);  // one way
  line.jitter = 20ms;
  line.loss = 0.2;
  line.resets = 0.2;
  network.set_link("localhost", "oracle.example", line);

  auto start = [] { return hob::start_server(answer, "oracle.example", 4242); };
  auto server = co_await network.create_task("oracle.example", start);
  int attempts = 0;
  auto asking = hob::create_task(ask_again("everything", attempts));
  co_await hob::sleep(100ms);
  network.crash("oracle.example");
  server.close();
  co_await hob::sleep(10s);
  network.restart("oracle.example");
  server = co_await network.create_task("oracle.example", start);

  const std::string got = co_await asking;
  const double seconds = hob::get_running_loop().time().seconds();
  std::printf("%d attempts, %.2f s: %s", attempts, seconds, got.c_str());
  server.close();
}
// [test]

int main() {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) hob::testing::run_virtual(survives_a_crash(seed));
}
