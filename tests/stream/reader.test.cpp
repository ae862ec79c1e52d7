// SPDX-License-Identifier: MIT
// What StreamReader gives for bytes that arrive in pieces. CPython's asyncio is the model:
// examples/stream_reader.py prints what it does.
#include <hob/hob.hpp>

#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/memory_stream.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using hob::StreamReader;
using hob::testing::memory_stream_pair;
using hob::testing::MemoryStreamOptions;
using hob::testing::run_virtual;

namespace reader_test {
namespace {

/// Feeds one piece per turn, then the end.
hob::Coro<> feed(StreamReader reader, std::vector<std::string> pieces) {
  for (const std::string& piece : pieces) {
    reader.feed_data(piece);
    co_await hob::sleep(0s);
  }
  reader.feed_eof();
}

/// What a read gave, or how it failed.
template <class A>
hob::Coro<std::string> outcome(A&& read) {
  const auto result = co_await hob::as_result(std::forward<A>(read));
  if (result) co_return result.value();
  try {
    result.value();
  } catch (const hob::IncompleteReadError& error) {
    co_return "incomplete '" + error.partial() + "': " + error.what();
  } catch (const hob::LimitOverrunError& error) {
    co_return "overrun " + std::to_string(error.consumed()) + ": " + error.what();
  } catch (const std::exception& error) {
    co_return std::string("error: ") + error.what();
  }
  co_return "";
}

hob::Coro<std::string> read_ten(StreamReader reader) {
  co_return co_await outcome(reader.read(10));
}

}  // namespace

TEST_CASE("read gives what is there, and everything until the end") {
  const auto main = []() -> hob::Coro<> {
    auto reader = StreamReader::detached();
    auto feeding = hob::create_task(feed(reader, {"abc", "def", "ghi", "jkl"}));
    const auto nothing = co_await reader.read(0);
    CHECK(nothing.empty());
    const auto two = co_await reader.read(2);
    CHECK(two == "ab");
    const auto rest = co_await reader.read(100);
    CHECK(rest == "c");
    CHECK_FALSE(reader.at_eof());
    const auto all = co_await reader.read();
    CHECK(all == "defghijkl");
    CHECK(reader.at_eof());
    const auto end = co_await reader.read(10);
    CHECK(end.empty());
    co_await feeding;
  };
  run_virtual(main());
}

TEST_CASE("readexactly waits for all of it, or says how much there was") {
  const auto main = []() -> hob::Coro<> {
    auto reader = StreamReader::detached();
    auto feeding = hob::create_task(feed(reader, {"a", "bc", "def", "gh"}));
    const auto none = co_await reader.readexactly(0);
    CHECK(none.empty());
    const auto five = co_await reader.readexactly(5);
    CHECK(five == "abcde");
    const auto failed = co_await outcome(reader.readexactly(5));
    CHECK(failed == "incomplete 'fgh': 3 bytes read on a total of 5 expected bytes");
    CHECK(reader.at_eof());
    co_await feeding;
  };
  run_virtual(main());
}

TEST_CASE("readline keeps the newline, and gives a last line without one") {
  const auto main = []() -> hob::Coro<> {
    auto reader = StreamReader::detached();
    auto feeding = hob::create_task(feed(reader, {"one\ntw", "o", "\n\nlast"}));
    std::vector<std::string> lines;
    while (auto line = co_await reader.anext()) lines.push_back(*line);
    CHECK(lines == std::vector<std::string>{"one\n", "two\n", "\n", "last"});
    const auto end = co_await reader.readline();
    CHECK(end.empty());
    co_await feeding;
  };
  run_virtual(main());
}

TEST_CASE("readuntil takes the separator that ends first, also one that comes in two pieces") {
  const auto main = []() -> hob::Coro<> {
    auto reader = StreamReader::detached();
    auto feeding =
        hob::create_task(feed(reader, {"head\r", "\n", "a;b,c\r\nx", "--", "--y", "tail"}));
    const auto head = co_await reader.readuntil("\r\n");
    CHECK(head == "head\r\n");
    const auto a = co_await reader.readuntil(",", ";");
    CHECK(a == "a;");
    const auto b = co_await reader.readuntil(",", ";");
    CHECK(b == "b,");
    const auto c =
        co_await reader.readuntil("\n", "\r\n");  // both end there: the one that is first
    CHECK(c == "c\r\n");
    const auto x = co_await reader.readuntil(std::string("----"));
    CHECK(x == "x----");
    const auto rest = co_await outcome(reader.readuntil("----"));
    CHECK(rest == "incomplete 'ytail': 5 bytes read on a total of undefined expected bytes");
    const auto empty = co_await outcome(reader.readuntil(""));
    CHECK(empty == "error: Separator should be at least one-byte string");
    co_await feeding;
  };
  run_virtual(main());
}

TEST_CASE("a line longer than the limit is an error, and what happens to it") {
  const auto main = []() -> hob::Coro<> {
    auto reader = StreamReader::detached(4);
    reader.feed_data("abcdefgh");
    const auto until = co_await outcome(reader.readuntil("\n"));
    CHECK(until == "overrun 8: Separator is not found, and chunk exceed the limit");
    CHECK(reader.buffered() == "abcdefgh");  // stays
    reader.feed_data("ij\nkl\n");
    const auto found = co_await outcome(reader.readuntil("\n"));
    CHECK(found == "overrun 10: Separator is found, but chunk is longer than limit");
    const auto line = co_await outcome(reader.readline());
    CHECK(line == "error: Separator is found, but chunk is longer than limit");
    const auto next = co_await reader.readline();  // the long line went, and no more
    CHECK(next == "kl\n");
    reader.feed_data("mnopqr");
    const auto lost = co_await outcome(reader.readline());
    CHECK(lost == "error: Separator is not found, and chunk exceed the limit");
    CHECK(reader.buffered().empty());
    reader.feed_data("1234\n");  // as long as the limit
    const auto fits = co_await reader.readline();
    CHECK(fits == "1234\n");
  };
  run_virtual(main());
}

TEST_CASE("errors are thrown by every read") {
  const auto main = []() -> hob::Coro<> {
    auto reader = StreamReader::detached();
    auto waiting = hob::create_task(read_ten(reader));
    co_await hob::sleep(0s);
    reader.set_exception(std::make_exception_ptr(hob::ValueError("broken")));
    const auto first = co_await waiting;
    CHECK(first == "error: broken");
    const auto again = co_await outcome(reader.readline());
    CHECK(again == "error: broken");
    CHECK(reader.exception());
  };
  run_virtual(main());
}

TEST_CASE("two tasks cannot wait in one reader") {
  const auto main = []() -> hob::Coro<> {
    auto reader = StreamReader::detached();
    auto first = hob::create_task(read_ten(reader));
    co_await hob::sleep(0s);
    const auto second = co_await outcome(reader.read(10));
    CHECK(second ==
          "error: read() called while another coroutine is already waiting for incoming data");
    reader.feed_data("x");
    const auto got = co_await first;
    CHECK(got == "x");
    CHECK_THROWS_AS(StreamReader::detached(0), hob::ValueError);
    reader.feed_eof();
    CHECK_THROWS_AS(reader.feed_data("y"), hob::RuntimeError);
  };
  run_virtual(main());
}

TEST_CASE("views: read_some takes, peek leaves, consume takes") {
  const auto main = []() -> hob::Coro<> {
    auto [here, there] = memory_stream_pair();
    there.writer.write("GET / HTTP/1.1\r\n\r\nbody");
    const auto head = co_await here.reader.peek();
    CHECK(head == "GET / HTTP/1.1\r\n\r\nbody");
    here.reader.consume(18);
    const auto body = co_await here.reader.peek(4);
    CHECK(body == "body");
    auto more = hob::create_task(
        [](hob::StreamWriter writer) -> hob::Coro<> {
          co_await hob::sleep(1s);
          writer.write("+");
          writer.close();
        },
        there.writer);
    const auto longer = co_await here.reader.peek(5);
    CHECK(longer == "body+");
    const auto taken = co_await here.reader.read_some();
    CHECK(taken == "body+");
    const auto end = co_await here.reader.peek(1);
    CHECK(end.empty());
    CHECK(here.reader.at_eof());
    co_await more;
  };
  run_virtual(main());
}

TEST_CASE("streams share the receive buffer without mixing up their bytes") {
  const auto main = []() -> hob::Coro<> {
    constexpr int kStreams = 7;
    std::vector<hob::testing::StreamPair> pairs;
    for (int i = 0; i < kStreams; ++i) pairs.push_back(memory_stream_pair());
    const auto read = [](StreamReader reader, char letter) -> hob::Coro<> {
      for (std::size_t size = 1; size < 300; size += 13) {
        const std::string got = co_await reader.readexactly(size);
        CHECK(got == std::string(size, letter));
      }
    };
    std::vector<hob::Task<>> readers;
    for (int i = 0; i < kStreams; ++i)
      readers.push_back(hob::create_task(read, pairs[i].first.reader, char('a' + i)));
    // Pieces that never end where a message does: each stream always has some left over.
    for (int round = 0; round < 1000; ++round) {
      for (int i = 0; i < kStreams; ++i)
        pairs[i].second.writer.write(std::string(i + 3 + round % 5, char('a' + i)));
      co_await hob::sleep(0s);
    }
    for (auto& task : readers) co_await task;
  };
  run_virtual(main());
}

TEST_CASE("a byte at a time, and a message larger than every buffer") {
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{1000}, std::size_t{1} << 20}) {
    const auto main = [chunk]() -> hob::Coro<> {
      MemoryStreamOptions options;
      options.chunk = chunk;
      auto [here, there] = memory_stream_pair(options);
      const std::size_t size = chunk == 1 ? 3000 : 1 << 20;
      std::string bytes(size, '\0');
      for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + i % 23);
      auto sending = hob::create_task(
          [](hob::StreamWriter writer, std::string all) -> hob::Coro<> {
            writer.write(all);
            writer.write("\nrest");
            co_await writer.drain();
            writer.close();
          },
          there.writer, bytes);
      const std::string got = co_await here.reader.readexactly(size - 10);
      const std::string line = co_await here.reader.readline();
      const std::string rest = co_await here.reader.read();
      CHECK((got + line + rest == bytes + "\nrest"));
      co_await sending;
    };
    run_virtual(main());
  }
}

