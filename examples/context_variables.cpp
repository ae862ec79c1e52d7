// Context variables (PEP 567): values that follow a task instead of a thread, such as the request
// that a log line belongs to. A task gets a copy of its maker's context; what it sets stays in
// there.
#include <hob/hob.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

// [context]
hob::ContextVar<std::string> request("request", "none");

void log(const char* text) { std::printf("[%s] %s\n", request.get().c_str(), text); }

hob::Coro<> handle(std::string id) {
  request.set(id);
  log("begins");
  co_await hob::sleep(0s);
  log("ends");
}

hob::Coro<> server() {
  co_await hob::gather(handle("A"), handle("B"));
  log("the tasks' values are theirs");
  // [context]

  // A coroutine that is awaited in place runs in this task, and so in its context.
  co_await handle("C");
  log("the awaited coroutine's value is ours");

  auto token = request.set("D");
  log("set");
  hob::get_running_loop().call_soon(log, "a callback has the context of its call_soon");
  request.reset(token);
  log("reset");
  co_await hob::sleep(0s);

  hob::Context copy = hob::copy_context();
  auto inside = [] {
    request.set("E");
    log("inside a copy");
  };
  copy.run(inside);
  log("outside again");
}

int main() { hob::run(server()); }
