// SPDX-License-Identifier: MIT
// Conditional and range requests, by the rules of RFC 9110.
#include <hob/http/byte_range.hpp>
#include <hob/http/preconditions.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace preconditions_test {
namespace {

using hob::http::check_preconditions;
using hob::http::EntityTag;
using hob::http::Headers;
using hob::http::Method;
using hob::http::Precondition;
using hob::http::range_applies;
using hob::http::RangeRequest;
using hob::http::Validators;

constexpr std::int64_t kModified = 784111777;
constexpr const char* kThen = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* kLater = "Sun, 06 Nov 1994 08:49:38 GMT";

/// P, N or F for each of GET and PUT.
std::string outcome(const Headers& request, const Validators& current = {"\"a\"", kModified}) {
  std::string text;
  for (const Method method : {Method::get, Method::put})
    text += "PNF"[static_cast<int>(check_preconditions(method, request, current))];
  return text;
}

/// `0-4 9-9`, `whole`, `none`.
std::string ranges(std::string_view value, std::uint64_t size) {
  const RangeRequest request = RangeRequest::parse(value, size);
  if (request.kind == RangeRequest::Kind::whole) return "whole";
  if (request.kind == RangeRequest::Kind::unsatisfiable) return "none";
  std::string text;
  for (const auto& range : request.ranges)
    text += (text.empty() ? "" : " ") + std::to_string(range.first) + "-" +
            std::to_string(range.first + range.size - 1);
  return text;
}

}  // namespace

TEST_CASE("If-None-Match: 304 for reading, 412 for writing, compared weakly (13.1.2)") {
  CHECK(outcome({}) == "PP");
  CHECK(outcome({{"If-None-Match", "\"a\""}}) == "NF");
  CHECK(outcome({{"If-None-Match", "W/\"a\""}}) == "NF");
  CHECK(outcome({{"If-None-Match", "\"b\", \"c,d\" ,\"a\""}}) == "NF");
  CHECK(outcome({{"If-None-Match", "\"b\""}, {"If-None-Match", "\"a\""}}) == "NF");
  CHECK(outcome({{"If-None-Match", "\"b\""}}) == "PP");
  CHECK(outcome({{"If-None-Match", "*"}}) == "NF");
  CHECK(outcome({{"If-None-Match", "a"}}) == "PP");
  CHECK(outcome({{"If-None-Match", "\"a"}}) == "PP");
  CHECK(outcome({{"If-None-Match", "\"a\""}}, {"W/\"a\"", kModified}) == "NF");
  CHECK(outcome({{"If-None-Match", "\"a\""}}, {"", kModified}) == "PP");
}

TEST_CASE("If-Match: 412 unless it is there, compared strongly (13.1.1)") {
  CHECK(outcome({{"If-Match", "\"a\""}}) == "PP");
  CHECK(outcome({{"If-Match", "*"}}) == "PP");
  CHECK(outcome({{"If-Match", "\"b\", \"a\""}}) == "PP");
  CHECK(outcome({{"If-Match", "\"b\""}}) == "FF");
  CHECK(outcome({{"If-Match", "W/\"a\""}}) == "FF");
  CHECK(outcome({{"If-Match", "garbage"}}) == "FF");
  CHECK(outcome({{"If-Match", "\"a\""}}, {"W/\"a\"", kModified}) == "FF");
  CHECK(outcome({{"If-Match", "\"a\""}}, {"", kModified}) == "FF");
}

TEST_CASE("dates count when they are dates, and only once (13.1.3, 13.1.4)") {
  CHECK(outcome({{"If-Modified-Since", kThen}}) == "NP");
  CHECK(outcome({{"If-Modified-Since", kLater}}) == "NP");
  CHECK(outcome({{"If-Modified-Since", kBefore}}) == "PP");
  CHECK(outcome({{"If-Modified-Since", "yesterday"}}) == "PP");
  CHECK(outcome({{"If-Modified-Since", kThen}, {"If-Modified-Since", kThen}}) == "PP");
  CHECK(outcome({{"If-Modified-Since", kThen}}, {"\"a\"", std::nullopt}) == "PP");
  CHECK(outcome({{"If-Unmodified-Since", kThen}}) == "PP");
  CHECK(outcome({{"If-Unmodified-Since", kBefore}}) == "FF");
  CHECK(outcome({{"If-Unmodified-Since", "x"}}) == "PP");
  CHECK(outcome({{"If-Unmodified-Since", kBefore}}, {"\"a\"", std::nullopt}) == "PP");
}