TEST_CASE("a busy stream lets others run") {
  const auto main = []() -> hob::Coro<> {
    auto reader = StreamReader::detached();
    reader.feed_data(std::string(100'000, 'x'));
    int turns = 0;
    auto other = hob::create_task(
        [](int& count) -> hob::Coro<> {
          while (true) {
            ++count;
            co_await hob::sleep(0s);
          }
        },
        std::ref(turns));
    for (int i = 0; i < 1280; ++i) {
      const auto byte = co_await reader.readexactly(1);
      CHECK(byte == "x");
    }
    CHECK(turns >= 9);
    other.cancel();
  };
  run_virtual(main());
}

TEST_CASE("a cancelled read loses nothing") {
  // The reader is cancelled wherever it can be; whoever reads on finds every byte.
  const auto scenario = []() -> hob::Coro<> {
    MemoryStreamOptions options;
    options.chunk = 3;
    auto [here, there] = memory_stream_pair(options);
    const std::string sent = "first line\nexactly10!until;and then the rest";
    auto sending = hob::create_task(
        [](hob::StreamWriter writer, std::string all) -> hob::Coro<> {
          for (const char c : all) {
            writer.write({&c, 1});
            co_await hob::sleep(1ms);
          }
          writer.close();
          co_await writer.wait_closed();
        },
        there.writer, sent);
    std::string got;
    const auto read = [](StreamReader reader, std::string& all) -> hob::Coro<> {
      all += co_await reader.readline();
      all += co_await reader.readexactly(10);
      all += co_await reader.readuntil(";");
      all += co_await reader.read(4);
      const auto seen = co_await reader.peek(3);
      CHECK(seen.size() >= 3);
      all += co_await reader.read();
    };
    const auto ended = co_await hob::as_result(read(here.reader, got));
    // The sender is finished in a task of its own, so that a second cancellation does not hit it.
    auto rest = hob::create_task(
        [](StreamReader reader, std::string before, std::string all,
           hob::Task<> sender) -> hob::Coro<> {
          const std::string after = co_await reader.read();
          CHECK(before + after == all);
          co_await sender;
        },
        here.reader, got, sent, sending);
    while (!rest.done()) {
      const auto waited = co_await hob::as_result(hob::shield(rest));
      static_cast<void>(waited);
    }
    ended.value();
  };
  const std::size_t suspensions = hob::testing::cancel_everywhere(scenario);
  CHECK(suspensions > 50);
}

}  // namespace reader_test
