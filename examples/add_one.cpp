// Before, during and after a call that is awaited: co_await suspends the caller until the callee
// has its result. Nobody else had anything to do, so it looks like an ordinary call.
#include <hob/hob.hpp>

#include <cstdio>

hob::Coro<int> add_one(int number) {
  std::puts("add one");
  co_return number + 1;
}

hob::Coro<> caller() {
  std::puts("before");
  int two = co_await add_one(1);
  std::printf("after: %d\n", two);
}

int main() { hob::run(caller()); }
