// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/headers.hpp>
#include <hob/http/method.hpp>
#include <hob/http/status.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hob::http::Headers;
using hob::http::Method;

namespace {

using Views = std::vector<std::string_view>;

std::string dump(const Headers& headers) {
  std::string text;
  for (const auto [name, value] : headers)
    text.append(name).append(": ").append(value).append("\n");
  return text;
}

}  // namespace

TEST_CASE("headers keep their order, their case and every line") {
  Headers headers{{"Host", "a"}, {"X-Two", "1"}, {"Accept", ""}};
  headers.add("x-two", "2");
  CHECK(headers.size() == 4);
  CHECK(dump(headers) == "Host: a\nX-Two: 1\nAccept: \nx-two: 2\n");
  CHECK(headers.get_all("X-TWO") == Views{"1", "2"});
  CHECK(headers.combined("x-Two") == "1, 2");
  CHECK(headers.get("X-Two") == "1");
}

TEST_CASE("headers are found without regard to case") {
  const Headers headers{{"Content-Type", "text/html"}, {"Content-Tape", "b"}};
  CHECK(headers.get("content-type") == "text/html");
  CHECK(headers["CONTENT-TAPE"] == "b");
  CHECK(headers.contains("CoNtEnT-tYpE"));
  CHECK_FALSE(headers.contains("Content-Typ"));
  CHECK_FALSE(headers.contains(""));
  CHECK(headers.get("Content-Length", "none") == "none");
  CHECK_THROWS_AS(headers["Content-Length"], hob::LookupError);
  // 0x20 apart, but no letters.
  const Headers odd{{"^a", "1"}};
  CHECK_FALSE(odd.contains("~a"));
}

TEST_CASE("set replaces all lines at the place of the first") {
  Headers headers{{"a", "1"}, {"B", "2"}, {"c", "3"}, {"b", "4"}};
  headers.set("b", "5");
  CHECK(dump(headers) == "a: 1\nb: 5\nc: 3\n");
  headers.set("d", "6");
  CHECK(dump(headers) == "a: 1\nb: 5\nc: 3\nd: 6\n");
  Headers empty;
  empty.set("x", "y");
  CHECK(dump(empty) == "x: y\n");
}

TEST_CASE("remove gives how many lines went") {
  Headers headers{{"a", "1"}, {"b", "2"}, {"A", "3"}};
  CHECK(headers.remove("a") == 2);
  CHECK(headers.remove("a") == 0);
  CHECK(headers.remove("") == 0);
  CHECK(dump(headers) == "b: 2\n");
  CHECK(Headers().remove("a") == 0);
  headers.clear();
  CHECK(headers.empty());
}

TEST_CASE("a value cannot write fields of its own") {
  Headers headers;
  for (const char* value : {"a\r\nX: b", "a\nb", "a\rb", "\x7f", "\x01"}) {
    CHECK_THROWS_AS(headers.add("X", value), hob::ValueError);
    CHECK_THROWS_AS(headers.set("X", value), hob::ValueError);
  }
  CHECK_THROWS_AS(headers.add("X", std::string_view("a\0b", 3)), hob::ValueError);
  CHECK(headers.empty());
  // A control character may hide anywhere in a long value.
  for (std::size_t i = 0; i < 70; ++i) {
    std::string value(70, 'x');
    value[i] = '\n';
    CHECK_THROWS_AS(headers.add("X", value), hob::ValueError);
    value[i] = '\t';
    headers.set("X", "a" + value + "a");
    value[i] = static_cast<char>(0xff);
    headers.set("X", value);
    CHECK(headers.get("x") == value);
  }
}

TEST_CASE("a name is a token") {
  Headers headers;
  for (const char* name : {"", "a b", "a:", " a", "a ", "a\r", "\xc3\xa9", "a(", "a/b"})
    CHECK_THROWS_AS(headers.add(name, "v"), hob::ValueError);
  headers.add("!#$%&'*+-.^_`|~09azAZ", "v");
  CHECK(headers.size() == 1);
}

TEST_CASE("blanks around a value are dropped") {
  CHECK(Headers{{"a", " \t b c\t "}}.get("a") == "b c");
  CHECK(Headers{{"a", " \t "}}.get("a") == "");
}

TEST_CASE("headers grow, and leave behind what was replaced") {
  Headers headers;
  for (int i = 0; i < 300; ++i)
    headers.add("Name-" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'v'));
  for (int i = 0; i < 300; ++i)
    CHECK(headers.get("name-" + std::to_string(i)).size() == static_cast<std::size_t>(i));
  Headers counter;
  for (int i = 0; i < 100'000; ++i) counter.set("n", std::to_string(i));
  CHECK(counter.get("n") == "99999");
  CHECK(counter.size() == 1);
}

TEST_CASE("headers that were emptied grow like others") {
  Headers headers = Headers{{"a", ""}};
  Headers copy = headers;
  copy.remove("a");
  copy.add("name", std::string(500, 'v'));
  CHECK(copy.get("name") == std::string(500, 'v'));
  CHECK(dump(headers) == "a: \n");
}

TEST_CASE("views of the headers may be arguments") {
  Headers headers{{"first", "value"}};
  for (int i = 0; i < 100; ++i) {
    const auto [name, value] = headers.at(headers.size() - 1);
    headers.add(name, value);
  }
  CHECK(headers.size() == 101);
  CHECK(headers.at(100).value == "value");
  headers.set(headers.at(50).name, headers.at(70).value);
  CHECK(dump(headers) == "first: value\n");
}

TEST_CASE("headers copy, move and compare as values") {
  Headers a{{"x", "1"}, {"y", "2"}};
  Headers b = a;
  CHECK(a == b);
  b.add("z", "3");
  CHECK_FALSE(a == b);
  CHECK(a.size() == 2);
  const Headers c = std::move(b);
  CHECK(b.empty());
  CHECK(c.size() == 3);
  b = c;
  CHECK(b == c);
  CHECK(Headers{{"X", "1"}} == Headers{{"x", "1"}});
  CHECK_FALSE(Headers{{"X", "a"}} == Headers{{"X", "A"}});
  CHECK_FALSE(Headers{{"X", "1"}, {"Y", "1"}} == Headers{{"Y", "1"}, {"X", "1"}});
  CHECK(sizeof(Headers) == sizeof(void*));
}

TEST_CASE("methods are told by their exact spelling") {
  CHECK(hob::http::parse_method("GET") == Method::get);
  CHECK(hob::http::parse_method("get") == Method::other);
  CHECK(hob::http::parse_method("PROPFIND") == Method::other);
  CHECK(hob::http::parse_method("") == Method::other);
  for (const auto method : {Method::get, Method::head, Method::post, Method::put, Method::delete_,
                            Method::connect, Method::options, Method::trace, Method::patch})
    CHECK(hob::http::parse_method(hob::http::method_name(method)) == method);
  CHECK(hob::http::is_idempotent(Method::delete_));
  CHECK_FALSE(hob::http::is_idempotent(Method::post));
  CHECK_FALSE(hob::http::is_safe(Method::put));
}

TEST_CASE("status codes have names and reason phrases") {
  using hob::http::Status;
  CHECK(Status::not_found == 404);
  CHECK(std::string_view(hob::http::reason_phrase(404)) == "Not Found");
  CHECK(std::string_view(hob::http::reason_phrase(Status::im_a_teapot)) == "I'm a Teapot");
  CHECK(std::string_view(hob::http::reason_phrase(299)) == "");
  CHECK(hob::http::is_bodiless(Status::no_content));
  CHECK_FALSE(hob::http::is_bodiless(Status::ok));
}
