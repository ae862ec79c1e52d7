// SPDX-License-Identifier: MIT
// A request that is cancelled, at any instant, leaves nothing behind: no place in the line, no
// connection in use, and above all not its answer on a connection that somebody else gets.
#include "http/memory_server.hpp"
#include "support/virtual.hpp"

#include <hob/http/client_error.hpp>
#include <hob/task/gather.hpp>
#include <hob/testing/cancel_everywhere.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <random>

using namespace http_tests;
using hob::Coro;
using hob::http::ClientOptions;
using hob::http::ClientSession;
using hob::http::Response;

namespace client_cancel_tests {

// The answer names the question; its shape, its delay and its end depend on that, too.
Answer echo(const Asked& request) {
  const int number = std::stoi(request.target.substr(request.target.rfind('/') + 1));
  if (request.target.starts_with("/to")) return redirect(307, request.target.substr(3));
  const std::string body =
      request.target + std::string(static_cast<std::size_t>(number % 7) * 300, '.');
  Answer answer;
  if (number % 13 == 0) {
    // Bytes behind the answer, which must not become the next one.
    answer.text = ok(body) + ok("/poison");
  } else if (number % 3 == 0) {
    answer.text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    hob::http::write_chunk(answer.text, body);
    hob::http::write_last_chunk(answer.text);
  } else {
    answer.text = ok(body);
  }
  answer.close = number % 11 == 0;
  answer.delay = std::chrono::milliseconds(number % 5);
  return answer;
}

struct Tally {
  int right = 0, wrong = 0, failed = 0, gone = 0;
};

hob::AsyncGenerator<std::string> slow_pieces() {
  for (int i = 0; i < 3; ++i) {
    co_yield "piece";
    co_await hob::sleep(1ms);
  }
}

// One of the ways to make a request and to end with its response.
Coro<> ask(ClientSession& session, Tally& tally, int number) {
  const std::string path = '/' + std::to_string(number);
  const std::string host = "http://h" + std::to_string(number % 3);
  auto request = session.get(host + (number % 17 == 0 ? "/to" : "") + path);
  if (number % 5 == 0) request.method("PUT").data([] { return slow_pieces(); });
  if (number % 19 == 0) request.method("PUT").data(std::string(100'000, 'u'));
  if (number % 23 == 0) request.timeout(2ms);
  auto response = co_await hob::as_result(request);
  if (response.cancelled()) response.value();
  if (!response) {
    const std::string error = hob::type_name(response.exception());
    ++(number % 23 == 0 && error == "TimeoutError" ? tally.gone : tally.failed);
    co_return;
  }
  if (number % 7 == 3) co_return;  // nobody reads it
  if (number % 7 == 4) {
    auto begin = co_await hob::as_result(response->content().read(2));
    if (begin.cancelled()) begin.value();
    if (begin) ++(path.starts_with(*begin) ? tally.right : tally.wrong);
    co_return;  // or not to its end
  }
  if (number % 7 == 5) co_await response->release();
  auto text = co_await hob::as_result(response->text());
  if (text.cancelled()) text.value();
  if (!text) {
    ++tally.gone;  // released, or too slow
    co_return;
  }
  if (number % 7 == 5 && text->empty()) co_return;
  ++(text->substr(0, text->find('.')) == path ? tally.right : tally.wrong);
}

Coro<> storm(unsigned seed, Tally& tally) {
  std::mt19937 random(seed);
  MemoryServer server(&echo);
  server.chunk = seed % 3 == 0 ? 1 : seed % 3 == 1 ? 100 : SIZE_MAX;
  server.connect_delay = std::chrono::milliseconds(seed % 2);
  ClientOptions options = server.options();
  options.limit = 5;
  options.limit_per_host = seed % 2 == 0 ? 2 : 0;
  ClientSession session(options);
  std::vector<hob::Task<void>> tasks;
  for (int number = 1; number <= 120; ++number) {
    tasks.push_back(hob::create_task(ask(session, tally, number)));
    if (random() % 4 == 0) co_await hob::sleep(std::chrono::microseconds(random() % 3000));
    if (random() % 2 == 0) tasks[random() % tasks.size()].cancel();
  }
  for (auto& task : tasks) {
    const auto ended = co_await hob::as_result(task);
    if (!ended && !ended.cancelled()) ended.value();
  }
  CHECK(session.statistics().active == 0);
  CHECK(session.statistics().waiting == 0);
  CHECK(session.statistics().idle <= 5);
  session.close();
  co_await hob::sleep(1s);
  CHECK(server.open == 0);
}

// HOB_STRESS_SEEDS: how many, for a longer look.
TEST_CASE("random cancellations: no answer reaches the wrong caller") {
  const char* const wanted = std::getenv("HOB_STRESS_SEEDS");
  const unsigned seeds = wanted ? static_cast<unsigned>(std::stoul(wanted)) : 100;
  Tally tally;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    CAPTURE(seed);
    hob::testing::run_virtual(storm(seed, tally), seed);
    REQUIRE(tally.wrong == 0);
  }
  CHECK(tally.failed == 0);  // what dies is tried again
  CHECK(tally.right > static_cast<int>(seeds) * 20);
  CAPTURE(tally.gone);
  CHECK(tally.gone > 0);
}

Coro<> visit(MemoryServer& server, Tally& tally) {
  ClientOptions options = server.options();
  options.limit = 1;
  ClientSession session(options);
  co_await hob::gather(ask(session, tally, 4), ask(session, tally, 7));
  co_await ask(session, tally, 3);
}

TEST_CASE("a cancellation at every suspension") {
  Tally tally;
  std::unique_ptr<MemoryServer> server;  // lives until its connections have ended with the loop
  const auto scenario = [&]() -> Coro<> {
    server = std::make_unique<MemoryServer>(&echo);
    server->connect_delay = 1ms;
    server->chunk = 200;
    return visit(*server, tally);
  };
  const std::size_t count = hob::testing::cancel_everywhere(scenario);
  CHECK(count >= 10);
  CHECK(tally.wrong == 0);
}

}  // namespace client_cancel_tests
