// SPDX-License-Identifier: MIT
#include <hob/http/json.hpp>

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace json_test {

struct Point {
  int x = 0;
  int y = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(Point, x, y)
};

struct Number {
  int value = 0;
};

}  // namespace json_test

template <>
struct hob::http::json_traits<json_test::Number> {
  static json_test::Number parse(std::string_view text) {
    return {std::atoi(std::string(text).c_str())};
  }
  static std::string dump(const json_test::Number& number) { return std::to_string(number.value); }
};

namespace json_test {

using hob::http::json_traits;

TEST_CASE("JSON is read into values and written without blanks") {
  const nlohmann::json value = hob::http::parse_json(R"({"a": [1, 2.5, null, "\u00e9"]})");
  CHECK(value["a"][0] == 1);
  CHECK(hob::http::dump_json(value) == "{\"a\":[1,2.5,null,\"\xc3\xa9\"]}");
  CHECK(hob::http::dump_json("\xff") == "\"\xef\xbf\xbd\"");
}

TEST_CASE("what is no JSON is a JSONDecodeError") {
  for (const char* text : {"", "{", "[1,]", "nul", "{} x", "\"\xff\""}) {
    CAPTURE(text);
    CHECK_THROWS_AS(hob::http::parse_json(text), hob::http::JSONDecodeError);
  }
  CHECK_THROWS_AS(json_traits<Point>::parse("{\"x\": 1}"), hob::ValueError);
  CHECK_THROWS_AS(json_traits<Point>::parse("{\"x\": 1, \"y\": []}"), hob::http::JSONDecodeError);
}

TEST_CASE("own types go through nlohmann's conversions, or through json_traits") {
  CHECK(json_traits<Point>::parse("{\"y\": 2, \"x\": 1}").y == 2);
  CHECK(json_traits<Point>::dump(Point{3, 4}) == "{\"x\":3,\"y\":4}");
  CHECK(json_traits<std::vector<int>>::parse("[1,2]") == std::vector<int>{1, 2});
  CHECK(json_traits<Number>::parse("17").value == 17);
  CHECK(json_traits<Number>::dump(Number{18}) == "18");
}

}  // namespace json_test