TEST_CASE("tags come before dates, and failing before not modified (13.2.2)") {
  CHECK(outcome({{"If-Match", "\"a\""}, {"If-Unmodified-Since", kBefore}}) == "PP");
  CHECK(outcome({{"If-None-Match", "\"b\""}, {"If-Modified-Since", kLater}}) == "PP");
  CHECK(outcome({{"If-Match", "\"b\""}, {"If-None-Match", "\"a\""}}) == "FF");
  CHECK(outcome({{"If-Match", "\"a\""}, {"If-None-Match", "\"a\""}}) == "NF");
  CHECK(outcome({{"If-Unmodified-Since", kBefore}, {"If-Modified-Since", kThen}}) == "FF");
  CHECK(outcome({{"If-Unmodified-Since", kThen}, {"If-Modified-Since", kThen}}) == "NP");
}

TEST_CASE("If-Range takes only what is surely the same (13.1.5)") {
  const Validators current("\"a\"", kModified);
  const auto applies = [](const Headers& request, const Validators& validators,
                          std::int64_t now = kModified + 100) {
    return range_applies(request, validators, now);
  };
  CHECK(applies({}, current));
  CHECK(applies({{"If-Range", "\"a\""}}, current));
  CHECK_FALSE(applies({{"If-Range", "\"b\""}}, current));
  CHECK_FALSE(applies({{"If-Range", "W/\"a\""}}, current));
  CHECK_FALSE(applies({{"If-Range", "\"a\", \"b\""}}, current));
  CHECK_FALSE(applies({{"If-Range", "\"a\""}}, {"W/\"a\"", kModified}));
  CHECK(applies({{"If-Range", kThen}}, current));
  CHECK_FALSE(applies({{"If-Range", kLater}}, current));
  CHECK_FALSE(applies({{"If-Range", kBefore}}, current));
  CHECK_FALSE(applies({{"If-Range", kThen}}, current, kModified));
  CHECK_FALSE(applies({{"If-Range", "*"}}, current));
}

TEST_CASE("ranges are from the beginning, from the end, or to the end (14.1.2)") {
  CHECK(ranges("bytes=0-499", 10000) == "0-499");
  CHECK(ranges("bytes=500-999", 10000) == "500-999");
  CHECK(ranges("bytes=-500", 10000) == "9500-9999");
  CHECK(ranges("bytes=9500-", 10000) == "9500-9999");
  CHECK(ranges("bytes=0-0,-1", 10000) == "0-0 9999-9999");
  CHECK(ranges("bytes= 0-999, 4500-5499, -1000", 10000) == "0-999 4500-5499 9000-9999");
  CHECK(ranges("BYTES=0-99999", 100) == "0-99");
  CHECK(ranges("bytes=-99999", 100) == "0-99");
  CHECK(ranges("bytes=0-99999999999999999999999999", 100) == "0-99");
  CHECK(ranges("bytes=,5-5,", 10) == "5-5");
}

TEST_CASE("what cannot be satisfied is dropped, and all of it is a 416 (15.5.17)") {
  CHECK(ranges("bytes=100-", 100) == "none");
  CHECK(ranges("bytes=99999999999999999999999999-", 100) == "none");
  CHECK(ranges("bytes=-0", 100) == "none");
  CHECK(ranges("bytes=0-", 0) == "none");
  CHECK(ranges("bytes=-5", 0) == "none");
  CHECK(ranges("bytes=100-200,5-6", 100) == "5-6");
  CHECK(hob::http::unsatisfied_range(100) == "bytes */100");
}

TEST_CASE("what is no range of bytes is ignored (14.2)") {
  for (const char* value : {"", "bytes", "bytes=", "bytes=,", "lines=0-1", "bytes=5-4", "bytes=a-b",
                            "bytes=-", "bytes=1", "bytes=1-2-3", "bytes=+1-2", "bytes=0-1,x",
                            "bytes =0-1", "bytes=0x1-2", "bytes=--1"}) {
    CAPTURE(value);
    CHECK(ranges(value, 100) == "whole");
  }
}

TEST_CASE("ranges that overlap or touch become one, and too many are none (14.2)") {
  CHECK(ranges("bytes=0-5,3-9", 100) == "0-9");
  CHECK(ranges("bytes=0-4,5-9", 100) == "0-9");
  CHECK(ranges("bytes=50-59,0-9,55-70", 100) == "50-70 0-9");
  CHECK(ranges("bytes=0-1,10-11,4-5,1-10", 100) == "0-11");
  CHECK(ranges("bytes=0-,0-,0-", 100) == "0-99");
  std::string many = "bytes=0-0";
  for (int i = 1; i < 16; ++i) many += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
  CHECK(ranges(many, 100).ends_with(" 30-30"));
  CHECK(ranges(many + ",40-40", 100) == "whole");
  CHECK(hob::http::content_range({3, 4}, 100) == "bytes 3-6/100");
}

}  // namespace preconditions_test
