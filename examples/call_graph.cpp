// Who waits where, and for whom: every suspended coroutine knows the line of its co_await, in
// release builds too. `print_call_graph` prints it to stderr with file and line; this program
// prints the functions only.
#include <hob/hob.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

hob::Coro<> read_header() { co_await hob::sleep(1h); }
hob::Coro<> read_request() { co_await read_header(); }
hob::Coro<> serve(hob::Task<> reader) { co_await reader; }

void print(const hob::FutureCallGraph& graph, const hob::Task<>& task) {
  std::printf("%s waits for %s\n", task.get_name().c_str(), graph.waiting_for.c_str());
  for (const auto& frame : graph.call_stack) std::printf("  in %s\n", frame.function.c_str());
  for (const auto& waiter : graph.awaited_by) {
    for (const auto& frame : waiter.call_stack) {
      std::printf("  awaited by another task, in %s\n", frame.function.c_str());
    }
  }
}

hob::Coro<> main_coroutine() {
  auto reader = hob::create_task(read_request(), {.name = "reader"});
  auto server = hob::create_task(serve(reader));
  co_await hob::sleep(1ms);
  print(hob::capture_call_graph(reader), reader);
  server.cancel();
}

int main() { hob::run(main_coroutine(), {.driver = hob::Driver::sim}); }
