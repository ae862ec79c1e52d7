// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/event_stream.hpp>

#include <string_view>

namespace hob::http {

namespace {

void write_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\n");
}

void check(std::string_view value, const char* name) {
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    throw ValueError(std::string("the ") + name + " of an event must be one line");
}

Coro<> fill(Function<Coro<>(EventStream&)>& send, BodyWriter& body) {
  EventStream events(body);
  co_await send(events);
}

/// What the response keeps until the end.
struct Fill {
  Function<Coro<>(EventStream&)> send;
  Coro<> operator()(BodyWriter& body) { return fill(send, body); }
};

}  // namespace

void write_event(std::string& out, const ServerEvent& event) {
  check(event.event, "type");
  check(event.id, "id");
  if (!event.event.empty()) write_line(out, "event", event.event);
  if (!event.id.empty()) write_line(out, "id", event.id);
  if (event.retry_ms >= 0) write_line(out, "retry", std::to_string(event.retry_ms));
  std::string_view rest = event.data;
  while (true) {
    const std::size_t end = rest.find_first_of("\r\n");
    write_line(out, "data", rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + (rest.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  out += '\n';
}

hob::detail::WriterAwaiter EventStream::send(const ServerEvent& event) {
  std::string text;
  write_event(text, event);
  return body_.write(text);
}

hob::detail::WriterAwaiter EventStream::ping() { return body_.write(":\n\n"); }

ServerResponse event_stream(Function<Coro<>(EventStream&)> send) {
  Fill fill{std::move(send)};
  ServerResponse response = stream_response(std::move(fill), "text/event-stream");
  response.cancel_on_disconnect = true;
  response.headers.add("Cache-Control", "no-store");
  // nginx as a proxy would keep events until there are many.
  response.headers.add("X-Accel-Buffering", "no");
  return response;
}

}  // namespace hob::http
