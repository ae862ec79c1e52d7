// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/http/multipart.hpp>

#include <doctest/doctest.h>

#include <string>

using hob::http::FormData;
using hob::http::MultipartParser;
using Event = hob::http::MultipartParser::Event;

namespace multipart_tests {

// The parts as `name[filename]=content` with the given piece size; the error's text when it fails.
std::string read(const std::string& content_type, std::string_view body, std::size_t step,
                 hob::http::MultipartLimits limits = {}) {
  std::string out;
  try {
    auto parser = MultipartParser::for_type(content_type, limits);
    for (;;) {
      switch (parser.next()) {
        case Event::need_more:
          if (body.empty()) {
            parser.finish();
          } else {
            parser.feed(body.substr(0, step));
            body.remove_prefix(std::min(step, body.size()));
          }
          break;
        case Event::part:
          out += parser.disposition().name().value_or("?");
          if (const auto file = parser.disposition().filename()) out += '[' + *file + ']';
          out += '=';
          break;
        case Event::data:
          REQUIRE_FALSE(parser.data().empty());
          out += parser.data();
          break;
        case Event::part_end:
          out += '|';
          break;
        case Event::end:
          return out;
      }
    }
  } catch (const hob::ValueError& error) {
    return error.what();
  }
}

TEST_CASE("a form without files is urlencoded") {
  FormData form;
  form.add("name", "J\xc3\xb6rg").add("age", 44);
  CHECK_FALSE(form.is_multipart());
  CHECK(form.content_type() == "application/x-www-form-urlencoded");
  CHECK(form.encode() == "name=J%C3%B6rg&age=44");
}

TEST_CASE("a form is read as it was written, in pieces of any size") {
  const std::string binary("\r\n--\r\n-\0\r\r\n--hob", 17);
  FormData form;
  form.add("text", "two\r\nlines").add("empty", "").add("na\"me", true);
  form.add_file("file", binary, "a\"b.JSON").add_file("other", "", "", "text/x");
  CHECK(form.is_multipart());
  const std::string body = form.encode();
  CHECK(body.find("Content-Type: application/json\r\n") != std::string::npos);
  for (std::size_t step = 1; step < 80; ++step) {
    CAPTURE(step);
    CHECK(read(form.content_type(), body, step) ==
          "text=two\r\nlines|empty=|na%22me=true|file[a%22b.JSON]=" + binary + "|other=|");
  }
}

TEST_CASE("bodies of others") {
  const std::string type = "multipart/form-data; boundary=\"A B\"";
  const struct {
    const char *body, *result;
  } rows[] = {
      {"--A B--", ""},
      {"preamble\r\n--A B--\r\nepilogue", ""},
      {"--A B\r\n\r\n--A B--", "?=|"},
      {"--A B\r\n\r\n\r\n--A B--", "?=|"},
      {"--A B \t\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n--A B--", "x=y|"},
      {"--A B\r\nX: 1\r\n\r\n--A Bx\r\n--A B\r\n\r\nz\r\n--A B--",
       "multipart: a bad boundary line"},
      {"--A B\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n\r\n--A\r\n--A B--",
       "a=\r\n--A|"},
      {"--A B\nX: 1\n\ny\n--A B--", "multipart: a bad boundary line"},
      {"--A B\r\nno colon\r\n\r\ny\r\n--A B--", "multipart: a header line without a colon"},
      {"no boundary", "multipart: the body is truncated"},
      {"--A B\r\nX: 1\r\n\r\nno end", "multipart: the body is truncated"},
      {"--A B-", "multipart: the body is truncated"},
      {"", "multipart: the body is truncated"},
  };
  for (const auto& row : rows) {
    CAPTURE(std::string(row.body));
    for (const std::size_t step : {1, 2, 5, 1000}) {
      CHECK(read(type, row.body, step) == row.result);
    }
  }
  CHECK(read("text/plain", "", 1) == "multipart: the content type is another one");
  CHECK(read("multipart/form-data", "", 1) == "multipart: a bad boundary");
  CHECK(read("multipart/form-data; boundary=" + std::string(71, 'x'), "", 1) ==
        "multipart: a bad boundary");
}

TEST_CASE("limits of a multipart body") {
  const std::string type = "multipart/form-data; boundary=b";
  std::string body;
  for (int i = 0; i < 5; ++i) body += "--b\r\nX: y\r\n\r\nz\r\n";
  body += "--b--";
  hob::http::MultipartLimits limits;
  limits.parts_max = 5;
  CHECK(read(type, body, 10, limits) == "?=z|?=z|?=z|?=z|?=z|");
  limits.parts_max = 4;
  CHECK(read(type, body, 10, limits) == "multipart: too many parts");
  limits = {};
  limits.head_max = 100;
  const std::string large = "--b\r\nX: " + std::string(200, 'y') + "\r\n\r\nz\r\n--b--";
  CHECK(read(type, large, 1000, limits) == "multipart: the head is too large");
  CHECK(read(type, large, 1, limits) == "multipart: the head is too large");
}

}  // namespace multipart_tests
