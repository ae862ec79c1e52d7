// SPDX-License-Identifier: MIT
#include <hob/http/client_error.hpp>
#include <hob/http/url.hpp>

#include <doctest/doctest.h>

#include <string>

using hob::http::InvalidURL;
using hob::http::Params;
using hob::http::Url;

namespace url_tests {

struct Join {
  const char* base;
  const char* reference;
  const char* result;
};
const Join kJoins[] = {
#include "oracle/urljoin.inc"
};

TEST_CASE("a URL is taken apart") {
  const Url url("HTTP://User:p%40ss@Example.COM:8080/a%20b/c?q=1&r=2#frag");
  CHECK(url.text() == "http://User:p%40ss@example.com:8080/a%20b/c?q=1&r=2#frag");
  CHECK(url.absolute());
  CHECK(url.scheme() == "http");
  CHECK(url.user() == "User");
  CHECK(url.password() == "p@ss");
  CHECK(url.host() == "example.com");
  CHECK(url.port() == 8080);
  CHECK(url.authority() == "example.com:8080");
  CHECK(url.path() == "/a%20b/c");
  CHECK(url.path_decoded() == "/a b/c");
  CHECK(url.query() == "q=1&r=2");
  CHECK(url.fragment() == "frag");
  CHECK(url.target() == "/a%20b/c?q=1&r=2");
  CHECK(url.origin() == Url("http://example.com:8080/"));
  CHECK(url.params() == Params("q", 1, "r", 2));
  CHECK_FALSE(url.secure());
}

TEST_CASE("text is brought into its normal form") {
  const struct {
    const char *given, *normal;
  } cases[] = {
      {"http://example.com", "http://example.com/"},
      {"https://example.com:443/x", "https://example.com/x"},
      {"http://example.com:443/x", "http://example.com:443/x"},
      {"http://example.com:/x", "http://example.com/x"},
      {"  http://example.com/a\tb\nc  ", "http://example.com/abc"},
      {"http://example.com/a b?c d#e f", "http://example.com/a%20b?c%20d#e%20f"},
      {"http://example.com/%7ea%2fb%zz%", "http://example.com/~a%2Fb%25zz%25"},
      {"http://example.com/%e2%82%ac", "http://example.com/%E2%82%AC"},
      {"http://example.com/\xe2\x82\xac", "http://example.com/%E2%82%AC"},
      {"http://example.com/a[b]|c\\d", "http://example.com/a%5Bb%5D%7Cc%5Cd"},
      {"http://example.com?q=/?:@+&\"", "http://example.com/?q=/?:@+&%22"},
      {"http://example.com/a/./b/../c/", "http://example.com/a/c/"},
      {"http://example.com/../..//a/%2e%2E", "http://example.com//"},
      {"http://example.com/a/..", "http://example.com/"},
      {"http://example.com/a/.", "http://example.com/a/"},
      {"http://m\xc3\xbcnchen.de/", "http://xn--mnchen-3ya.de/"},
      {"http://fa\xc3\x9f.de/", "http://xn--fa-hia.de/"},
      {"http://ex%61mple.com/", "http://example.com/"},
      {"http://EXAMPLE.com./", "http://example.com./"},
      {"http://0x7f.1/", "http://127.0.0.1/"},
      {"http://2130706433/", "http://127.0.0.1/"},
      {"http://127.0.0.01/", "http://127.0.0.1/"},
      {"http://1.2.3.0x/", "http://1.2.3.0/"},  // a lone 0x is zero, as in browsers
      {"http://[2001:DB8:0:0:1:0:0:1]:80/", "http://[2001:db8::1:0:0:1]/"},
      {"http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/"},
      {"http://[::]:8080/", "http://[::]:8080/"},
      {"http://[fe80::1%25eth0]/", "http://[fe80::1%25eth0]/"},
      {"http://a@b@example.com/", "http://a%40b@example.com/"},
      {"http://user@example.com", "http://user@example.com/"},
      {"http://example.com/#", "http://example.com/"},
      {"http://example.com/?#x", "http://example.com/#x"},
      {"mailto:someone@example.com", "mailto:someone@example.com"},
      {"file:///etc/hosts", "file:///etc/hosts"},
      {"a/../b c", "a/../b%20c"},
      {"?x", "?x"},
      {"", ""},
  };
  for (const auto& [given, normal] : cases) {
    CAPTURE(given);
    CHECK(Url(given).text() == normal);
    CHECK(Url(normal).text() == normal);
  }
}

TEST_CASE("what is no URL is refused") {
  const char* const cases[] = {
      "http://",
      "http:///path",
      "http:path",
      "http://a b/",
      "http://exa%2fmple.com/",
      "http://a:b/",
      "http://a:99999/",
      "http://a:-1/",
      "http://[::1/",
      "http://[1:2]/",
      "http://[::1::]/",
      "http://[12345::]/",
      "http://1.2.3.256/",
      "http://1.2.3.4.5/",
      "http://256.256.256.256.256/",
      "http://a\\@b/",
      "http://a<b/",
      "http://%00/",
      "http://a@/",
      "http://xn--\xc3\xbc-/",
      "http://09.1/",
      "http://[::1]x/",
      "http://x[::1]/",
      "http://[::1%25]/",
      "http://:80/",

  };
  for (const std::string text : cases) {
    CAPTURE(text);
    CHECK_THROWS_AS(Url{text}, InvalidURL);
  }
  CHECK_THROWS_AS(Url("http://a:x"), hob::ValueError);
}

TEST_CASE("references are resolved as RFC 3986 and Python's urljoin do") {
  for (const auto& [base, reference, result] : kJoins) {
    CAPTURE(base);
    CAPTURE(reference);
    CHECK(Url(base).join(reference).text() == result);
  }
  CHECK_THROWS_AS(Url("http://a/").join("///x"), InvalidURL);
}

TEST_CASE("URLs are made from URLs") {
  const Url base("https://u:p@example.com:8443/a?x=1#f");
  CHECK((base / "b c" / "d/e").text() == "https://u:p@example.com:8443/a/b%20c/d%2Fe");
  CHECK((Url("http://h") / "x").text() == "http://h/x");
  CHECK(base.with_scheme("http").text() == "http://u:p@example.com:8443/a?x=1#f");
  CHECK(Url("//h/x").with_scheme("https").text() == "https://h/x");
  CHECK(base.without_user().text() == "https://example.com:8443/a?x=1#f");
  CHECK(base.with_user("a:b", "c@d").text() == "https://a%3Ab:c%40d@example.com:8443/a?x=1#f");
  CHECK(base.with_user("a:b", "c@d").password() == "c@d");
  CHECK(base.with_host("::1").authority() == "[::1]:8443");
  CHECK(base.with_port(0).text() == "https://u:p@example.com/a?x=1#f");
  CHECK(base.with_path("b/50%").text() == "https://u:p@example.com:8443/b/50%25");
  CHECK(base.with_query(Params("q", "a&b", "n", 1.5)).query() == "q=a%26b&n=1.5");
  CHECK(base.with_query(Params()).text() == "https://u:p@example.com:8443/a#f");
  CHECK(base.add_query(Params("y", true)).query() == "x=1&y=true");
  CHECK(base.without_fragment().text() == "https://u:p@example.com:8443/a?x=1");
  CHECK(base.same_origin("https://example.com:8443/other"));
  CHECK_FALSE(base.same_origin("https://example.com/"));
  CHECK_FALSE(base.same_origin("http://example.com:8443/"));
  CHECK(Url("http://a:80").same_origin("http://a"));
  CHECK_THROWS_AS(base.with_host("a b"), InvalidURL);
  CHECK_THROWS_AS(base.with_port(65536), InvalidURL);
}

TEST_CASE("parameters keep their order and their repetitions") {
  Params params("page", 2, "q", "two words");
  params.add("page", 3).add("sym", "a+b&c=d/\xc3\xbc");
  CHECK(params.encode() == "page=2&q=two+words&page=3&sym=a%2Bb%26c%3Dd%2F%C3%BC");
  CHECK(Params::parse(params.encode()) == params);
  CHECK(params.get("page") == "2");
  CHECK(params.get_all("page").size() == 2);
  CHECK_FALSE(params.get("none").has_value());
  params.set("page", "9");
  CHECK(params.encode() == "page=9&q=two+words&sym=a%2Bb%26c%3Dd%2F%C3%BC");
  params.remove("sym").set("new", "");
  CHECK(params.encode() == "page=9&q=two+words&new=");
  CHECK(Params::parse("?a&b=&=c&&%zz=%4").encode() == "a=&b=&=c&%25zz=%254");
}

}  // namespace url_tests
