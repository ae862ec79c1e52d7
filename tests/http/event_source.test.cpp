// SPDX-License-Identifier: MIT
#include "http/memory_server.hpp"
#include "support/virtual.hpp"

#include <hob/http/client_error.hpp>
#include <hob/http/event_source.hpp>
#include <hob/task/timeout.hpp>

#include <doctest/doctest.h>

using namespace http_tests;
using hob::Coro;
using hob::http::ClientSession;
using hob::http::EventParser;
using hob::http::EventSource;
using hob::http::ServerEvent;
using support::run_sim;

namespace event_source_tests {

// `type(data)#id` for each event of the stream, which comes in pieces of `chunk` bytes.
std::string parsed(std::string_view text, std::size_t chunk) {
  EventParser parser;
  std::string all;
  for (std::size_t at = 0; at < text.size(); at += chunk) {
    parser.feed(text.substr(at, chunk));
    while (auto event = parser.next()) {
      all += event->event + '(' + event->data + ')';
      if (!event->id.empty()) all += '#' + event->id;
      all += ' ';
    }
  }
  return all;
}

struct Row {
  const char *text, *events;
};
// The examples of the HTML standard (9.2.6), and what its grammar implies.
const Row kRows[] = {
    {"data: YHOO\ndata: +2\ndata: 10\n\n", "message(YHOO\n+2\n10) "},
    {": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
     "message(first event)#1 message(second event) "},
    {"data\n\ndata\ndata\n\ndata:", "message() message(\n) "},
    {"data:test\n\ndata: test\n\n", "message(test) message(test) "},
    {"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n", "add(73857293) remove(2153) "},
    {"event: none\n\ndata: x\n\n", "message(x) "},
    {"data: a\r\n\r\ndata: b\r\rdata: c\n\n", "message(a) message(b) message(c) "},
    {"data: a\r\ndata: b\r\n\r\n", "message(a\nb) "},
    {"\xef\xbb\xbf"
     "data: bom\n\n\xef\xbb\xbf"
     "data: not first\n\n",
     "message(bom) "},
    {"id: 7\n\ndata: x\n\nid:\ndata: y\n\n", "message(x)#7 message(y) "},
    {"id: a\0b\ndata: x\n\n", "message(x) "},
    {"unknown: x\ndata: y\nDATA: z\n\n", "message(y) "},
    {"data: unfinished\n", ""},
};

TEST_CASE("streams of events, in pieces of every size") {
  for (const Row& row : kRows) {
    std::string_view text = row.text;
    const std::string with_nul = std::string("id: a") + '\0' + "b\ndata: x\n\n";
    if (text == "id: a") text = with_nul;
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{2}, std::size_t{5}, SIZE_MAX / 2}) {
      CAPTURE(std::string(text));
      CAPTURE(chunk);
      CHECK(parsed(text, chunk) == row.events);
    }
  }
}

TEST_CASE("what the server writes is what the client reads") {
  ServerEvent event("kind", "one\ntwo\r\n\rthree");
  event.id = "9";
  event.retry_ms = 250;
  std::string text;
  hob::http::write_event(text, event);
  EventParser parser;
  parser.feed(text);
  const auto read = parser.next();
  REQUIRE(read.has_value());
  CHECK(read->event == "kind");
  CHECK(read->data == "one\ntwo\n\nthree");
  CHECK(parser.last_event_id() == "9");
  CHECK(parser.retry_ms() == 250);
}

TEST_CASE("an event without an end does not fill the memory") {
  EventParser one_line(1000), many_lines(1000);
  one_line.feed("data: " + std::string(2000, 'x'));
  CHECK_THROWS_AS(one_line.next(), hob::ValueError);
  for (int i = 0; i < 300; ++i) many_lines.feed("data: x\ndata: y\n");
  CHECK_THROWS_AS(many_lines.next(), hob::ValueError);
}

int visits = 0;

Answer site(const Asked& request) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
  ++visits;
  Answer answer;
  answer.close = true;
  if (request.target == "/bad") return {"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"};
  if (request.target == "/text") return ok("data: x\n\n", "Content-Type: text/plain\r\n");
  if (visits == 1) {
    answer.text = head + "retry: 5000\nid: 1\ndata: one\n\nid: 2\ndata: two\n\ndata: cut";
  } else if (visits == 2) {
    answer.text = "";  // closes without an answer
  } else if (visits == 3) {
    answer.text = head + "data: three\n\n";
  } else {
    answer.text = "HTTP/1.1 204 No Content\r\n\r\n";
  }
  return answer;
}

TEST_CASE("an event source comes back, says where it was, and ends when it is told to") {
  const auto main = []() -> Coro<> {
    visits = 0;
    MemoryServer server(&site);
    ClientSession session(server.options());
    EventSource source(session, "http://h/events");
    support::Log log;
    while (auto event = co_await source.next()) log(event->data + '#' + event->id);
    CHECK(log.text() == "0: one#1, 0: two#2, 10: three#2");
    CHECK(support::now() == 15);
    CHECK(server.asked.size() == 4);
    CHECK(server.asked[0].has("Accept: text/event-stream"));
    CHECK(server.asked[0].head.find("Last-Event-ID") == std::string::npos);
    CHECK(server.asked[1].has("Last-Event-ID: 2"));
    const auto over = co_await source.next();
    CHECK_FALSE(over.has_value());
    CHECK(session.statistics().active == 0);

    EventSource bad(session, "http://h/bad"), text(session, "http://h/text");
    const auto status = co_await hob::as_result(bad.next());
    CHECK(support::error_name(status) == "ClientStatusError");
    const auto type = co_await hob::as_result(text.next());
    CHECK(support::error_name(type) == "ContentTypeError");
    CHECK(session.statistics().active == 0);
  };
  run_sim(main());
}

TEST_CASE("a cancelled wait for an event has taken nothing") {
  const auto main = []() -> Coro<> {
    visits = 0;
    MemoryServer server(&site);
    server.connect_delay = 3s;
    ClientSession session(server.options());
    EventSource source(session, "http://h/events");
    std::string all;
    for (int tries = 0; tries < 60 && all.size() < 8; ++tries) {
      const auto next = [&] { return source.next(); };
      auto event = co_await hob::as_result(hob::timeout(1s, next));
      if (event && *event) all += (*event)->data + ' ';
      if (!event && tries > 20) server.connect_delay = 0s;
    }
    CHECK(all == "one two ");
  };
  run_sim(main());
}

}  // namespace event_source_tests
