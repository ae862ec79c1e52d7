// The same without a loop: a generator (PEP 255) also stops in the middle and goes on later, driven
// by whoever holds it. That is all that a coroutine is; PEP 342 gave generators `send`, `throw` and
// `close`, and asyncio was built from those.
#include <hob/core/error.hpp>
#include <hob/task/generator.hpp>

#include <cstdio>

// Yields number + 1, then one more than whatever it is sent.
// [add_one_generator]
hob::Generator<int, int> add_one(int number) {
  try {
    while (true) {
      std::puts("add one");
      try {
        number = co_yield number + 1;
      } catch (const hob::ValueError& error) {
        std::printf("caught %s\n", error.what());
        number = 0;
      }
    }
  } catch (const hob::GeneratorExit&) {
    std::puts("closed");
    throw;
  }
}
// [add_one_generator]

int main() {
  std::puts("before");
  auto generator = add_one(1);
  std::puts("nothing has run yet");
  std::printf("next: %d\n", *generator.next());
  std::printf("send 41: %d\n", *generator.send(41));
  std::printf("throw: %d\n", *generator.throw_(hob::ValueError("a bad number")));
  generator.close();
  std::printf("after: %s\n", generator.next() ? "a value" : "nothing more");
}
