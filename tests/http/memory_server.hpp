// SPDX-License-Identifier: MIT
// Test support: a server in memory that answers by path, and the connector that leads to it. It
// counts connections and keeps what it was asked.
#pragma once

#include <hob/http/client_session.hpp>
#include <hob/http/connector.hpp>
#include <hob/http/multipart.hpp>
#include <hob/http/serializer.hpp>
#include <hob/stream/errors.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/task.hpp>
#include <hob/testing/memory_stream.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace http_tests {

using namespace std::chrono_literals;
using hob::Coro;

struct Asked {
  std::string method, target, head, body;

  bool has(const std::string& line) const {
    return head.find("\r\n" + line + "\r\n") != std::string::npos;
  }
};

/// An answer as bytes, and what happens then.
struct Answer {
  Answer(std::string t = {}) : text(std::move(t)) {}  // NOLINT
  std::string text;
  bool close = false;  // after the text
  hob::Duration delay = hob::Duration();
};

inline std::string ok(const std::string& body, const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}
inline std::string redirect(int status, const std::string& to) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nLocation: " + to +
         "\r\nContent-Length: 4\r\n\r\ngone";
}

class MemoryServer {
  using Handler = Answer (*)(const Asked&);
  /// What the tasks of connections use: they end with the loop, after the server.
  struct State {
    Handler handler;
    std::vector<Asked> asked;
    int open = 0;
  };
  std::shared_ptr<State> state_;

 public:
  explicit MemoryServer(Handler handler) : state_(std::make_shared<State>()) {
    state_->handler = handler;
  }
  MemoryServer(const MemoryServer&) = delete;
  MemoryServer& operator=(const MemoryServer&) = delete;

  hob::http::ClientOptions options() {
    hob::http::ClientOptions options;
    options.connector = connector_.get();
    return options;
  }
  /// `host:port` of the connections, and what came over all of them.
  std::vector<std::string> connections;
  std::vector<Asked>& asked = state_->asked;
  int& open = state_->open;
  std::size_t chunk = static_cast<std::size_t>(-1);
  hob::Duration connect_delay = hob::Duration();
  bool refuse_next = false;

 private:
  static Coro<> converse(std::shared_ptr<State> state, hob::Stream stream) {
    for (;;) {
      Asked request;
      auto head = co_await hob::as_result(stream.reader.readuntil("\r\n\r\n"));
      if (!head) break;
      request.head = *head;
      request.method = request.head.substr(0, request.head.find(' '));
      request.target = request.head.substr(request.method.size() + 1);
      request.target.resize(request.target.find(' '));
      const std::size_t at = request.head.find("Content-Length: ");
      if (at != std::string::npos) {
        const auto size = static_cast<std::size_t>(std::stoul(request.head.substr(at + 16)));
        if (size != 0) {
          auto body = co_await hob::as_result(stream.reader.readexactly(size));
          if (!body) break;
          request.body = *body;
        }
      } else if (request.head.find("Transfer-Encoding: chunked") != std::string::npos) {
        auto body = co_await hob::as_result(stream.reader.readuntil("0\r\n\r\n"));
        if (!body) break;
        request.body = *body;
      }
      state->asked.push_back(request);
      const Answer answer = state->handler(request);
      if (answer.delay > hob::Duration()) co_await hob::sleep(answer.delay);
      stream.writer.write(answer.text);
      if (answer.close) break;
      auto sent = co_await hob::as_result(stream.writer.drain());
      if (!sent) break;
    }
    stream.writer.close();
    --state->open;
  }

  Coro<hob::Stream> connect(std::string host, std::uint16_t port) {
    if (connect_delay > hob::Duration()) co_await hob::sleep(connect_delay);
    if (std::exchange(refuse_next, false)) throw hob::OSError(111, "connect");
    connections.push_back(host + ':' + std::to_string(port));
    hob::testing::MemoryStreamOptions pipe;
    pipe.chunk = chunk;
    hob::testing::StreamPair pair = hob::testing::memory_stream_pair(pipe);
    ++open;
    hob::create_task(converse(state_, pair.second));
    co_return pair.first;
  }

  hob::detail::Ref<hob::http::Connector> connector_ = hob::http::make_connector(
      [this](std::string host, std::uint16_t port) { return connect(std::move(host), port); });
};

}  // namespace http_tests
