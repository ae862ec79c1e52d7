// SPDX-License-Identifier: MIT
// serve: a server on all loops of a Runtime.
#include <hob/hob.hpp>
#include <hob/net/serve.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Spread;

namespace serve_test {
namespace {

struct Seen {
  std::mutex mutex;
  std::multiset<std::thread::id> threads;
};

Coro<> echo(Seen* seen, hob::StreamReader reader, hob::StreamWriter writer) {
  {
    const std::lock_guard lock(seen->mutex);
    seen->threads.insert(std::this_thread::get_id());
  }
  while (auto line = co_await reader.anext()) {
    writer.write("<" + *line);
    co_await writer.drain();
  }
  writer.close();
}

struct Echo {
  Seen* seen;
  Coro<> operator()(hob::StreamReader reader, hob::StreamWriter writer) const {
    return echo(seen, std::move(reader), std::move(writer));
  }
};

Coro<std::uint16_t> free_port() {
  Seen unused;
  const auto server = co_await hob::start_server(Echo{&unused}, "127.0.0.1", 0);
  const std::uint16_t port = server.port();
  server.close();
  co_return port;
}

Coro<hob::Stream> connect(std::uint16_t port) {
  while (true) {  // until somebody listens
    auto stream = co_await hob::as_result(hob::open_connection("127.0.0.1", port));
    if (stream) co_return *stream;
    co_await hob::sleep(1ms);
  }
}

Coro<std::string> ask(hob::Stream stream) {
  stream.writer.write("hello\n");
  co_return co_await stream.reader.readline();
}

}  // namespace

TEST_CASE("a server on all loops, spread by the kernel or by hand") {
  for (const Spread spread : {Spread::reuse_port, Spread::hand_off}) {
    Seen seen;
    const auto main = [&]() -> Coro<> {
      const std::uint16_t port = co_await free_port();
      hob::Runtime runtime(2);
      auto serving = hob::create_task(hob::serve(runtime, Echo{&seen}, "127.0.0.1", port, spread));
      std::vector<hob::Stream> clients;
      for (int i = 0; i < 10; ++i) {
        clients.push_back(co_await connect(port));
        const std::string reply = co_await ask(clients.back());
        CHECK(reply == "<hello\n");
      }
      {
        const std::lock_guard lock(seen.mutex);
        CHECK(seen.threads.size() == 10);
        CHECK(seen.threads.count(std::this_thread::get_id()) == 0);
        if (spread == Spread::hand_off) {
          const auto first = seen.threads.begin();
          CHECK(seen.threads.count(*first) == 5);  // evenly
        }
      }
      serving.cancel();
      co_await hob::sleep(1ms);
      for (const hob::Stream& client : clients) client.writer.close();
      const auto ended = co_await hob::as_result(std::move(serving));
      CHECK(ended.cancelled());
      const auto late = co_await hob::as_result(hob::open_connection("127.0.0.1", port));
      CHECK_FALSE(late.has_value());
      co_await runtime.aclose();
    };
    hob::run(main());
  }
}

TEST_CASE("a server needs a port that its loops can share, and that is free") {
  hob::Runtime runtime(2);
  Seen seen;
  CHECK_THROWS_AS(hob::serve(runtime, Echo{&seen}, "127.0.0.1", 0).close(), hob::ValueError);
  const auto main = [&]() -> Coro<> {
    const auto taken = co_await hob::start_server(Echo{&seen}, "127.0.0.1", 0);
    for (const Spread spread : {Spread::reuse_port, Spread::hand_off}) {
      const auto result = co_await hob::as_result(
          hob::serve(runtime, Echo{&seen}, "127.0.0.1", taken.port(), spread));
      CHECK_FALSE(result.has_value());
      CHECK_FALSE(result.cancelled());
    }
    taken.close();
  };
  hob::run(main());
}

}  // namespace serve_test
