// SPDX-License-Identifier: MIT
// The parsers refuse what is malformed or could be read in two ways, however the bytes are cut.
#include <doctest/doctest.h>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "http/malformed_cases.hpp"
#include "http/wire.hpp"

using malformed::Case;
using malformed::kRequests;
using malformed::kResponses;

#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

namespace {

int refusal(const std::string& log) {
  const std::size_t at = log.rfind("error ");
  return at == std::string::npos ? 0 : std::stoi(log.substr(at + 6));
}

}  // namespace

TEST_CASE("malformed and ambiguous requests are refused, however they are cut") {
  for (const Case& c : kRequests) {
    const std::string log = wire::requests(c.bytes);
    CAPTURE(c.section);
    CAPTURE(std::string(c.bytes));
    CAPTURE(log);
    CHECK(refusal(log) == c.status);
    CHECK(log.find("bytewise") == std::string::npos);
    CHECK(log.find("cut at") == std::string::npos);
  }
}

TEST_CASE("malformed and ambiguous responses are refused, however they are cut") {
  for (const Case& c : kResponses) {
    const std::string log = wire::responses(c.bytes);
    CAPTURE(c.section);
    CAPTURE(std::string(c.bytes));
    CAPTURE(log);
    CHECK(refusal(log) == c.status);
    CHECK(log.find("bytewise") == std::string::npos);
    CHECK(log.find("cut at") == std::string::npos);
  }
}

TEST_CASE("no malformed case stands there twice") {
  std::set<std::string_view> seen;
  for (const Case& c : kRequests) {
    CAPTURE(std::string(c.bytes));
    CHECK(seen.insert(c.bytes).second);
  }
  for (const Case& c : kResponses) {
    CAPTURE(std::string(c.bytes));
    CHECK(seen.insert(c.bytes).second);
  }
  CHECK(seen.size() >= 150);
}

TEST_CASE("bytes that come when no response is due are refused") {
  hob::http::ResponseParser parser;
  CHECK(parser.feed("").event == hob::http::ParseEvent::need_more);
  CHECK(parser.feed("x").event == hob::http::ParseEvent::error);
  CHECK(parser.error().status == 400);
  CHECK(parser.finish() == hob::http::ParseEvent::error);
}

TEST_CASE("an oversized message is refused before more of it is read") {
  hob::http::ParserLimits limits;
  limits.start_line = 20;
  limits.field_line = 16;
  limits.head = 64;
  limits.fields = 3;
  limits.body = 4;
  limits.chunk_extensions = 8;
  const auto status = [&](std::string_view bytes) {
    const std::string log = wire::requests(bytes, limits);
    CAPTURE(log);
    CHECK(log.find("whole") == std::string::npos);
    return refusal(log);
  };
  CHECK(status("GET /234567 HTTP/1.1\r\nHost: a\r\n\r\n") == 0);
  CHECK(status("GET /2345678 HTTP/1.1\r\nHost: a\r\n\r\n") == 414);
  CHECK(status("GET /2345678901234567890123456789") == 414);
  CHECK(status("GET / HTTP/1.1\r\nHost: 7890123456\r\n\r\n") == 0);
  CHECK(status("GET / HTTP/1.1\r\nHost: 78901234567\r\n\r\n") == 431);
  CHECK(status("GET / HTTP/1.1\r\nHost: 789012345678901234567890") == 431);
  CHECK(status("GET / HTTP/1.1\r\nHost5678901234567890") == 431);
  CHECK(status("GET / HTTP/1.1\r\nHost: 1\r\nA: 1\r\nB: 2\r\n\r\n") == 0);
  CHECK(status("GET / HTTP/1.1\r\nHost: 1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n") == 431);
  // 64 bytes, then 65.
  CHECK(status("GET / HTTP/1.1\r\nHost: 1234567\r\nA: 3456789012\r\nB: 34567890123\r\n\r\n") == 0);
  CHECK(status("GET / HTTP/1.1\r\nHost: 1234567\r\nA: 3456789012\r\nB: 345678901234\r\n\r\n") ==
        431);
  CHECK(status(POST "Content-Length: \r\n\r\n") == 400);
  limits.field_line = 30;
  CHECK(status(POST "Content-Length: 4\r\n\r\n1234") == 0);
  CHECK(status(POST "Content-Length: 5\r\n\r\n") == 413);
  limits.head = 100;
  CHECK(status(CHUNKED "2\r\n12\r\n2\r\n34\r\n0\r\n\r\n") == 0);
  CHECK(status(CHUNKED "2\r\n12\r\n3\r\n") == 413);
  CHECK(status(CHUNKED "2;abc\r\n12\r\n2;abc\r\n34\r\n0\r\n\r\n") == 0);
  CHECK(status(CHUNKED "2;abc\r\n12\r\n2;abcd\r\n34\r\n0;a\r\n\r\n") == 400);
  CHECK(status(CHUNKED "0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n") == 0);
  CHECK(status(CHUNKED "0\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n") == 431);
  CHECK(status(CHUNKED "0\r\nA: 456789012345678901234567890\r\n\r\n") == 0);
  CHECK(status(CHUNKED "0\r\nA: 4567890123456789012345678901\r\n\r\n") == 431);
}

#undef POST
#undef CHUNKED
