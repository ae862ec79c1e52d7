// Calling a coroutine function runs nothing and gives an object. It can be printed; `run` (or
// co_await, or create_task) runs it, once.
#include <hob/hob.hpp>

#include <iostream>
#include <sstream>

// [add_one]
hob::Coro<int> add_one(int number) {
  std::cout << "add_one runs\n";
  co_return number + 1;
}
// [add_one]

int main() {
  auto coroutine = add_one(1);

  std::ostringstream text;
  text << coroutine;  // <coroutine object add_one at 0x55d0c5a3e2c0>
  std::cout << text.str().substr(0, text.str().find(" at ")) << ">\n";

  std::cout << hob::run(std::move(coroutine)) << '\n';
  std::cout << hob::run(add_one(1)) << '\n';
}
