// SPDX-License-Identifier: MIT
// Thousands of seeds, each with faults of its own: no byte is lost, doubled or out of order, and
// when the faults stop everything ends. A failure names its seed: HOB_SWARM_SEED=n runs that alone.
#include <hob/hob.hpp>

#include <hob/testing/network.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Duration;
using hob::testing::LinkOptions;
using hob::testing::Network;
using hob::testing::NetworkOptions;

namespace network_swarm_test {
namespace {

/// The byte at a place of what client `id` sends.
char byte_at(unsigned id, std::size_t place) {
  return static_cast<char>((place * 31 + place / 97 + id * 7) % 251);
}

/// One seed's world, and what its programs have done.
class Swarm {
 public:
  Swarm(std::uint64_t seed, Network& network)
      : network_(network), random_(seed), shy_(chance(2)), cuts_(chance(2)), crashes_(chance(4)) {
    network.add_host("server");
    for (const char* name : {"a", "b", "c"}) {
      network.add_host(name);
      network.set_link("server", name, hob::testing::random_link(random_()));
    }
  }

  Coro<> run() {
    co_await network_.create_task("server", &Swarm::listen, this);
    std::vector<hob::Task<>> clients;
    for (unsigned id = 0; id < 6; ++id) {
      const std::size_t size = random_() % (1u << random_() % 18);
      const char* hosts[] = {"a", "b", "c"};
      clients.push_back(
          network_.create_task(hosts[id % 3], &Swarm::client, this, id, std::size_t{size}));
    }
    for (int i = 0; i < 20 && !all_done(clients); ++i) {
      co_await hob::sleep(std::chrono::milliseconds(random_() % (1000u << random_() % 9)));
      co_await trouble();
    }
    network_.heal();
    network_.set_links(LinkOptions(1ms));
    // A connection whose peer has crashed may wait for ever: that is for the clients to end.
    const auto ended = co_await hob::wait(clients, within(1h));
    CHECK(ended.pending.empty());
    for (const auto& client : clients) {
      if (client.done()) client.result();
    }
    for (const auto& client : clients) client.cancel();
    server_.close();
    server_.abort_clients();
    co_await hob::sleep(1h);
    CHECK(network_.sockets() == 0);
    CHECK(network_.buffered() == 0);
  }

  std::uint64_t transferred() const { return transferred_; }

 private:
  bool chance(unsigned in) { return random_() % in == 0; }
  static hob::WaitOptions within(Duration time) {
    hob::WaitOptions options;
    options.timeout = time;
    return options;
  }
  static bool all_done(const std::vector<hob::Task<>>& tasks) {
    for (const auto& each : tasks) {
      if (!each.done()) return false;
    }
    return true;
  }

  Coro<> listen() {
    const auto handler = [this](hob::StreamReader reader, hob::StreamWriter writer) {
      return serve(reader, writer);
    };
    hob::ServerOptions options;
    options.backlog = 2;
    server_ = co_await hob::start_server(handler, "", 80, options);
  }

  /// Echoes, and knows what should come.
  Coro<> serve(hob::StreamReader reader, hob::StreamWriter writer) {
    try {
      const std::string line = co_await reader.readline();
      if (!line.ends_with('\n')) co_return;  // cut off
      const auto id = static_cast<unsigned>(std::stoul(line));
      for (std::size_t place = 0;;) {
        const auto data = co_await reader.read_some();
        if (data.empty()) break;
        for (const char each : data) wrong_ += each != byte_at(id, place++);
        writer.write(data);
        co_await writer.drain();
      }
    } catch (const hob::OSError&) {  // what faults do
    }
  }

  Coro<> client(unsigned id, std::size_t size) {
    while (true) {
      const auto limit =
          shy_ ? Duration(std::chrono::seconds(1 + random_() % 300)) : Duration(20min);
      const auto attempt = co_await hob::as_result(hob::wait_for(exchange(id, size), limit));
      if (attempt.cancelled()) attempt.value();
      if (attempt && attempt.value()) break;
      co_await hob::sleep(1s);
    }
    transferred_ += size;
  }

  /// Gives whether everything came back. What did come is right.
  Coro<bool> exchange(unsigned id, std::size_t size) {
    auto [reader, writer] = co_await hob::open_connection("server", 80);
    auto sending = hob::create_task(&Swarm::send, this, hob::StreamWriter(writer), id, size);
    std::size_t place = 0;
    std::exception_ptr error;
    try {
      while (true) {
        const auto data = co_await reader.read_some();
        if (data.empty()) break;
        for (const char each : data) wrong_ += each != byte_at(id, place++);
      }
    } catch (const hob::OSError&) {
      error = std::current_exception();
    } catch (...) {  // no time any more
      writer.abort();
      sending.cancel();
      throw;
    }
    error || place < size ? writer.abort() : writer.close();
    const bool sent = co_await sending;
    wrong_ += place > size;
    // An end without an error is the peer's word that this is all.
    if (!error && sent) wrong_ += place != size;
    CHECK_MESSAGE(wrong_ == 0, "bytes are wrong");
    co_return !error && sent && place == size;
  }

