// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/date.hpp>
#include <hob/http/headers.hpp>
#include <hob/http/serializer.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "http/wire.hpp"

using hob::http::format_http_date;
using hob::http::Headers;
using hob::http::parse_http_date;

namespace {

/// What `write` appends to a text that is not empty.
template <class Write>
std::string written(Write write) {
  std::string out = "|";
  write(out);
  return out;
}

std::int64_t date(std::string_view text, std::int64_t now = 1'700'000'000) {
  std::int64_t seconds = -1;
  return parse_http_date(text, seconds, now) ? seconds : -1;
}

}  // namespace

TEST_CASE("request lines and status lines") {
  std::string out;
  hob::http::write_request_line(out, "GET", "/a?b");
  CHECK(out == "GET /a?b HTTP/1.1\r\n");
  CHECK(written([](auto& o) { hob::http::write_status_line(o, 200); }) == "|HTTP/1.1 200 OK\r\n");
  CHECK(written([](auto& o) { hob::http::write_status_line(o, 404, "", 0); }) ==
        "|HTTP/1.0 404 Not Found\r\n");
  CHECK(written([](auto& o) { hob::http::write_status_line(o, 200, "Fine"); }) ==
        "|HTTP/1.1 200 Fine\r\n");
  CHECK(written([](auto& o) { hob::http::write_status_line(o, 799); }) == "|HTTP/1.1 799 \r\n");
}

TEST_CASE("nobody writes lines through a method, a target, a reason or a field") {
  std::string out = "kept";
  using namespace std::string_view_literals;
  for (const std::string_view bad : {"\r\nX: y"sv, "a\nb"sv, "a\rb"sv, "a\0b"sv, "\x7f"sv}) {
    CHECK_THROWS_AS(hob::http::write_request_line(out, bad, "/"), hob::ValueError);
    CHECK_THROWS_AS(hob::http::write_request_line(out, "GET", bad), hob::ValueError);
    CHECK_THROWS_AS(hob::http::write_status_line(out, 200, bad), hob::ValueError);
    CHECK_THROWS_AS(hob::http::write_field(out, "X", bad), hob::ValueError);
    CHECK_THROWS_AS(hob::http::write_field(out, bad, "y"), hob::ValueError);
  }
  for (const std::string_view bad : {""sv, "/a b"sv, "/a#b"sv, "/\xc3\xa9"sv})
    CHECK_THROWS_AS(hob::http::write_request_line(out, "GET", bad), hob::ValueError);
  for (const std::string_view bad : {""sv, "G T"sv, "GET/"sv})
    CHECK_THROWS_AS(hob::http::write_request_line(out, bad, "/"), hob::ValueError);
  for (const int bad : {-1, 0, 99, 1000})
    CHECK_THROWS_AS(hob::http::write_status_line(out, bad), hob::ValueError);
  CHECK(out == "kept");
}

TEST_CASE("fields, in their order") {
  const Headers headers{{"A", "1"}, {"b", ""}, {"A", "2"}};
  CHECK(written([&](auto& out) { hob::http::write_fields(out, headers); }) ==
        "|A: 1\r\nb: \r\nA: 2\r\n");
  CHECK(written([](auto& out) { hob::http::write_field(out, "A", " b "); }) == "|A: b\r\n");
  CHECK(written([](auto& out) { hob::http::write_content_length(out, UINT64_MAX); }) ==
        "|Content-Length: 18446744073709551615\r\n");
}

TEST_CASE("chunks, the last chunk and trailers") {
  std::string out;
  hob::http::write_chunk(out, std::string(26, 'x'));
  hob::http::write_chunk(out, "");
  CHECK(out == "1a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
  hob::http::write_last_chunk(out, Headers{{"Digest", "1"}});
  CHECK(out == "1a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\nDigest: 1\r\n\r\n");
  CHECK_THROWS_AS(hob::http::begin_chunk(out, 0), hob::ValueError);
  std::string none;
  for (const char* name : {"Content-Length", "transfer-encoding", "Host", "Set-Cookie"})
    CHECK_THROWS_AS(hob::http::write_last_chunk(none, Headers{{name, "1"}}), hob::ValueError);
  CHECK(none.empty());
}

TEST_CASE("what is written is what is parsed") {
  std::string out;
  hob::http::write_request_line(out, "PUT", "/x");
  hob::http::write_fields(out, Headers{{"Host", "a"}, {"Transfer-Encoding", "chunked"}});
  hob::http::end_fields(out);
  hob::http::write_chunk(out, "wiki");
  hob::http::write_chunk(out, "pedia in chunks");
  hob::http::write_last_chunk(out, Headers{{"T", "1"}});
  CHECK(wire::requests(out) ==
        "PUT /x 1.1 chunked\n  Host: a\n  Transfer-Encoding: chunked\n"
        "\"wikipedia in chunks\"\nend\n  T: 1\n");
  out.clear();
  hob::http::write_status_line(out, 404);
  hob::http::write_content_length(out, 2);
  hob::http::end_fields(out);
  out += "no";
  CHECK(wire::responses(out) == "404 [Not Found] 1.1 length 2\n  Content-Length: 2\n\"no\"\nend\n");
}

TEST_CASE("dates are written as the C library writes them") {
  CHECK(format_http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(format_http_date(784'111'777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  // Steps of 17 days and some seconds: all months, leap years, both sides of 1970.
  for (std::int64_t t = -5'000'000'000; t < 20'000'000'000; t += 1'500'007) {
    const std::time_t time = t;
    std::tm broken{};
    char text[40];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&time, &broken));
    const std::string ours = format_http_date(t);
    REQUIRE(ours == text);
    REQUIRE(date(ours) == t);
  }
  CHECK_THROWS_AS(format_http_date(1'000'000'000'000), hob::ValueError);
  CHECK_THROWS_AS(format_http_date(-100'000'000'000), hob::ValueError);
}

TEST_CASE("three formats of dates are read") {
  CHECK(date("Sun, 06 Nov 1994 08:49:37 GMT") == 784'111'777);
  CHECK(date("Sunday, 06-Nov-94 08:49:37 GMT") == 784'111'777);
  CHECK(date("Sun Nov  6 08:49:37 1994") == 784'111'777);
  CHECK(date("Wed Nov 16 08:49:37 1994") == 784'975'777);
  // 2023 + 50 = 2073 is ahead; 74 was 1974.
  CHECK(date("Friday, 01-Jan-73 00:00:00 GMT") == date("Sun, 01 Jan 2073 00:00:00 GMT"));
  CHECK(date("Friday, 01-Jan-74 00:00:00 GMT") == date("Tue, 01 Jan 1974 00:00:00 GMT"));
  CHECK(date("Tue, 29 Feb 2000 23:59:60 GMT") == date("Tue, 29 Feb 2000 23:59:59 GMT"));
}

TEST_CASE("what is no date is not read") {
  for (const char* text :
       {"", "0", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 29 Feb 1900 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT", "Son, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sun Nov 06 08:49:37 94"}) {
    CAPTURE(text);
    CHECK(date(text) == -1);
  }
}

TEST_CASE("the cached date changes with the second") {
  hob::http::DateCache cache;
  CHECK(cache.get(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  const char* first = cache.get(784'111'777).data();
  CHECK(cache.get(784'111'777).data() == first);
  CHECK(cache.get(784'111'778) == "Sun, 06 Nov 1994 08:49:38 GMT");
}
