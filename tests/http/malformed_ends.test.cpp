// SPDX-License-Identifier: MIT
// What is malformed meets a whole server and a whole client: the server says which status and
// closes; the client throws and never uses the connection again.
#include <hob/core/error.hpp>
#include <hob/http/client_error.hpp>
#include <hob/http/client_session.hpp>
#include <hob/http/connector.hpp>
#include <hob/http/server.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/task.hpp>
#include <hob/testing/memory_stream.hpp>
#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/malformed_cases.hpp"

namespace malformed_ends {
namespace {

using hob::Coro;
using hob::http::ServerRequest;
using hob::http::ServerResponse;

Coro<ServerResponse> read_all(ServerRequest& request) {
  std::string body = co_await request.read();
  co_return hob::http::text_response(std::move(body));
}

/// Everything that a server says to `bytes`, until it closes.
Coro<std::string> said_to(std::string_view bytes) {
  hob::http::Server server;
  server.route("*", "/{path...}", &read_all);
  hob::testing::StreamPair pair = hob::testing::memory_stream_pair();
  const auto serving = hob::create_task(server.serve(pair.second));
  hob::StreamReader reader = pair.first.reader;
  // Without an end: the server must not wait for more, and then say that it takes too long.
  pair.first.writer.write(bytes);
  std::string said = co_await reader.read();
  pair.first.writer.close();
  co_await hob::as_result(serving);
  co_return said;
}

/// The status of the last answer, and how many there are.
std::pair<int, int> last_status(std::string_view said) {
  constexpr std::string_view kBegin = "HTTP/1.1 ";
  std::pair<int, int> last{0, 0};
  for (std::size_t at = 0; (at = said.find(kBegin, at)) != said.npos; at += kBegin.size()) {
    const int status = std::atoi(std::string(said.substr(at + kBegin.size(), 3)).c_str());
    if (status >= 200) last = {status, last.second + 1};
  }
  return last;
}

/// Whether the case is one of bytes behind a request that says to be the last.
bool is_early_data(std::string_view section, std::string_view bytes) {
  return section == "9.6" || (section == "9.3" && bytes.find("close") != bytes.npos);
}

struct Refusal {
  std::string error;
  bool closed = false;
};

/// A server that sends `bytes` to whatever it is asked, and waits until the client closes.
Coro<> send_and_wait(hob::Stream stream, std::string_view bytes, bool& closed) {
  const auto head = co_await hob::as_result(stream.reader.readuntil("\r\n\r\n"));
  if (head) stream.writer.write(bytes);
  auto rest = co_await hob::as_result(stream.reader.read());
  closed = !rest || rest->empty();
  stream.writer.close();
}

Coro<> ask(hob::http::ClientSession& session) {
  const auto response = co_await session.get("http://a/");
  co_await response.read();
}

Coro<Refusal> refused_by_client(std::string_view bytes) {
  Refusal refusal;
  std::vector<hob::Task<void>> serving;
  const auto connect = [&](std::string, std::uint16_t) -> Coro<hob::Stream> {
    hob::testing::StreamPair pair = hob::testing::memory_stream_pair();
    serving.push_back(hob::create_task(send_and_wait(pair.second, bytes, refusal.closed)));
    co_return pair.first;
  };
  const auto connector = hob::http::make_connector(connect);
  hob::http::ClientOptions options;
  options.connector = connector.get();
  hob::http::ClientSession session(options);
  const auto asked = co_await hob::as_result(ask(session));
  if (!asked) {
    try {
      std::rethrow_exception(asked.exception());
    } catch (const hob::http::ClientError& error) {
      refusal.error = error.what();
    } catch (const std::exception&) {  // a timeout, for one: then it was not noticed
    }
  }
  if (session.statistics().idle != 0) refusal.error.clear();
  co_await hob::sleep(hob::Duration());
  co_await hob::sleep(hob::Duration());
  Refusal seen = refusal;
  session.close();
  for (const auto& task : serving) co_await hob::as_result(task);  // they look at `refusal`
  co_return seen;
}

}  // namespace

TEST_CASE("a server answers what is malformed with its status and closes") {
  for (const malformed::Case& c : malformed::kRequests) {
    CAPTURE(c.section);
    CAPTURE(std::string(c.bytes));
    const std::string said = hob::testing::run_virtual(said_to(c.bytes));
    CAPTURE(said);
    const auto [status, count] = last_status(said);
    if (is_early_data(c.section, c.bytes)) {
      // The request was answered; what follows is not looked at.
      CHECK(status == 200);
      CHECK(count == 1);
    } else {
      CHECK(status == c.status);
    }
    CHECK(said.find("Connection: close") != said.npos);
  }
}

TEST_CASE("what is well formed passes both ends") {
  const std::string said = hob::testing::run_virtual(said_to("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(last_status(said) == std::pair(200, 1));
  CHECK(said.find("Connection: close") == said.npos);
  const Refusal refusal =
      hob::testing::run_virtual(refused_by_client("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"));
  CHECK(refusal.error == "");
}

TEST_CASE("a client throws at what is malformed and closes") {
  for (const malformed::Case& c : malformed::kResponses) {
    CAPTURE(c.section);
    CAPTURE(std::string(c.bytes));
    const Refusal refusal = hob::testing::run_virtual(refused_by_client(c.bytes));
    CHECK(refusal.error != "");
    CHECK(refusal.closed);
  }
}

}  // namespace malformed_ends
