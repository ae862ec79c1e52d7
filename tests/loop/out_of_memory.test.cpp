// SPDX-License-Identifier: MIT
// What happens when the k-th allocation fails. operator new is replaced for this whole test binary;
// ThreadSanitizer does not let it be, and has nothing to find here.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HOB_TEST_TSAN 1
#endif
#endif
#if !defined(HOB_TEST_TSAN) && !defined(__SANITIZE_THREAD__)

#include <hob/hob.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

using namespace std::chrono_literals;
using hob::EventLoop;

namespace out_of_memory_test {

thread_local int allocations_until_failure = -1;  // below 0: never

}  // namespace out_of_memory_test

void* operator new(std::size_t size) {
  int& left = out_of_memory_test::allocations_until_failure;
  if (left == 0) throw std::bad_alloc();
  if (left > 0) --left;
  if (void* block = std::malloc(size ? size : 1)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace out_of_memory_test {
namespace {

// Fails the allocation after `k` more, and all that follow, until the end of the scope.
struct Failing {
  explicit Failing(int k) { allocations_until_failure = k; }
  Failing(const Failing&) = delete;
  Failing& operator=(const Failing&) = delete;
  ~Failing() { allocations_until_failure = -1; }
};

// Too large for the pool, so that it reaches operator new each time.
struct Large {
  std::array<char, 2000> bytes{};
};

template <class Call>
void expect_usable_after_failures(Call call) {
  EventLoop loop;
  int failed = 0;
  for (int k = 0; k < 8; ++k) {
    try {
      const Failing failing(k);
      call(loop);
      break;
    } catch (const std::bad_alloc&) {
      ++failed;
    }
  }
  CHECK(failed > 0);
  CHECK(failed < 8);
  int ran = 0;
  loop.call_soon([&] { ++ran; });
  loop.call_later(1ms, [&] {
    ++ran;
    loop.stop();
  });
  loop.run_forever();
  CHECK(ran == 2);
}

}  // namespace

TEST_CASE("call_soon without memory throws, leaves nothing and can be called again") {
  auto token = std::make_shared<int>(0);
  expect_usable_after_failures([&](EventLoop& loop) {
    loop.call_soon([token, large = Large()] { static_cast<void>(large); });
  });
  CHECK(token.use_count() == 1);
}

TEST_CASE("call_later without memory throws, leaves nothing and can be called again") {
  auto token = std::make_shared<int>(0);
  expect_usable_after_failures([&](EventLoop& loop) {
    loop.call_later(0s, [token, large = Large()] { static_cast<void>(large); });
  });
  CHECK(token.use_count() == 1);
}

TEST_CASE("call_soon_threadsafe without memory throws and leaves nothing") {
  auto token = std::make_shared<int>(0);
  expect_usable_after_failures([&](EventLoop& loop) {
    loop.call_soon_threadsafe([token, large = Large()] { static_cast<void>(large); });
  });
  CHECK(token.use_count() == 1);
}

TEST_CASE("create_task without memory throws and leaves nothing") {
  auto token = std::make_shared<int>(0);
  expect_usable_after_failures([&](EventLoop& loop) {
    const auto body = [](std::shared_ptr<int>, Large large) -> hob::Coro<> {
      co_await hob::sleep(0s);
      CHECK(large.bytes[1999] == 0);  // needs the parameter in the frame
    };
    loop.create_task(body(token, Large()));
  });
  CHECK(token.use_count() == 1);
}

TEST_CASE("add_reader without memory throws and the descriptor is not watched") {
  expect_usable_after_failures([](EventLoop& loop) {
    loop.add_reader(0, [large = Large()] { static_cast<void>(large); });
    loop.remove_reader(0);
  });
}

TEST_CASE("a loop that cannot be made leaves nothing behind") {
  int failed = 0;
  for (int k = 0; k < 20; ++k) {
    try {
      const Failing failing(k);
      const EventLoop loop;
      break;
    } catch (const std::bad_alloc&) {
      ++failed;
    }
  }
  CHECK(failed > 0);
  CHECK(failed < 20);
}

TEST_CASE("a callback that runs out of memory is reported, and the loop goes on") {
  EventLoop loop;
  std::string reported;
  loop.set_exception_handler([&](EventLoop&, const hob::ExceptionContext& context) {
    reported = hob::type_name(context.exception);
  });
  loop.call_soon([] {
    const Failing failing(0);
    ::operator delete(hob::detail::allocate(5000));
  });
  loop.call_soon([&] { loop.stop(); });
  loop.run_forever();
  CHECK(reported == "bad_alloc");
}

}  // namespace out_of_memory_test

#endif
