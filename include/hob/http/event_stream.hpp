// SPDX-License-Identifier: MIT
// EventStream: server-sent events, the server's side of a browser's EventSource.
#pragma once

#include <hob/core/function.hpp>
#include <hob/core/text.hpp>
#include <hob/http/server_request.hpp>
#include <hob/http/server_response.hpp>
#include <hob/task/coro.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace hob::http {

/// One event. Lines of `data` may end with LF, CRLF or CR; the receiver sees LF.
struct ServerEvent {
  // Not an aggregate: g++ 12 destroys those twice in a full-expression with co_await.
  ServerEvent() = default;
  ServerEvent(std::string d) : data(std::move(d)) {}  // NOLINT(google-explicit-constructor)
  ServerEvent(const char* d) : data(d) {}             // NOLINT(google-explicit-constructor)
  ServerEvent(std::string type, std::string d) : data(std::move(d)), event(std::move(type)) {}

  std::string data;
  /// The type that listeners listen to; "" is `message`.
  std::string event;
  /// What a client that comes back says in Last-Event-ID.
  std::string id;
  /// How many milliseconds a client that lost the connection waits; negative: as it likes.
  std::int64_t retry_ms = -1;
};

/// Appends the event as it travels. Throws ValueError when `event` or `id` holds a line end, or
/// `id` a NUL: they would be other fields, or none.
void write_event(std::string& out, const ServerEvent& event);

/// Sends events to one client. Made by the server.
class EventStream {
 public:
  explicit EventStream(BodyWriter& body) noexcept : body_(body) {}
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// Sends an event: `co_await events.send("data")`. Throws as write_event and BodyWriter::write:
  /// OSError when the client is gone.
  [[nodiscard]] hob::detail::WriterAwaiter send(const ServerEvent& event);
  /// A comment, which keeps proxies from closing a connection that is silent for long.
  [[nodiscard]] hob::detail::WriterAwaiter ping();

 private:
  BodyWriter& body_;
};

/// The id of the last event that a client has got which comes back after it lost the connection;
/// empty for a new one.
inline std::string_view last_event_id(const ServerRequest& request) noexcept {
  return request.headers().get("Last-Event-ID");
}

/// An answer that `send(EventStream&)`, a coroutine, fills. The callable lives until it has ended.
/// When the client goes away `send` is cancelled, whatever it waits for.
ServerResponse event_stream(Function<Coro<>(EventStream&)> send);

}  // namespace hob::http
