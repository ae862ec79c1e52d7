// SPDX-License-Identifier: MIT
// Test support: conversations with a Server over connections in memory, in virtual time.
#pragma once

#include <hob/http/server.hpp>
#include <hob/task/task.hpp>
#include <hob/testing/memory_stream.hpp>
#include <hob/testing/run_virtual.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace http_tests {

struct Reply {
  int status = 0;
  std::string head, body;

  std::string field(std::string_view name) const {
    const std::string line = "\r\n" + std::string(name) + ": ";
    const std::size_t at = head.find(line);
    if (at == std::string::npos) return "";
    const std::size_t from = at + line.size();
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

/// Sends `request` and closes that side; gives the first answer, with all that comes behind its
/// head as the body.
inline hob::Coro<Reply> send_to(hob::http::Server& server, std::string request) {
  auto [mine, its] = hob::testing::memory_stream_pair();
  auto task = hob::create_task(server.serve(std::move(its)));
  mine.writer.write(request);
  mine.writer.write_eof();
  const std::string all = co_await mine.reader.read();
  mine.writer.close();
  co_await task;
  Reply reply;
  if (all.size() > 12) reply.status = std::stoi(all.substr(9, 3));
  const std::size_t end = all.find("\r\n\r\n");
  reply.head = all.substr(0, end + 2);
  reply.body = all.substr(end + 4);
  co_return reply;
}

/// The text of a request; with a body also its Content-Length.
inline std::string request_text(std::string_view method, std::string_view path,
                                std::string_view fields = "", std::string_view body = "") {
  std::string text(method);
  text.append(" ").append(path).append(" HTTP/1.1\r\nHost: a\r\n").append(fields);
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text.append("\r\n").append(body);
}

inline Reply get(hob::http::Server& server, std::string_view path, std::string_view fields = "") {
  return hob::testing::run_virtual(send_to(server, request_text("GET", path, fields)));
}
inline Reply post(hob::http::Server& server, std::string_view path, std::string_view body,
                  std::string_view fields = "") {
  return hob::testing::run_virtual(send_to(server, request_text("POST", path, fields, body)));
}

}  // namespace http_tests
