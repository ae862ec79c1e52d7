// Waiting for signals: SIGHUP reloads, SIGTERM ends. The program sends them to itself.
#include <hob/hob.hpp>

#include <csignal>
#include <cstdio>

using namespace std::chrono_literals;

// [signals]
hob::Coro<> listen() {
  auto received = hob::signals(SIGHUP, SIGTERM);
  while (auto signal = co_await received.anext()) {
    if (*signal == SIGTERM) break;
    std::printf("reloading\n");
  }
  std::printf("ending\n");
}
// [signals]

hob::Coro<> main_coro() {
  auto listening = hob::create_task(listen());
  co_await hob::sleep(0s);
  for (int signal : {SIGHUP, SIGHUP, SIGTERM}) {
    std::raise(signal);
    co_await hob::sleep(10ms);  // two of a kind that nobody has taken yet are one
  }
  co_await listening;
}

int main() { hob::run(main_coro()); }
