// The same two coroutines, but the callee becomes a task that nobody awaits. A task takes its first
// step in the next turn of the loop, so World comes first. Before `run` returns it lets the tasks
// that are left take one more step, which is enough for this one.
#include <hob/hob.hpp>

#include <cstdio>

hob::Coro<> callee() {
  std::puts("Hello");
  co_return;
}

// [world_hello]
hob::Coro<> caller() {
  hob::create_task(callee());
  std::puts("World");
  co_return;
}
// [world_hello]

int main() { hob::run(caller()); }
