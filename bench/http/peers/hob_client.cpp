// SPDX-License-Identifier: MIT
// The client of the HTTP benchmark on Hob: 64 tasks that fetch one after the other.
#include <hob/hob.hpp>
#include <hob/http.hpp>

#include <string>

#include "bare.hpp"

namespace {

using hob::http::ClientSession;

hob::Coro<> get(ClientSession& session, const hob::http::Url& url, unsigned& left) {
  while (left > 0) {
    --left;
    const auto response = co_await session.get(url);
    const std::string body = co_await response.read();
    if (response.status() != 200 || body.size() != bare::kBodySize) bare::fail("another body");
  }
}

hob::Coro<> get_all(bare::ClientArguments arguments) {
  ClientSession session;
  const hob::http::Url url("http://127.0.0.1:" + std::to_string(arguments.port) + "/user");
  for (unsigned run = 0; run < arguments.runs; ++run) {
    const std::uint64_t started = bare::cpu_ns();
    unsigned left = arguments.count;
    const auto body = [&](hob::TaskGroup& group) -> hob::Coro<> {
      for (unsigned i = 0; i < bare::kConcurrency; ++i) {
        group.create_task(get(session, url, left));
      }
      co_return;
    };
    co_await hob::task_group(body);
    bare::print_run(started, arguments.count);
  }
}

}  // namespace

int main(int argc, char** argv) { hob::run(get_all(bare::ClientArguments(argc, argv))); }
