// SPDX-License-Identifier: MIT
// EventSource, EventParser: server-sent events, the client's side. Rules of the HTML standard, 9.2.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/http/client_session.hpp>
#include <hob/http/event_stream.hpp>
#include <hob/http/response.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hob::http {

/// Takes a stream of events apart as its bytes come. No I/O. Not thread-safe.
class EventParser {
 public:
  /// `event_max`: bytes of one event; ValueError beyond.
  explicit EventParser(std::size_t event_max = 1 << 20) noexcept : event_max_(event_max) {}

  void feed(std::string_view bytes);
  /// The next event that is complete: `event` is `message` when the server named none, `id` the
  /// last one that was seen. What has no data is none. Throws ValueError for one that is too large.
  std::optional<ServerEvent> next();
  /// What `Last-Event-ID` is to say.
  const std::string& last_event_id() const noexcept { return last_id_; }
  /// The server's wish for the time before a new connection; negative when it has none.
  std::int64_t retry_ms() const noexcept { return retry_ms_; }
  /// Forgets the event that is not complete: the connection is gone.
  void restart() noexcept;

 private:
  std::optional<std::string_view> next_line() noexcept;
  void take_field(std::string_view line);

  std::string buffer_;
  std::size_t at_ = 0, scanned_ = 0;
  std::string data_, type_, id_, last_id_;
  std::int64_t retry_ms_ = -1;
  std::size_t event_max_;
  bool has_data_ = false, first_ = true, skip_lf_ = false;
};

/// Browsers' EventSource: events of one URL, over as many connections as it takes. `while (auto
/// event = co_await source.next())`. Belongs to the loop's thread, and to one task at a time.
class EventSource {
 public:
  /// `session` must live as long. Its time limit for whole requests does not count here.
  EventSource(ClientSession& session, const Url& url) noexcept : session_(session), url_(url) {}
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;

  /// The next event. When the connection ends, another one is made after `retry()`, which says the
  /// last id. Nothing when the server says that there is no more (204). Throws ClientStatusError
  /// for another status than 200 and ContentTypeError for what is no event stream: these end it.
  /// A cancelled call has taken nothing.
  Coro<std::optional<ServerEvent>> next();

  /// How long it waits before a new connection: 3 seconds, or what the server wishes.
  Duration retry() const noexcept;
  void set_retry(Duration retry) noexcept { retry_ = retry; }
  const std::string& last_event_id() const noexcept { return parser_.last_event_id(); }
  /// Closes the connection; `next` gives nothing from now on.
  void close() noexcept;

 private:
  Coro<bool> connect();
  void wait_before_next();

  ClientSession& session_;
  Url url_;
  std::optional<Response> response_;
  EventParser parser_;
  Duration retry_ = Duration::nanoseconds(3'000'000'000);
  Duration not_before_;  // when to connect again, on the loop's clock
  bool closed_ = false;
};

}  // namespace hob::http
