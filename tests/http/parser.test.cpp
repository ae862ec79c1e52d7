// SPDX-License-Identifier: MIT
// Messages that are understood: what the parser says about them, however they are cut.
#include <hob/http/method.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "http/wire.hpp"

using hob::http::Method;
using hob::http::ParseEvent;
using hob::http::RequestParser;
using hob::http::ResponseParser;
using wire::requests;
using wire::responses;

TEST_CASE("a plain request") {
  CHECK(requests("GET /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\nAccept:*/*\r\nX: \t a b\t \r\n"
                 "Empty:\r\n\r\n") ==
        "GET /a?b=c 1.1\n  Host: example.com:8080\n  Accept: */*\n  X: a b\n  Empty: \nend\n");
}

TEST_CASE("pipelined requests follow each other") {
  CHECK(requests("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                 "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
                 "\r\nPUT /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "4\r\nwiki\r\n05\r\npedia\r\n0\r\n\r\n"
                 "GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") ==
        "GET /1 1.1\n  Host: a\nend\n"
        "POST /2 1.1 length 5\n  Host: a\n  Content-Length: 5\n\"hello\"\nend\n"
        "PUT /3 1.1 chunked\n  Host: a\n  Transfer-Encoding: chunked\n\"wikipedia\"\nend\n"
        "GET /4 1.1 close\n  Host: a\n  Connection: close\nend\n");
}

TEST_CASE("the four forms of a request target") {
  CHECK(requests("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") == "OPTIONS * 1.1\n  Host: a\nend\n");
  CHECK(requests("CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n") ==
        "CONNECT a.b:443 1.1\n  Host: a.b:443\nend\n");
  CHECK(requests("CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]\r\n\r\n") ==
        "CONNECT [::1]:443 1.1\n  Host: [::1]\nend\n");
  CHECK(requests("GET HTTP://a:80/b?c HTTP/1.1\r\nHost: a\r\n\r\n") ==
        "GET HTTP://a:80/b?c 1.1\n  Host: a\nend\n");
  CHECK(requests("GET https://a?b HTTP/1.1\r\nHost: a\r\n\r\n") ==
        "GET https://a?b 1.1\n  Host: a\nend\n");
  CHECK(requests("PURGE /\"{|}<> HTTP/1.1\r\nHost:\r\n\r\n") ==
        "PURGE /\"{|}<> 1.1\n  Host: \nend\n");
}

TEST_CASE("versions 1.x: the connection of 1.0 closes unless it asks") {
  CHECK(requests("GET / HTTP/1.0\r\n\r\n") == "GET / 1.0 close\nend\n");
  CHECK(requests("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n") ==
        "GET / 1.0\n  Connection: Keep-Alive\nend\n");
  CHECK(requests("GET / HTTP/1.2\r\nHost: a\r\n\r\n") == "GET / 1.1\n  Host: a\nend\n");
}

TEST_CASE("connection options, expectations and upgrades") {
  CHECK(requests("GET / HTTP/1.1\r\nHost: a\r\nConnection: a, ,KEEP-alive,upgrade\r\n"
                 "Upgrade: websocket\r\n\r\n") ==
        "GET / 1.1 upgrade\n  Host: a\n  Connection: a, ,KEEP-alive,upgrade\n"
        "  Upgrade: websocket\nend\n");
  CHECK(requests("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n") ==
        "GET / 1.1\n  Host: a\n  Upgrade: h2c\nend\n");
  CHECK(requests("GET / HTTP/1.0\r\nConnection: upgrade, keep-alive\r\nUpgrade: h2c\r\n\r\n") ==
        "GET / 1.0\n  Connection: upgrade, keep-alive\n  Upgrade: h2c\nend\n");
  CHECK(requests("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n"
                 "\r\nx") ==
        "PUT / continue? 1.1 length 1\n  Host: a\n  Expect: 100-Continue\n  Content-Length: 1\n"
        "\"x\"\nend\n");
  // Without a body, and in HTTP/1.0, nobody waits.
  CHECK(requests("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n") ==
        "GET / 1.1\n  Host: a\n  Expect: 100-continue\nend\n");
  CHECK(requests("PUT / HTTP/1.0\r\nExpect: x\r\nContent-Length: 1\r\n\r\nx") ==
        "PUT / 1.0 close length 1\n  Expect: x\n  Content-Length: 1\n\"x\"\nend\n");
}

TEST_CASE("chunk extensions are skipped and trailers are kept") {
  CHECK(requests("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n"
                 "1;a\r\nx\r\n1 ; b = \"q;\\\"\t\r\"\r\ny\r\n") != "");
  CHECK(requests("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n"
                 "1;a\r\nx\r\n1 ; b = \"q;\\\"\t\" ;c=d\r\ny\r\nA;e=f;g\r\n0123456789\r\n"
                 "000;z\r\nDigest: 1\r\nX:2\r\n\r\n") ==
        "POST / 1.1 chunked\n  Host: a\n  Transfer-Encoding: CHUNKED\n\"xy0123456789\"\nend\n"
        "  Digest: 1\n  X: 2\n");
}

TEST_CASE("a request of length zero has no body") {
  CHECK(requests("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
                 "GET / HTTP/1.1\r\nHost: a\r\n\r\n") ==
        "POST / 1.1 length 0\n  Host: a\n  Content-Length: 0\nend\nGET / 1.1\n  Host: a\nend\n");
  CHECK(requests("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0001\r\n\r\nx") ==
        "POST / 1.1 length 1\n  Host: a\n  Content-Length: 0001\n\"x\"\nend\n");
}

