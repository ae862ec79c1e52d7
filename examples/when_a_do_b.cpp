// "When A happens, do B": the bare loop, without coroutines. Everything above is built from this:
// something becomes ready (now, at a time, when a pipe can be read), and the loop calls a function.
#include <hob/loop/event_loop.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdio>

using namespace std::chrono_literals;

void say(const char* what, int number) { std::printf("%d: %s\n", number, what); }

int main() {
  hob::EventLoop loop;
  int ends[2];
  if (pipe(ends) != 0) return 1;

  // [when_a_do_b]
  loop.add_reader(ends[0], [&] {
    char bytes[16];
    auto count = read(ends[0], bytes, sizeof bytes);
    std::printf("the pipe holds '%.*s'\n", static_cast<int>(count), bytes);
    loop.remove_reader(ends[0]);
    loop.call_soon([&] { loop.stop(); });
  });
  loop.call_later(20ms, [&] {
    std::puts("20 ms are over: write into the pipe");
    if (write(ends[1], "ping", 4) != 4) loop.stop();
  });
  auto never = loop.call_later(15ms, [] { std::puts("15 ms are over"); });
  loop.call_later(10ms, [&] {
    std::puts("10 ms are over: cancel what is due at 15");
    never.cancel();
  });
  loop.call_soon(say, "as soon as the loop runs", 1);
  loop.call_soon(say, "then this: call_soon keeps the order", 2);
  // [when_a_do_b]

  std::puts("nothing runs before the loop does");
  loop.run_forever();
  std::puts("stopped");
  loop.close();
  close(ends[0]);
  close(ends[1]);
}
