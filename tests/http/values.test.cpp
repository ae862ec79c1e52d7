// SPDX-License-Identifier: MIT
#include "http/redirect.hpp"

#include <hob/http/charset.hpp>
#include <hob/http/client_error.hpp>
#include <hob/http/header_values.hpp>

#include <doctest/doctest.h>

#include <string>

using hob::http::ContentDisposition;
using hob::http::ContentType;
using hob::http::decode_text;
using hob::http::Headers;
using hob::http::Link;
using hob::http::Url;

namespace values_tests {

struct Decoding {
  std::string bytes;
  const char* charset;
  std::string text;
};
std::string bytes_of(std::initializer_list<int> codes) {
  std::string out;
  for (const int code : codes) out += static_cast<char>(code);
  return out;
}
// bytes.decode(charset, "replace")
const Decoding kDecodings[] = {
#include "oracle/charsets.inc"
};

TEST_CASE("content types") {
  const auto html = ContentType::parse("Text/HTML; Charset=\"ISO-8859-1\"; x=y");
  CHECK(html.type == "text/html");
  CHECK(html.charset() == "iso-8859-1");
  CHECK(html.parameters.get("x") == "y");
  CHECK_FALSE(html.is_json());
  CHECK(ContentType::parse("application/json").is_json());
  CHECK(ContentType::parse("application/problem+json;charset=utf-8").is_json());
  CHECK(ContentType::parse("application/json;charset=utf-8;;").charset() == "utf-8");
  CHECK(ContentType::parse("text/html ;charset = utf-8").charset() == "utf-8");
  CHECK(ContentType::parse("text/html; charset=\"a\\\"b\"").charset() == "a\"b");
  CHECK(ContentType::parse("").type.empty());
  CHECK(ContentType::parse("nonsense; charset=utf-8").type.empty());
  CHECK(ContentType::parse("text/ht ml").type.empty());
}

TEST_CASE("content dispositions") {
  const auto form =
      ContentDisposition::parse("form-data; name=\"a b\"; filename=\"c:\\\\d\\\\e.txt\"");
  CHECK(form.type == "form-data");
  CHECK(form.name() == "a b");
  CHECK(form.filename() == "e.txt");
  const auto filename = [](const char* value) {
    return ContentDisposition::parse(value).filename().value_or("none");
  };
  CHECK(filename("attachment; filename=plain.txt") == "plain.txt");
  CHECK(filename("attachment; filename=two words.txt; x=y") == "two words.txt");
  CHECK(filename("attachment; filename=\"fallback\"; filename*=UTF-8''%e2%82%ac%20rates") ==
        "\xe2\x82\xac rates");
  CHECK(filename("attachment; filename*=iso-8859-1'en'%A3%20rates") == "\xc2\xa3 rates");
  CHECK(filename("attachment; filename*=broken") == "none");
  CHECK(filename("attachment; filename=\"../../etc/passwd\"") == "passwd");
  CHECK(filename("attachment; filename=\"..\"") == "none");
  CHECK(filename("attachment") == "none");
}

TEST_CASE("links") {
  const auto links = Link::parse(
      "<?page=2>; rel=\"next\", </a,b;c>; rel=\"last prev\"; title=\"x, y\",,<http://[>; rel=bad, "
      "garbage, <//other/z>",
      "http://h/list?page=1");
  REQUIRE(links.size() == 4);
  CHECK(links[0].url.text() == "http://h/list?page=2");
  CHECK(links[0].rel == "next");
  CHECK(links[1].url.text() == "http://h/a,b;c");
  CHECK(links[1].rel == "last");
  CHECK(links[1].parameters.get("title") == "x, y");
  CHECK(links[2].rel == "prev");
  CHECK(links[3].url.text() == "http://other/z");
  CHECK(links[3].rel.empty());
}

TEST_CASE("bytes are decoded as Python does with errors=replace") {
  for (const Decoding& row : kDecodings) {
    CAPTURE(row.bytes);
    CAPTURE(std::string(row.charset));
    CHECK(decode_text(row.bytes, row.charset) == row.text);
    CHECK(hob::http::is_utf8(decode_text(row.bytes, row.charset)));
  }
}

TEST_CASE("what browsers do with encodings") {
  CHECK(decode_text("\x80\x93") == "\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(decode_text("\x80\x93\xe9", "Latin1") == "\xe2\x82\xac\xe2\x80\x9c\xc3\xa9");
  CHECK(decode_text("\xef\xbb\xbfx", "latin1") == "x");  // the byte order mark decides
  CHECK(decode_text(std::string("\xff\xfe\x3d\xd8\x00\xde", 6)) == "\xf0\x9f\x98\x80");
  CHECK(decode_text("\xc3\xa9", "no-such-charset") == "\xc3\xa9");
  CHECK_FALSE(hob::http::is_utf8("\xed\xa0\x80"));
  CHECK_FALSE(hob::http::is_utf8("\xc0\x80"));
  CHECK(hob::http::is_utf8(""));
}

TEST_CASE("redirects change the method as browsers and aiohttp do") {
  const struct {
    int status;
    const char *method, *next;
  } rows[] = {
      {301, "GET", "GET"},  {301, "POST", "GET"},      {301, "PUT", "PUT"},   {301, "HEAD", "HEAD"},
      {302, "POST", "GET"}, {302, "DELETE", "DELETE"}, {303, "GET", "GET"},   {303, "HEAD", "HEAD"},
      {303, "PUT", "GET"},  {303, "POST", "GET"},      {307, "POST", "POST"}, {308, "POST", "POST"},
      {308, "PUT", "PUT"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.status);
    const auto next = hob::http::follow_redirect(row.status, "/b", row.method, "http://h/a?x#f");
    REQUIRE(next.has_value());
    CHECK(next->method == row.next);
    CHECK(next->drop_body == (next->method != row.method));
    CHECK(next->url.text() == "http://h/b#f");
    CHECK_FALSE(next->drop_credentials);
  }
  for (const int status : {200, 204, 300, 304, 305, 306, 400}) {
    CHECK_FALSE(hob::http::follow_redirect(status, "/b", "GET", "http://h/").has_value());
  }
  CHECK_FALSE(hob::http::follow_redirect(302, "", "GET", "http://h/").has_value());
}

TEST_CASE("credentials do not leave their origin") {
  const auto drops = [](const char* from, const char* to) {
    return hob::http::follow_redirect(302, to, "GET", from)->drop_credentials;
  };
  CHECK_FALSE(drops("http://h/a", "http://h:80/b#g"));
  CHECK(drops("http://h/a", "https://h/a"));
  CHECK(drops("https://h/a", "http://h/a"));
  CHECK(drops("http://h/a", "http://h:81/a"));
  CHECK(drops("http://h/a", "//sub.h/a"));
  const Headers all{{"Authorization", "x"}, {"Cookie", "a=b"},     {"Host", "h"},
                    {"X-Own", "1"},         {"Content-Type", "y"}, {"Content-Length", "3"}};
  Headers headers = all;
  hob::http::strip_for_redirect(headers, {Url("http://h/"), "GET", true, false});
  CHECK(headers ==
        Headers{{"Authorization", "x"}, {"Cookie", "a=b"}, {"Host", "h"}, {"X-Own", "1"}});
  headers = all;
  hob::http::strip_for_redirect(headers, {Url("http://h/"), "POST", false, true});
  CHECK(headers == Headers{{"X-Own", "1"}, {"Content-Type", "y"}, {"Content-Length", "3"}});
}

TEST_CASE("redirects that lead nowhere") {
  const auto follow = [](const char* to) {
    return hob::http::follow_redirect(302, to, "GET", "http://h/");
  };
  CHECK_THROWS_AS(follow("http://"), hob::http::InvalidUrlRedirectClientError);
  CHECK_THROWS_AS(follow("mailto:a@b"), hob::http::NonHttpUrlRedirectClientError);
  CHECK_THROWS_AS(follow("file:///etc/passwd"), hob::http::InvalidURL);
  CHECK_THROWS_AS(follow("http://a:b:c/"), hob::ValueError);
}

}  // namespace values_tests
