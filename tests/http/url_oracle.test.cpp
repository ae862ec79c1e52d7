// SPDX-License-Identifier: MIT
// Boost.URL is the judge of our URLs: what we make of any text is valid by RFC 3986's grammar, has
// the same parts, and is resolved in the same way.
#include "http/ascii.hpp"

#include <hob/http/client_error.hpp>
#include <hob/http/url.hpp>

#include <doctest/doctest.h>
#include <boost/url.hpp>
#include <boost/url/src.hpp>

#include <random>
#include <string>

using hob::http::InvalidURL;
using hob::http::Url;

namespace url_oracle {

std::string random_url(std::mt19937& random) {
  static const char* const kWords[] = {
      "http:", "https:", "//",    "/",        "?",    "#",   "..",    ".",    "@",
      ":",     "80",     "[::1]", "a",        "b.c",  "%",   "%7",    "%7E",  "%2f",
      " ",     "\\",     "1.2",   "\xc3\xbc", "xn--", "x y", "&q=",   "+",    ";",
      "|",     "[",      "]",     "%00",      "\"",   "'",   "127.1", "ftp:", "mailto:"};
  std::string text = random() % 2 == 0 ? "http://h" : "";
  const unsigned words = random() % 8;
  for (unsigned i = 0; i < words; ++i) text += kWords[random() % std::size(kWords)];
  return text;
}

TEST_CASE("whatever is parsed is valid, and has the parts that Boost.URL finds") {
  std::mt19937 random(5);
  int parsed = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = random_url(random);
    CAPTURE(text);
    try {
      const Url url(text);
      ++parsed;
      CAPTURE(url.text());
      REQUIRE(Url(url.text()) == url);
      auto judged = boost::urls::parse_uri_reference(url.text());
      REQUIRE(judged.has_value());
      CHECK(judged->scheme() == url.scheme());
      CHECK(judged->encoded_path() == url.path());
      CHECK(judged->encoded_query() == url.query());
      CHECK(judged->encoded_fragment() == url.fragment());
      CHECK(judged->encoded_host_and_port() == url.authority());
      CHECK(judged->user() == url.user());
      CHECK(judged->password() == url.password());
    } catch (const InvalidURL&) {
      continue;
    }
  }
  CHECK(parsed > 10'000);
}

TEST_CASE("references are resolved as Boost.URL does") {
  std::mt19937 random(7);
  static const char* const kPieces[] = {"..", ".", "a", "b", "/", "/", "/", "?x", "#y", "//h"};
  const Url base("http://example.com/p/q/r?s");
  const auto judge_base = boost::urls::parse_uri(base.text()).value();
  for (int i = 0; i < 5'000; ++i) {
    std::string text;
    const unsigned pieces = random() % 7;
    for (unsigned j = 0; j < pieces; ++j) text += kPieces[random() % std::size(kPieces)];
    CAPTURE(text);
    if (text.starts_with("//") && !text.starts_with("//h")) continue;  // no host: refused
    const Url reference(text);
    boost::urls::url judged;
    REQUIRE(boost::urls::resolve(judge_base,
                                 boost::urls::parse_uri_reference(reference.text()).value(), judged)
                .has_value());
    // Boost 1.81 leaves `//` after dots as a path of its own; ours keeps the empty segment.
    const std::string expected(judged.buffer());
    CHECK(base.join(reference).text() == Url(expected).text());
  }
}

}  // namespace url_oracle
