// A task group: its children never outlive the block. When one fails, the others are cancelled, and
// once all have ended the errors leave the block together, as an ExceptionGroup.
#include <hob/hob.hpp>

#include <cstdio>

using namespace std::chrono_literals;

hob::Coro<int> fetch(int page) {
  co_await hob::sleep(10ms);
  co_return 100 * page;
}

hob::Coro<int> fail(const char* what) {
  co_await hob::sleep(20ms);
  throw hob::ValueError(what);
}

hob::Coro<int> slow() {
  try {
    co_await hob::sleep(1h);
  } catch (const hob::CancelledError&) {
    std::puts("slow: cancelled");
    throw;
  }
  co_return 0;
}

// A failing clean-up is not lost either.
hob::Coro<int> clumsy() {
  auto outcome = co_await hob::as_result(hob::sleep(1h));
  if (outcome.cancelled()) throw hob::RuntimeError("fell over while leaving");
  co_return 0;
}

hob::Coro<> all_goes_well() {
  // [typed]
  auto pages = [](hob::TaskGroup& group) -> hob::Coro<int> {
    auto first = group.create_task(fetch(1));
    auto second = group.create_task(fetch(2));
    co_return co_await first + co_await second;
  };
  int sum = co_await hob::task_group(pages);
  // [typed]
  std::printf("all went well: %d\n", sum);
}

hob::Coro<> some_fail() {
  // [errors]
  auto body = [](hob::TaskGroup& group) -> hob::Coro<> {
    group.create_task(fetch(1));
    group.create_task(fail("page 2"));
    group.create_task(fail("page 3"));
    group.create_task(slow());
    group.create_task(clumsy());
    co_await hob::sleep(1h);  // cancelled, too
  };
  try {
    co_await hob::task_group(body);
  } catch (const hob::ExceptionGroup& group) {
    std::printf("%s: %zu\n", group.message().c_str(), group.exceptions().size());
    auto [values, others] = group.split<hob::ValueError>();  // except*
    for (const auto& error : values->exceptions()) std::puts(hob::describe(error).c_str());
    for (const auto& error : others->exceptions()) std::puts(hob::describe(error).c_str());
  }
  // [errors]
}

hob::Coro<> main_coroutine() {
  co_await all_goes_well();
  co_await some_fail();
}

int main() { hob::run(main_coroutine(), {.driver = hob::Driver::sim}); }
