// Two callers as tasks, in a gather that nobody awaits. The tasks are scheduled by create_task, not
// by gather, and take their turns in the order in which they were made: each runs until it has to
// wait, and neither ever has to. They are named first because C++ does not say which argument of a
// call is evaluated first (g++ takes the last one).
#include <hob/hob.hpp>

#include <cstdio>
#include <string>

hob::Coro<> callee(std::string suffix) {
  std::printf("Hello%s\n", suffix.c_str());
  co_return;
}

hob::Coro<> caller(std::string suffix) {
  co_await callee(suffix);
  std::printf("World%s\n", suffix.c_str());
}

hob::Coro<> both() {
  auto first = hob::create_task(caller(""));
  auto second = hob::create_task(caller("2"));
  hob::gather(first, second);
  co_return;
}

int main() { hob::run(both()); }