TEST_CASE("a message that is cut off is no message") {
  CHECK(requests("GET / HT") == "cut off\n");
  CHECK(requests("GET / HTTP/1.1\r\nHost: a\r\n\r") == "cut off\n");
  CHECK(requests("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx") ==
        "PUT / 1.1 length 2\n  Host: a\n  Content-Length: 2\n\"x\"\ncut off\n");
  CHECK(
      requests("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n") ==
      "PUT / 1.1 chunked\n  Host: a\n  Transfer-Encoding: chunked\n\"x\"\ncut off\n");
  CHECK(responses("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx") ==
        "200 [OK] 1.1 length 2\n  Content-Length: 2\n\"x\"\ncut off\n");
  // Between two requests the end is no error; before a response it is.
  RequestParser server;
  server.begin();
  CHECK(server.finish() == ParseEvent::end);
  ResponseParser client;
  client.begin(Method::get);
  CHECK_FALSE(client.in_message());
  CHECK(client.finish() == ParseEvent::error);
}

TEST_CASE("responses: how their bodies end") {
  CHECK(responses("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
                  "HTTP/1.1 404 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"
                  "HTTP/1.1 200 As you wish\r\n\r\nuntil\r\nthe\nend") ==
        "200 [OK] 1.1 length 2\n  Content-Length: 2\n\"hi\"\nend\n"
        "404 [] 1.1 chunked\n  Transfer-Encoding: chunked\n\"no\"\nend\n"
        "200 [As you wish] 1.1 close until close\n\"until\r\nthe\nend\"\n");
  CHECK(responses("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx"
                  "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx") ==
        "200 [OK] 1.0 length 1\n  Connection: keep-alive\n  Content-Length: 1\n\"x\"\nend\n"
        "200 [OK] 1.0 close length 1\n  Content-Length: 1\n\"x\"\nend\n");
}

TEST_CASE("responses that never have a body") {
  CHECK(responses("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\n"
                  "Content-Length: 9\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") ==
        "204 [No Content] 1.1\nend\n304 [Not Modified] 1.1\n  Content-Length: 9\nend\n"
        "100 [Continue] 1.1\nend\n200 [OK] 1.1 length 0\n  Content-Length: 0\nend\n");
  CHECK(responses("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                  Method::head) ==
        "200 [OK] 1.1\n  Content-Length: 9\nend\n"
        "200 [OK] 1.1\n  Transfer-Encoding: chunked\nend\n");
  // A 204 that announces a body may be followed by one: the connection is not to be used again.
  CHECK(responses("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n") ==
        "204 [No Content] 1.1 close\n  Content-Length: 9\nend\n");
}

TEST_CASE("a connection that was upgraded carries no more responses") {
  ResponseParser parser;
  parser.begin(Method::connect);
  CHECK(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").event == ParseEvent::head);
  CHECK(parser.upgraded());
  CHECK_FALSE(parser.keep_alive());
  CHECK(parser.feed("bytes of the tunnel").event == ParseEvent::end);
  ResponseParser refused;
  refused.begin(Method::connect);
  CHECK(refused.feed("HTTP/1.1 407 No\r\nContent-Length: 5\r\n\r\n").event == ParseEvent::head);
  CHECK_FALSE(refused.upgraded());
  CHECK(refused.has_body());
  ResponseParser switched;
  switched.begin(Method::get);
  CHECK(switched
            .feed("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n"
                  "\r\n")
            .event == ParseEvent::head);
  CHECK(switched.upgraded());
  CHECK(switched.upgrade());
  CHECK_FALSE(switched.interim());
}

TEST_CASE("a body until the close is taken up to the limit, however it is cut") {
  hob::http::ParserLimits limits;
  limits.body = 4;
  const std::string head = "200 [OK] 1.1 close until close\n";
  CHECK(responses("HTTP/1.1 200 OK\r\n\r\nabcd", Method::get, limits) == head + "\"abcd\"\n");
  CHECK(responses("HTTP/1.1 200 OK\r\n\r\nabcde", Method::get, limits) ==
        head + "\"abcd\"\nerror 413 the body is too large\n");
}

TEST_CASE("what servers get wrong without danger is taken from a response") {
  CHECK(responses("HTTP/1.1 200\r\nA: b\r\nContent-Length: 0\r\n\r\n") ==
        "200 [] 1.1 length 0\n  A: b\n  Content-Length: 0\nend\n");
  CHECK(responses("HTTP/1.1 200 OK\nA: b\r\nContent-Length: 1\n\nx") ==
        "200 [OK] 1.1 length 1\n  A: b\n  Content-Length: 1\n\"x\"\nend\n");
  CHECK(responses("HTTP/1.1 200 \xd0\xb4\xd0\xb0\r\nA: \xff\r\nContent-Length: 0\r\n\r\n") ==
        "200 [\xd0\xb4\xd0\xb0] 1.1 length 0\n  A: \xff\n  Content-Length: 0\nend\n");
  CHECK(responses("HTTP/1.1 999 Whatever\r\nContent-Length: 0\r\n\r\n") ==
        "999 [Whatever] 1.1 length 0\n  Content-Length: 0\nend\n");
}

TEST_CASE("a body comes in place") {
  RequestParser parser;
  parser.begin();
  const std::string_view head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
  CHECK(parser.feed(head).consumed == head.size());
  CHECK(parser.method() == Method::put);
  const std::string_view body = "helloGET";
  const auto step = parser.feed(body);
  CHECK(step.event == ParseEvent::data);
  CHECK(step.data.data() == body.data());
  CHECK(step.consumed == 5);
  CHECK(parser.feed(body.substr(5)).event == ParseEvent::end);
  CHECK(parser.feed(body.substr(5)).consumed == 0);
}
