// Two coroutines. Calling one runs nothing; awaiting it runs it in place, as part of the same task,
// and the caller goes on once it has ended.
#include <hob/hob.hpp>

#include <cstdio>

// [hello_world]
hob::Coro<> callee() {
  std::puts("Hello");
  co_return;
}

hob::Coro<> caller() {
  co_await callee();
  std::puts("World");
}

int main() { hob::run(caller()); }
// [hello_world]
