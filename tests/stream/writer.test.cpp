// SPDX-License-Identifier: MIT
// Writing, flow control and closing.
#include <hob/hob.hpp>

#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/memory_stream.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::testing::memory_stream_pair;
using hob::testing::MemoryStreamOptions;
using hob::testing::run_virtual;

namespace writer_test {
namespace {

/// A transport that notes what it is told to write, and takes so much of it.
class NotingTransport final : public hob::Transport {
 public:
  NotingTransport(std::vector<std::string>& writes, long takes) : writes_(writes), takes_(takes) {}
  long try_read(char*, std::size_t) noexcept override { return -EAGAIN; }
  long try_write(const hob::Slice* slices, std::size_t count) noexcept override {
    if (takes_ < 0) return takes_;
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all.append(slices[i].data, slices[i].size);
    if (takes_ > 0 && all.size() > static_cast<std::size_t>(takes_))
      all.resize(static_cast<std::size_t>(takes_));
    writes_.push_back(all);
    return static_cast<long>(all.size());
  }
  void wait(Direction, hob::detail::Node&) noexcept override {}
  void forget(Direction) noexcept override {}
  int write_eof() noexcept override {
    writes_.push_back("EOF");
    return 0;
  }
  bool can_write_eof() const noexcept override { return true; }
  void close() noexcept override {
    if (!closed_) writes_.push_back("close");
    closed_ = true;
  }
  bool closed() const noexcept override { return closed_; }
  void describe(hob::ExtraInfo&) const override {}

 private:
  std::vector<std::string>& writes_;
  long takes_;
  bool closed_ = false;
};

hob::Stream noting(std::vector<std::string>& writes, long takes = 0) {
  return hob::make_stream(
      hob::detail::Ref<hob::Transport>::adopt(new NotingTransport(writes, takes)));
}

int error_code(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const hob::OSError& os) {
    return os.code();
  } catch (...) {
    return -1;
  }
}

}  // namespace

TEST_CASE("the first write goes out at once, further ones of the turn together") {
  const auto main = []() -> hob::Coro<> {
    std::vector<std::string> writes;
    auto stream = noting(writes);
    stream.writer.write("one ");
    CHECK(writes == std::vector<std::string>{"one "});
    stream.writer.write("two ");
    stream.writer.write("three ");
    CHECK(writes.size() == 1);
    co_await hob::sleep(0s);
    CHECK(writes == std::vector<std::string>{"one ", "two three "});
    co_await hob::sleep(0s);
    stream.writer.write("four");
    CHECK(writes.size() == 3);
    CHECK(stream.writer.get_write_buffer_size() == 0);
    stream.writer.write("five");
    stream.writer.write_eof();
    stream.writer.write_eof();
    CHECK_THROWS_AS(stream.writer.write("six"), hob::RuntimeError);
    co_await hob::sleep(0s);
    CHECK(writes.back() == "EOF");
    CHECK(writes[3] == "five");
  };
  run_virtual(main());
}

TEST_CASE("several pieces are one write") {
  const auto main = []() -> hob::Coro<> {
    std::vector<std::string> writes;
    auto stream = noting(writes);
    stream.writer.writelines("a", std::string("b"), std::string_view("c"));
    CHECK(writes == std::vector<std::string>{"abc"});
    co_await hob::sleep(0s);
    stream.writer.writelines(std::vector<std::string>{"d", "", "e"});
    CHECK(writes.back() == "de");
  };
  run_virtual(main());
}

TEST_CASE("what a transport takes in small pieces goes out in order") {
  const auto main = []() -> hob::Coro<> {
    std::vector<std::string> writes;
    auto stream = noting(writes, 3);
    stream.writer.write("abcdefgh");
    stream.writer.write("ij");
    stream.writer.close();
    co_await stream.writer.wait_closed();
    CHECK(writes == std::vector<std::string>{"abc", "def", "ghi", "j", "close"});
  };
  run_virtual(main());
}

TEST_CASE("drain waits above the high-water mark until the low one is reached") {
  const auto main = []() -> hob::Coro<> {
    MemoryStreamOptions options;
    options.capacity = 1000;
    auto [here, there] = memory_stream_pair(options);
    here.writer.set_write_buffer_limits(2000, 500);
    CHECK_THROWS_AS(here.writer.set_write_buffer_limits(10, 11), hob::ValueError);
    here.writer.write(std::string(3000, 'x'));
    CHECK(here.writer.get_write_buffer_size() == 2000);
    co_await here.writer.drain();  // exactly at the mark
    here.writer.write("y");
    auto draining = hob::create_task([](hob::StreamWriter w) -> hob::Coro<> { co_await w.drain(); },
                                     here.writer);
    auto second = hob::create_task([](hob::StreamWriter w) -> hob::Coro<> { co_await w.drain(); },
                                   here.writer);
    co_await hob::sleep(1s);
    CHECK_FALSE(draining.done());
    const auto some = co_await there.reader.readexactly(1000);
    co_await hob::sleep(1s);
    CHECK_FALSE(draining.done());  // 1001 are left
    const auto more = co_await there.reader.readexactly(1000);
    co_await draining;
    co_await second;
    CHECK(here.writer.get_write_buffer_size() <= 500);
    CHECK(some.size() + more.size() == 2000);
  };
  run_virtual(main());
}

TEST_CASE("a peer that never reads costs no more than the mark") {
  const auto main = []() -> hob::Coro<> {
    auto [here, there] = memory_stream_pair();
    auto writing = hob::create_task(
        [](hob::StreamWriter w) -> hob::Coro<> {
          while (true) {
            w.write(std::string(1000, 'x'));
            co_await w.drain();
          }
        },
        here.writer);
    co_await hob::sleep(1h);
    CHECK(here.writer.get_write_buffer_size() <= hob::StreamWriter::kHighWater + 1000);
    writing.cancel();
    here.writer.abort();
  };
  run_virtual(main());
}