  Coro<bool> send(hob::StreamWriter writer, unsigned id, std::size_t size) {
    try {
      co_await send_all(writer, id, size);
    } catch (const hob::OSError&) {
      co_return false;
    }
    co_return true;
  }
  Coro<> send_all(hob::StreamWriter writer, unsigned id, std::size_t size) {
    writer.write(std::to_string(id) + '\n');
    for (std::size_t place = 0; place < size;) {
      std::string part(1 + random_() % 5000, '\0');
      part.resize(std::min(part.size(), size - place));
      for (char& each : part) each = byte_at(id, place++);
      writer.write(part);
      co_await writer.drain();
    }
    writer.write_eof();
  }

  Coro<> trouble() {
    const char* hosts[] = {"a", "b", "c"};
    const char* host = hosts[random_() % 3];
    if (cuts_ && chance(2)) {
      chance(2) ? network_.partition("server", host) : network_.cut("server", host);
      if (chance(2)) network_.cut(host, "server");
    }
    if (cuts_ && chance(2)) network_.heal(hosts[random_() % 3], "server");
    if (chance(4)) network_.reset("server", host);
    if (chance(4)) network_.set_link("server", host, hob::testing::random_link(random_()));
    if (crashes_ && chance(8)) {
      network_.crash("server");
      server_.close();
      co_await hob::sleep(std::chrono::seconds(random_() % 60));
      network_.restart("server");
      co_await network_.create_task("server", &Swarm::listen, this);
    }
  }

  Network& network_;
  std::mt19937_64 random_;
  const bool shy_;  // clients that give up
  const bool cuts_;
  const bool crashes_;
  hob::Server server_;
  std::size_t wrong_ = 0;
  std::uint64_t transferred_ = 0;
};

struct Outcome {
  std::uint64_t fingerprint;
  std::uint64_t transferred;
  hob::testing::NetworkStatistics statistics;
};

Outcome run_seed(std::uint64_t seed, std::size_t log_events = 0) {
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  NetworkOptions options;
  options.send_buffer = 1 + random() % 10'000;
  options.receive_buffer = 1 + random() % 10'000;
  options.log_events = log_events;
  Network network(seed, options);
  Swarm swarm(random(), network);
  hob::testing::run_virtual(swarm.run(), random() % 2 == 0 ? 0 : random());
  if (log_events > 0) MESSAGE(network.log());
  return {network.fingerprint(), swarm.transferred(), network.statistics()};
}

}  // namespace

TEST_CASE("no seed loses a byte, and each ends when its faults do") {
  const char* wanted = std::getenv("HOB_SWARM_SEED");
  if (wanted) {
    run_seed(std::strtoull(wanted, nullptr, 10), 1000);
    return;
  }
  const char* many = std::getenv("HOB_SWARM_SEEDS");
  const std::uint64_t seeds = many ? std::strtoull(many, nullptr, 10) : 1000;
  hob::testing::NetworkStatistics all;
  std::uint64_t transferred = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Outcome one = run_seed(seed);
    transferred += one.transferred;
    all.resets += one.statistics.resets;
    all.stalls += one.statistics.stalls;
    all.timeouts += one.statistics.timeouts;
    all.backlog_drops += one.statistics.backlog_drops;
    all.refused += one.statistics.refused;
  }
  // The faults did happen.
  CHECK(transferred > seeds * 1000);
  CHECK(all.resets > seeds);
  CHECK(all.stalls > seeds);
  CHECK(all.timeouts > seeds / 20);
  CHECK(all.backlog_drops > seeds / 10);
  CHECK(all.refused > seeds / 50);
}

TEST_CASE("equal seeds are equal runs") {
  std::vector<std::uint64_t> seen;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Outcome first = run_seed(seed);
    const Outcome second = run_seed(seed);
    CHECK(first.fingerprint == second.fingerprint);
    CHECK(first.transferred == second.transferred);
    seen.push_back(first.fingerprint);
  }
  std::sort(seen.begin(), seen.end());
  CHECK(std::unique(seen.begin(), seen.end()) == seen.end());
}

}  // namespace network_swarm_test
