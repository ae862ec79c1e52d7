// SPDX-License-Identifier: MIT
// The bug museum, room of spinning: bugs that make a loop of other libraries ask the kernel without
// end, or never.
#include "museum/drivers.hpp"

#include <hob/testing/faults.hpp>

#include <string>
#include <utility>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Socket;
using hob::testing::Faults;
using Call = hob::testing::Faults::Call;

namespace museum_spin {
namespace {

std::size_t polls(const Faults& faults) {
  return faults.calls(Call::epoll_wait) + faults.calls(Call::io_uring_enter);
}

/// In real time: what is about how often the kernel is asked.
template <class F>
void while_polls_are_counted(F main) {
  for (const auto driver : {hob::Driver::epoll, hob::Driver::uring}) {
    Faults faults;
    museum::on_driver(driver, [&] { return main(faults); });
  }
}

// A descriptor that has hung up and that nobody reads: level-triggered it wakes the loop for ever.
Coro<> hang_up_that_nobody_reads(Faults& faults) {
  const auto keep = [](hob::StreamReader reader, hob::StreamWriter writer) -> Coro<> {
    co_await reader.readline();
    writer.abort();
  };
  auto server = co_await hob::start_server(keep, "127.0.0.1", 0);
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
  const auto early = co_await hob::as_result(hob::wait_for(reader.readline(), 1ms));
  CHECK(!early);  // but now it is registered
  writer.write("go away\n");
  co_await hob::sleep(5ms);
  const std::size_t before = polls(faults);
  co_await hob::sleep(50ms);
  CHECK(polls(faults) - before < 10);
  writer.abort();
  server.close();
  co_await server.wait_closed();
}

// A fraction of a millisecond, rounded down to none, is a loop that asks the kernel without end.
Coro<> short_sleeps(Faults& faults) {
  constexpr std::size_t kSleeps = 20;
  const std::size_t before = polls(faults);
  for (std::size_t i = 0; i < kSleeps; ++i) co_await hob::sleep(300us);
  CHECK(polls(faults) - before <= 3 * kSleeps);
}

// Timers that are due at once, again and again, must not keep the loop from its descriptors.
Coro<> timers_without_delay() {
  auto& loop = hob::get_running_loop();
  auto [a, b] = Socket::pair();
  const auto receive = [&loop](Socket& from) -> Coro<std::string> {
    co_return co_await loop.sock_recv(from, 1);
  };
  auto receiving = hob::create_task(receive, std::ref(a));
  co_await hob::sleep(1ms);  // it waits
  int ticks = 0;
  const auto tick = [&](auto& self) -> void {
    if (++ticks < 100'000 && !receiving.done()) loop.call_later(0s, [&self] { self(self); });
  };
  co_await loop.sock_sendall(b, "x");
  tick(tick);
  const std::string got = co_await receiving;
  CHECK(got == "x");
  CHECK(ticks < 1000);
  co_await hob::sleep(1ms);
}

}  // namespace

TEST_CASE("seastar 157c7a376: a hang-up that nobody reads makes the loop spin") {
  while_polls_are_counted(hang_up_that_nobody_reads);
}
TEST_CASE("libuv: a timeout that is rounded to zero makes the loop spin") {
  while_polls_are_counted(short_sleeps);
}
TEST_CASE("libuv: timers without delay starve descriptors") {
  museum::on_driver(hob::Driver::epoll, timers_without_delay);
  museum::on_ring(timers_without_delay);
}

}  // namespace museum_spin
