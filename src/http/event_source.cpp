// SPDX-License-Identifier: MIT
#include <hob/http/event_source.hpp>

#include "http/ascii.hpp"

#include <hob/core/raise.hpp>
#include <hob/http/client_error.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/sleep.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace hob::http {
namespace {

bool is_connection_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const ClientConnectionError&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

void EventParser::feed(std::string_view bytes) {
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_ += bytes;
}

void EventParser::restart() noexcept {
  buffer_.clear();
  at_ = scanned_ = 0;
  data_.clear();
  type_.clear();
  id_ = last_id_;
  has_data_ = skip_lf_ = false;
  first_ = true;
}

// A line without its end, which is CR, LF or CRLF. A CR ends it at once: the LF may never come.
std::optional<std::string_view> EventParser::next_line() noexcept {
  if (skip_lf_ && at_ < buffer_.size()) {
    skip_lf_ = false;
    if (buffer_[at_] == '\n') ++at_;
  }
  const std::size_t end = buffer_.find_first_of("\r\n", at_ + scanned_);
  if (end == std::string::npos) {
    scanned_ = buffer_.size() - at_;
    return std::nullopt;
  }
  const std::string_view line = std::string_view(buffer_).substr(at_, end - at_);
  skip_lf_ = buffer_[end] == '\r';
  at_ = end + 1;
  scanned_ = 0;
  return line;
}

void EventParser::take_field(std::string_view line) {
  const std::string_view name = line.substr(0, line.find(':'));
  std::string_view value = line.substr(std::min(line.size(), name.size() + 1));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    (data_ += value) += '\n';
    has_data_ = true;
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_ = value;
  } else if (name == "retry") {
    const long long number = value.empty() ? -1 : ascii::number(value, INT32_MAX);
    if (number >= 0) retry_ms_ = number;
  }
}

std::optional<ServerEvent> EventParser::next() {
  while (auto line = next_line()) {
    if (std::exchange(first_, false) && line->starts_with("\xef\xbb\xbf")) line->remove_prefix(3);
    if (!line->empty()) {
      if (!line->starts_with(':')) take_field(*line);
      if (data_.size() > event_max_) break;
      continue;
    }
    last_id_ = id_;
    std::string type = std::exchange(type_, {});
    if (!std::exchange(has_data_, false)) continue;
    std::string data = std::exchange(data_, {});
    data.pop_back();  // the last line end
    ServerEvent event(type.empty() ? "message" : std::move(type), std::move(data));
    event.id = last_id_;
    event.retry_ms = retry_ms_;
    return event;
  }
  if (data_.size() + buffer_.size() - at_ > event_max_) {
    hob::detail::raise_value_error("a server-sent event is too large");
  }
  return std::nullopt;
}

Duration EventSource::retry() const noexcept {
  return parser_.retry_ms() < 0 ? retry_ : Duration::nanoseconds(parser_.retry_ms() * 1'000'000);
}

void EventSource::close() noexcept {
  closed_ = true;
  response_.reset();
}

void EventSource::wait_before_next() { not_before_ = get_running_loop().time() + retry(); }

// Whether there is more to come.
Coro<bool> EventSource::connect() {
  auto request = session_.get(url_);
  request.timeout(Duration::forever()).raise_for_status(false);
  request.header("Accept", "text/event-stream").header("Cache-Control", "no-store");
  const std::string& last_id = parser_.last_event_id();
  if (!last_id.empty()) request.header("Last-Event-ID", last_id);
  Response response = co_await request;
  const int status = response.status();
  if (status == Status::no_content) co_return false;
  if (status != Status::ok) {
    throw ClientStatusError(status, response.reason(), response.url().text());
  }
  if (response.content_type().type != "text/event-stream") {
    throw ContentTypeError(status, response.url().text(),
                           "not an event stream, " + response.url().text());
  }
  parser_.restart();
  response_ = std::move(response);
  co_return true;
}

Coro<std::optional<ServerEvent>> EventSource::next() {
  while (!closed_) {
    if (auto event = parser_.next()) co_return event;
    if (!response_) {
      const Duration now = get_running_loop().time();
      if (not_before_ > now) co_await sleep(not_before_ - now);
      const auto connected = co_await as_result(connect());
      if (connected.cancelled()) connected.value();
      if (!connected) {
        // A response that is none of events ends it; a connection that fails is tried again.
        const bool lost = is_connection_error(connected.exception());
        closed_ = !lost;
        wait_before_next();
        if (!lost) connected.value();
      } else if (!connected.value()) {
        closed_ = true;
      }
      continue;
    }
    auto piece = co_await as_result(response_->content().readany());
    if (piece.cancelled()) piece.value();
    if (piece && !piece->empty()) {
      parser_.feed(*piece);
    } else {
      response_.reset();
      parser_.restart();
      wait_before_next();
    }
  }
  co_return std::nullopt;
}

}  // namespace hob::http
