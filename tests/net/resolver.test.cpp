// SPDX-License-Identifier: MIT
// Names, and which of their addresses are tried when.
#include "net/happy_eyeballs.hpp"

#include <hob/hob.hpp>

#include <hob/testing/memory_stream.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::detail::Ref;
using hob::sys::Address;

namespace resolver_test {
namespace {

Address address(const char* host) {
  Address out;
  REQUIRE(Address::parse(host, 80, hob::sys::kFamilyUnspecified, out));
  return out;
}

std::vector<Address> addresses(std::initializer_list<const char*> hosts) {
  std::vector<Address> all;
  for (const char* host : hosts) all.push_back(address(host));
  return all;
}

std::string names(const std::vector<Address>& all) {
  std::string text;
  for (const Address& each : all) text += each.host() + ' ';
  return text;
}

/// What happens to a connection to each address, after how long; and who was tried when.
struct World {
  std::map<std::string, std::pair<hob::Duration, bool>> plan;
  std::string log;
  int alive = 0;

  hob::Coro<Ref<hob::Transport>> connect(Address to) {
    struct Alive {
      int& count;
      explicit Alive(int& c) : count(c) { ++count; }
      ~Alive() { --count; }
    } const counted(alive);
    const std::string host = to.host();
    const auto now = hob::get_running_loop().time().seconds() * 1000;
    log += host + '@' + std::to_string(static_cast<int>(now)) + ' ';
    co_await hob::sleep(plan[host].first);
    if (!plan[host].second) throw hob::OSError(111, "connect to " + host);
    log += "won:" + host + ' ';
    co_return hob::testing::memory_transport_pair().first;
  }
};

/// Connects, and gives the log, with the error when there was one.
hob::Coro<std::string> race(World& world, std::vector<Address> to, hob::Duration delay) {
  hob::detail::Connect connect = [&world](Address each) { return world.connect(each); };
  const auto won =
      co_await hob::as_result(hob::detail::connect_any(std::move(to), delay, std::move(connect)));
  if (!won) world.log += hob::describe(won.exception());
  co_await hob::sleep(0s);
  CHECK(world.alive == 0);
  co_return world.log;
}

}  // namespace

TEST_CASE("families take turns") {
  const auto all = addresses({"::1", "::2", "::3", "1.1.1.1", "2.2.2.2"});
  CHECK(names(hob::detail::interleave(all, 0)) == "::1 ::2 ::3 1.1.1.1 2.2.2.2 ");
  CHECK(names(hob::detail::interleave(all, 1)) == "::1 1.1.1.1 ::2 2.2.2.2 ::3 ");
  CHECK(names(hob::detail::interleave(all, 2)) == "::1 ::2 1.1.1.1 ::3 2.2.2.2 ");
  CHECK(names(hob::detail::interleave(all, 9)) == "::1 ::2 ::3 1.1.1.1 2.2.2.2 ");
}

TEST_CASE("the next address is tried after the delay, or at once when the last failed") {
  const auto run = [](World world, hob::Duration delay) {
    const auto main = [](World& w, hob::Duration d) -> hob::Coro<std::string> {
      const auto three = addresses({"::1", "1.1.1.1", "::2"});
      co_return co_await race(w, three, d);
    };
    return hob::testing::run_virtual(main(world, delay));
  };
  // The first is slow but works: the second is faster.
  CHECK(run({{{"::1", {1s, true}}, {"1.1.1.1", {10ms, true}}}, "", 0}, 250ms) ==
        "::1@0 1.1.1.1@250 won:1.1.1.1 ");
  // The first answers in time: nobody else is tried.
  CHECK(run({{{"::1", {200ms, true}}}, "", 0}, 250ms) == "::1@0 won:::1 ");
  // The first fails: the second is tried at once, and the third after the delay.
  CHECK(run({{{"::1", {100ms, false}}, {"1.1.1.1", {10s, true}}, {"::2", {1s, true}}}, "", 0},
            250ms) == "::1@0 1.1.1.1@100 ::2@350 won:::2 ");
  // All fail, with different errors.
  CHECK(run({{{"::1", {1s, false}}, {"1.1.1.1", {1s, false}}, {"::2", {1s, false}}}, "", 0}, 250ms)
            .find("Multiple exceptions: ") != std::string::npos);
  // Without a delay one after the other.
  CHECK(run({{{"::1", {1s, false}}, {"1.1.1.1", {2s, true}}}, "", 0}, hob::Duration::forever()) ==
        "::1@0 1.1.1.1@1000 won:1.1.1.1 ");
}

TEST_CASE("a cancelled race leaves nothing behind") {
  World world;
  world.plan = {{"::1", {10s, true}}, {"1.1.1.1", {10s, true}}};
  const auto main = [](World& w) -> hob::Coro<> {
    hob::detail::Connect connect = [&w](Address each) { return w.connect(each); };
    const auto two = addresses({"::1", "1.1.1.1"});
    const auto ended = co_await hob::as_result(
        hob::wait_for(hob::detail::connect_any(two, 250ms, std::move(connect)), 1s));
    CHECK(hob::type_name(ended.exception()) == "TimeoutError");
    co_await hob::sleep(0s);
    CHECK(w.alive == 0);
  };
  hob::testing::run_virtual(main(world));
}

TEST_CASE("localhost has an address, and a name that cannot exist has none") {
  const auto main = []() -> hob::Coro<> {
    const auto found = co_await hob::getaddrinfo("localhost", "80");
    REQUIRE_FALSE(found.empty());
    CHECK(found.front().address.port == 80);
    hob::AddressQuery literal;
    literal.numeric_host = true;
    const auto none = co_await hob::as_result(hob::getaddrinfo("localhost", "80", literal));
    CHECK(hob::type_name(none.exception()) == "GaiError");
    hob::NameQuery numeric;
    numeric.numeric_host = numeric.numeric_service = true;
    const auto [host, service] = co_await hob::getnameinfo(found.front().address, numeric);
    CHECK(host == found.front().address.host);
    CHECK(service == "80");
  };
  hob::run(main());
}

TEST_CASE("the same question is asked once, and answered to all; a connection by name") {
  const auto main = []() -> hob::Coro<> {
    const auto ask = []() -> hob::Coro<std::size_t> {
      const auto found = co_await hob::getaddrinfo("localhost", "");
      co_return found.size();
    };
    std::vector<hob::Task<std::size_t>> asking;
    for (int i = 0; i < 5; ++i) asking.push_back(hob::create_task(ask()));
    co_await hob::sleep(0s);
    int lookups = 0;
    for (const auto& task : hob::all_tasks())
      if (task.get_name() == "getaddrinfo localhost") ++lookups;
    CHECK(lookups == 1);
    asking[0].cancel();  // the others still get their answer
    for (std::size_t i = 1; i < asking.size(); ++i) {
      const std::size_t count = co_await asking[i];
      CHECK(count > 0);
    }
    const auto greet = [](hob::StreamReader, hob::StreamWriter writer) -> hob::Coro<> {
      writer.write("hi");
      co_return;
    };
    auto server = co_await hob::start_server(greet, "localhost", 0);
    auto stream = co_await hob::open_connection("localhost", server.port());
    const std::string hi = co_await stream.reader.read();
    CHECK(hi == "hi");
    server.close();
  };
  hob::run(main());
}

}  // namespace resolver_test
