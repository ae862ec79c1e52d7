// A test of code that makes requests: a server in memory instead of the network, and virtual time
// instead of waiting.
#include <hob/hob.hpp>
#include <hob/http.hpp>
#include <hob/testing/memory_stream.hpp>
#include <hob/testing/run_virtual.hpp>

#include <chrono>
#include <cstdio>
#include <string>

namespace http = hob::http;
using namespace std::chrono_literals;
using hob::Coro;

// What is tested: asks until there is an answer, at most for a day.
Coro<std::string> ask_patiently(http::ClientSession& session) {
  for (;;) {
    const auto response = co_await hob::as_result(session.get("/report").timeout(1h));
    if (response && response.value().ok()) co_return co_await response.value().text();
    co_await hob::sleep(10min);
  }
}

// [test]
Coro<> is_patient() {
  int asked = 0;
  http::Server server;
  server.get("/report", [&](http::ServerRequest&) -> Coro<http::ServerResponse> {
    if (++asked == 1) co_return http::text_response("not yet", 503);
    if (asked == 2) co_await hob::sleep(5h);  // nobody waits that long
    co_return http::text_response("all is well");
  });
  // Connections lead to the server, whatever the host.
  const auto in_memory = http::make_connector([&](std::string, std::uint16_t) -> Coro<hob::Stream> {
    const hob::testing::StreamPair pair = hob::testing::memory_stream_pair();
    hob::create_task(server.serve(pair.second));
    co_return pair.first;
  });
  http::ClientOptions options;
  options.connector = in_memory.get();
  options.base_url = "http://reports.example";
  http::ClientSession session(options);
  const std::string report = co_await ask_patiently(session);
  const auto minutes = static_cast<int>(hob::get_running_loop().time().seconds() / 60);
  std::printf("%s, after %d questions and %d minutes\n", report.c_str(), asked, minutes);
}

int main() { hob::testing::run_virtual(is_patient()); }
// [test]
