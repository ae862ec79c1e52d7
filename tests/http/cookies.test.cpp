// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/cookies.hpp>

#include <doctest/doctest.h>

#include <string>

using hob::http::Cookie;
using hob::http::CookieJar;
using hob::http::parse_cookie_date;
using hob::http::Url;

namespace cookies_tests {

std::int64_t g_now = 1'700'000'000;
std::int64_t test_clock() { return g_now; }

struct Row {
  const char* from;
  const char* set_cookies;  // separated by line ends
  const char* to;
  const char* header;
};
// What http.cookiejar answers.
const Row kRows[] = {
#include "oracle/cookies.inc"
};
struct Date {
  const char* text;
  long long seconds;  // -1 for no date
};
const Date kDates[] = {
#include "oracle/cookie_dates.inc"
};

std::string round_trip(const char* from, const std::string& set_cookie, const char* to) {
  CookieJar jar(&test_clock);
  std::size_t at = 0;
  while (at <= set_cookie.size()) {
    const std::size_t end = std::min(set_cookie.find('\n', at), set_cookie.size());
    jar.store(set_cookie.substr(at, end - at), from);
    at = end + 1;
  }
  return jar.header(to);
}

TEST_CASE("cookies come back where http.cookiejar sends them") {
  for (const Row& row : kRows) {
    CAPTURE(std::string(row.from));
    CAPTURE(std::string(row.set_cookies));
    CAPTURE(std::string(row.to));
    CHECK(round_trip(row.from, row.set_cookies, row.to) == row.header);
  }
}

TEST_CASE("dates of cookies") {
  for (const Date& date : kDates) {
    CAPTURE(std::string(date.text));
    CHECK(parse_cookie_date(date.text).value_or(-1) == date.seconds);
  }
  CHECK(parse_cookie_date("Sun Nov  6 08:49:37 1994") == 784111777);
  CHECK(parse_cookie_date("6 november 94 08:49:37 whatever") == 784111777);
  for (const char* bad : {"", "Nov 6 1994", "31 Feb 2024 00:00:00", "1 Jan 1600 00:00:00",
                          "1 Jan 2020 24:00:00", "1 Jan 2020 0:60:00", "123 Jan 2020 00:00:00"}) {
    CHECK_FALSE(parse_cookie_date(bad).has_value());
  }
}

TEST_CASE("where RFC 6265 and browsers are stricter than http.cookiejar") {
  const struct {
    const char *from, *set_cookie, *to, *header;
  } rows[] = {
      {"http://a.com/", "x=1", "http://b.a.com/", ""},  // without a Domain not for subdomains
      // Nobody sets cookies for everybody below a public suffix.
      {"https://a.co.uk/", "x=1; Domain=co.uk", "https://b.co.uk/", ""},
      {"https://me.github.io/", "x=1; Domain=github.io", "https://me.github.io/", ""},
      {"https://github.io/", "x=1; Domain=github.io", "https://me.github.io/", ""},
      {"https://github.io/", "x=1; Domain=github.io", "https://github.io/", "x=1"},
      {"http://localhost/", "x=1; Domain=localhost", "http://localhost/", "x=1"},
      {"http://printer/", "x=1", "http://printer/a", "x=1"},
      // Addresses have no subdomains.
      {"http://1.2.3.4/", "x=1", "http://1.2.3.4/", "x=1"},
      {"http://1.2.3.4/", "x=1; Domain=3.4", "http://1.2.3.4/", ""},
      {"http://[::1]/", "x=1", "http://[::1]/", "x=1"},
      // Insecure pages set no secure cookies; prefixes promise where a cookie came from.
      {"http://a.com/", "x=1; Secure", "https://a.com/", ""},
      {"https://a.com/", "__Secure-x=1", "https://a.com/", ""},
      {"https://a.com/", "__Secure-x=1; Secure", "https://a.com/", "__Secure-x=1"},
      {"https://a.com/", "__Host-x=1; Secure; Path=/", "https://a.com/b", "__Host-x=1"},
      {"https://a.com/", "__host-x=1; Secure; Path=/; Domain=a.com", "https://a.com/", ""},
      {"https://a.com/x/y", "__Host-x=1; Secure", "https://a.com/x/y", ""},
      {"https://a.com/", "x=1\x01", "https://a.com/", ""},
      {"https://a.com/", "justtext", "https://a.com/", ""},
      {"https://a.com/", "=1", "https://a.com/", ""},
      {"https://a.com/", "x=\"q; r\"", "https://a.com/", "x=\"q"},
      {"https://a.com/", "x=1; Max-Age=0", "https://a.com/", ""},
      {"https://a.com/", "x=1; Max-Age=-5", "https://a.com/", ""},
      {"https://a.com/", "x=1; Max-Age=abc", "https://a.com/", "x=1"},
      {"https://a.com/", "x=1; Max-Age=99999999999999999999", "https://a.com/", "x=1"},
      {"https://a.com/", "x=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://a.com/",
       "x=1"},
      {"https://a.com/", "x=1; Domain=.A.com", "https://B.a.COM/", "x=1"},
      {"https://a.com/", "x=1; Domain=other.com", "https://other.com/", ""},
      {"https://m\xc3\xbcnchen.de/", "x=1; Domain=m\xc3\xbcnchen.de",
       "https://www.xn--mnchen-3ya.de/", "x=1"},
  };
  for (const auto& row : rows) {
    CAPTURE(std::string(row.from));
    CAPTURE(std::string(row.set_cookie));
    CHECK(round_trip(row.from, row.set_cookie, row.to) == row.header);
  }
  CHECK(round_trip("https://a.com/", "x=" + std::string(4096, 'y'), "https://a.com/") == "");
  CHECK(round_trip("https://a.com/", "x=" + std::string(4095, 'y'), "https://a.com/") != "");
}

TEST_CASE("an insecure page does not replace a secure cookie") {
  CookieJar jar(&test_clock);
  CHECK(jar.store("x=1; Secure", "https://a.com/"));
  CHECK_FALSE(jar.store("x=2", "http://a.com/"));
  CHECK_FALSE(jar.store("x=2; Domain=a.com", "http://sub.a.com/"));
  CHECK(jar.store("y=2", "http://a.com/"));
  CHECK(jar.header("https://a.com/") == "x=1; y=2");
  CHECK(jar.header("http://a.com/") == "y=2");
}

TEST_CASE("cookies end") {
  g_now = 1'700'000'000;
  CookieJar jar(&test_clock);
  jar.store("a=1; Max-Age=10", "http://h.com/");
  jar.store("b=1; Expires=Tue, 14 Nov 2023 22:13:40 GMT", "http://h.com/");  // in 20 seconds
  jar.store("c=1", "http://h.com/");
  CHECK(jar.header("http://h.com/") == "a=1; b=1; c=1");
  g_now += 10;
  CHECK(jar.header("http://h.com/") == "b=1; c=1");
  g_now += 10;
  CHECK(jar.header("http://h.com/") == "c=1");
  CHECK(jar.size() == 3);
  jar.clear_expired();
  CHECK(jar.size() == 1);
  jar.store("c=; Max-Age=0", "http://h.com/");
  CHECK(jar.empty());
  g_now = 1'700'000'000;
}

TEST_CASE("a new cookie takes the place of the old one in the order") {
  CookieJar jar(&test_clock);
  jar.store("a=1", "http://h.com/");
  jar.store("b=1", "http://h.com/");
  jar.store("a=2", "http://h.com/");
  jar.store("a=deep; Path=/x", "http://h.com/");
  CHECK(jar.header("http://h.com/x/y") == "a=deep; a=2; b=1");
  jar.clear_domain("com");
  CHECK(jar.empty());
}

TEST_CASE("a jar does not grow without limit") {
  CookieJar jar(&test_clock);
  for (int i = 0; i < 200; ++i) jar.store("c" + std::to_string(i) + "=1", "http://h.com/");
  CHECK(jar.size() == 180);
  CHECK(jar.begin()->name == "c20");
  for (int i = 0; i < 4000; ++i) {
    jar.store("c=1", "http://h" + std::to_string(i) + ".com/");
  }
  CHECK(jar.size() == 3000);
}

TEST_CASE("a jar is saved and loaded") {
  CookieJar jar(&test_clock);
  jar.store("a=1; Max-Age=100; HttpOnly; Secure", "https://h.com/x/y");
  jar.store("b=two words; Domain=h.com; Path=/", "https://www.h.com/");
  const std::string text = jar.save();
  CHECK(text ==
        "# Netscape HTTP Cookie File\n\n"
        "#HttpOnly_h.com\tFALSE\t/x\tTRUE\t1700000100\ta\t1\n"
        ".h.com\tTRUE\t/\tFALSE\t0\tb\ttwo words\n");
  CookieJar other(&test_clock);
  other.load(text);
  CHECK(other.size() == 2);
  CHECK(std::equal(jar.begin(), jar.end(), other.begin()));
  CHECK_THROWS_AS(other.load("a\tb\n"), hob::ValueError);
  CHECK_THROWS_AS(other.load("a\tTRUE\t/\tTRUE\tsoon\ta\tb\n"), hob::ValueError);
  other.load("# comment\r\n\r\nh.com\tFALSE\t/\tFALSE\t\tc\t3\r\n");
  CHECK(other.header("http://h.com/") == "b=two words; c=3");
}

TEST_CASE("cookies that would break the header are refused") {
  CookieJar jar(&test_clock);
  jar.set("a", "1", "http://h.com/x");
  CHECK(jar.header("http://h.com/y") == "a=1");
  CHECK(jar.header("http://www.h.com/y") == "");
  CHECK_THROWS_AS(jar.set("a", "1\r\nX: y", "http://h.com/"), hob::ValueError);
  CHECK_THROWS_AS(jar.set("a b", "1", "http://h.com/"), hob::ValueError);
  // What a server sends is never an error.
  CHECK(jar.store("two words=1", "http://w.com/"));
  CHECK(jar.header("http://w.com/") == "two words=1");
  CHECK_FALSE(jar.store("a\tb=1", "http://w.com/"));
  CHECK_FALSE(jar.store("a=1; Path=/\tx", "http://w.com/"));
  CHECK_THROWS_AS(jar.set("a", "1; b=2", "http://h.com/"), hob::ValueError);
}

}  // namespace cookies_tests