TEST_CASE("closing sends what was written, and gives the reader its end") {
  const auto main = []() -> hob::Coro<> {
    MemoryStreamOptions options;
    options.capacity = 10;
    auto [here, there] = memory_stream_pair(options);
    auto reading = hob::create_task(
        [](hob::StreamReader r) -> hob::Coro<std::string> { co_return co_await r.read(); },
        here.reader);
    co_await hob::sleep(0s);
    here.writer.write(std::string(100, 'z'));
    here.writer.close();
    here.writer.close();
    CHECK(here.writer.is_closing());
    here.writer.write("ignored");
    const std::string none = co_await reading;
    CHECK(none.empty());
    const std::string all = co_await there.reader.read();
    CHECK(all == std::string(100, 'z'));
    co_await here.writer.wait_closed();
    const auto lost = co_await hob::as_result(here.writer.drain());
    CHECK(error_code(lost.exception()) == ECONNRESET);
  };
  run_virtual(main());
}

TEST_CASE("dropping the last handle closes, and what was written still arrives") {
  const auto main = []() -> hob::Coro<> {
    MemoryStreamOptions options;
    options.capacity = 10;
    auto pair = memory_stream_pair(options);
    pair.first.writer.write(std::string(100, 'z'));
    pair.first = {};
    const std::string all = co_await pair.second.reader.read();
    CHECK(all == std::string(100, 'z'));
  };
  run_virtual(main());
}

TEST_CASE("an error of the transport ends reads, drains and wait_closed") {
  const auto main = []() -> hob::Coro<> {
    std::vector<std::string> writes;
    auto stream = noting(writes, -EPIPE);
    auto reading = hob::create_task(
        [](hob::StreamReader r) -> hob::Coro<std::string> { co_return co_await r.read(); },
        stream.reader);
    co_await hob::sleep(0s);
    stream.writer.write("x");
    CHECK(stream.writer.is_closing());
    const auto read = co_await hob::as_result(reading);
    CHECK(error_code(read.exception()) == EPIPE);
    const auto drained = co_await hob::as_result(stream.writer.drain());
    CHECK(error_code(drained.exception()) == EPIPE);
    const auto closed = co_await hob::as_result(stream.writer.wait_closed());
    CHECK(error_code(closed.exception()) == EPIPE);
    stream.writer.write("y");  // as in asyncio, nothing happens
    CHECK(writes == std::vector<std::string>{"close"});
  };
  run_virtual(main());
}

TEST_CASE("an aborted stream is a reset for the peer") {
  const auto main = []() -> hob::Coro<> {
    auto [here, there] = memory_stream_pair();
    here.writer.write("lost");
    here.writer.abort();
    const auto read = co_await hob::as_result(there.reader.read());
    CHECK(error_code(read.exception()) == ECONNRESET);
    const auto closed = co_await hob::as_result(there.writer.wait_closed());
    CHECK(error_code(closed.exception()) == ECONNRESET);
  };
  run_virtual(main());
}

TEST_CASE("a stream may outlive its loop") {
  hob::Stream kept;
  hob::StreamReader detached;
  const auto main = [](hob::Stream& stream, hob::StreamReader& reader) -> hob::Coro<> {
    auto pair = memory_stream_pair();
    pair.second.writer.write("unread bytes");
    const auto seen = co_await pair.first.reader.peek();
    CHECK(seen.size() == 12);
    pair.first.writer.write(std::string(1 << 20, 'x'));  // never sent
    stream = pair.first;
    reader = hob::StreamReader::detached();
    reader.feed_data("abc");
  };
  run_virtual(main(kept, detached));
  CHECK(kept.reader.buffered() == "unread bytes");
  CHECK(detached.buffered() == "abc");
  kept.writer.close();
}

TEST_CASE("a conversation can be cancelled everywhere") {
  const auto scenario = []() -> hob::Coro<> {
    MemoryStreamOptions options;
    options.capacity = 100;
    options.chunk = 30;
    auto [here, there] = memory_stream_pair(options);
    const auto repeat = [](hob::StreamReader r, hob::StreamWriter w) -> hob::Coro<> {
      w.set_write_buffer_limits(10);
      while (auto line = co_await r.anext()) {
        w.write(*line);
        co_await w.drain();
      }
      w.close();
      co_await w.wait_closed();
    };
    // When the other side is cancelled, bytes that it has not read make the end a reset.
    const auto serve = [](auto fn, hob::StreamReader r, hob::StreamWriter w) -> hob::Coro<> {
      const auto ended = co_await hob::as_result(fn(r, w));
      if (ended.cancelled()) ended.value();
    };
    auto echo = hob::create_task(serve, repeat, there.reader, there.writer);
    here.writer.set_write_buffer_limits(50);
    for (int i = 0; i < 5; ++i) {
      const std::string line = std::string(40 * i, 'x') + "\n";
      here.writer.write(line);
      co_await here.writer.drain();
      const std::string answer = co_await here.reader.readline();
      CHECK(answer == line);
    }
    here.writer.write_eof();
    const std::string end = co_await here.reader.read();
    CHECK(end.empty());
    here.writer.close();
    co_await here.writer.wait_closed();
    co_await echo;
  };
  const std::size_t suspensions = hob::testing::cancel_everywhere(scenario);
  CHECK(suspensions > 10);
}

}  // namespace writer_test
