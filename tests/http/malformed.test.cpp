// SPDX-License-Identifier: MIT
// Requests and responses that must be refused: what is malformed, and what two implementations
// could read in two ways (request smuggling). Each with the section that decides it.
#include <hob/http/method.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "http/wire.hpp"

using namespace std::string_view_literals;
using hob::http::Method;

namespace {

struct Case {
  int status;
  const char* section;  // of RFC 9112 unless it names another
  std::string_view bytes;
};

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

constexpr Case kRequests[] = {
    // The request line.
    {400, "3", " / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3", "GET\r\n\r\n"sv},
    {400, "3", "GET /\r\n\r\n"sv},
    {400, "3", "GET / \r\nHost: a\r\n\r\n"sv},
    {400, "3", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"sv},
    {400, "3", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3", "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3", "GET / a HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3", "GET\v/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.1", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.1", "\"GET\" / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.1", "G\xc3\x8bT / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.1", "GET\0 / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.1", "{\"json\": 1}\r\n\r\n"sv},
    {400, "3.1", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv},  // TLS on a plain port
    {501, "3", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMN / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2", "GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2", "GET /a\nb HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2", "GET ?a HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.2", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.2", "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.2", "GET http:/a HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.2", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},  // RFC 9110, 4.2.4
    {400, "3.2.2", "GET http://:80/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.2", "GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.3", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.3", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.3", "CONNECT a: HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.3", "CONNECT :443 HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.3", "CONNECT [::1] HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.3", "CONNECT http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.3", "CONNECT a:443/x HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.3", "GET a:443 HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.4", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "3.2.4", "OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "2.3", "GET / http/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "2.3", "GET / HTTP/1\r\nHost: a\r\n\r\n"sv},
    {400, "2.3", "GET / HTTP/11\r\nHost: a\r\n\r\n"sv},
    {400, "2.3", "GET / HTTP/1.\r\nHost: a\r\n\r\n"sv},
    {400, "2.3", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"sv},
    {400, "2.3", "GET / HTTP/01.1\r\nHost: a\r\n\r\n"sv},
    {400, "2.3", "GET / HTTP/+1.1\r\nHost: a\r\n\r\n"sv},
    {400, "2.3", "GET / HTTP/1,1\r\nHost: a\r\n\r\n"sv},
    {400, "2.3", "GET / HTTP 1.1\r\nHost: a\r\n\r\n"sv},
    {400, "2.3", "GET / HTTPS/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "2.3", "GET / ICAP/1.0\r\nHost: a\r\n\r\n"sv},
    {505, "2.3", "GET / HTTP/0.9\r\n\r\n"sv},
    {505, "2.3", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"sv},
    {505, "2.3", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv},  // an HTTP/2 preface, RFC 9113, 3.4
    {505, "2.3", "GET / HTTP/9.9\r\nHost: a\r\n\r\n"sv},
    // Line ends.
    {400, "2.2", "GET / HTTP/1.1\nHost: a\n\n"sv},
    {400, "2.2", "GET / HTTP/1.1\nHost: a\r\n\r\n"sv},
    {400, "2.2", "GET / HTTP/1.1\r\nHost: a\n\r\n"sv},
    {400, "2.2", GET "\n"sv},
    {400, "2.2", GET "X: 1\nY: 2\r\n\r\n"sv},
    {400, "2.2", "GET / HTTP/1.1\rHost: a\r\n\r\n"sv},
    {400, "2.2", GET "X: 1\rY: 2\r\n\r\n"sv},
    {400, "2.2", GET "X: 1\r\r\n\r\n"sv},
    {400, "2.2", GET "\r\r\n"sv},
    {400, "2.2", GET "X: 1\r\n\rY: 2\r\n\r\n"sv},
    {400, "2.2", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "2.2", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},  // one empty line is overlooked
    {400, "2.2", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "2.2", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"sv},  // blanks before the first field
    {400, "2.2", "GET / HTTP/1.1\r\n\tX: a\r\nHost: a\r\n\r\n"sv},
    // Fields.
    {400, "5.1", GET "X : 1\r\n\r\n"sv},
    {400, "5.1", GET "X\t: 1\r\n\r\n"sv},
    {400, "5.1", GET "Content-Length : 5\r\n\r\n"sv},
    {400, "5.1", GET "Transfer-Encoding : chunked\r\n\r\n"sv},
    {400, "5.1", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"sv},
    {400, "5.2", GET "X: 1\r\n 2\r\n\r\n"sv},
    {400, "5.2", GET "X: 1\r\n\t2\r\n\r\n"sv},
    {400, "5.2", GET "X: 1\r\n \r\n\r\n"sv},
    {400, "5.2", POST "Content-Length:\r\n 5\r\n\r\nhello"sv},
    {400, "5.2", POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"sv},
    {400, "5.2", GET "X: 1\r\n Y: 2\r\n\r\n"sv},
    {400, "5", GET ": 1\r\n\r\n"sv},
    {400, "5", GET "X\r\n\r\n"sv},
    {400, "5", GET "X Y: 1\r\n\r\n"sv},
    {400, "5", GET "X\0: 1\r\n\r\n"sv},
    {400, "5", GET "X(: 1\r\n\r\n"sv},
    {400, "5", GET "\"X\": 1\r\n\r\n"sv},
    {400, "5", GET "X;Y: 1\r\n\r\n"sv},
    {400, "5", GET "\xef\xbb\xbfX: 1\r\n\r\n"sv},
    {400, "5", GET "X\x80: 1\r\n\r\n"sv},
    {400, "5", GET "GET / HTTP/1.1\r\n\r\n"sv},
    {400, "RFC 9110, 5.5", GET "X: a\0b\r\n\r\n"sv},
    {400, "RFC 9110, 5.5", GET "X: \0\r\n\r\n"sv},
    {400, "RFC 9110, 5.5", GET "X: a\x01\r\n\r\n"sv},
    {400, "RFC 9110, 5.5", GET "X: a\x1b[0m\r\n\r\n"sv},
    {400, "RFC 9110, 5.5", GET "X: a\vb\r\n\r\n"sv},
    {400, "RFC 9110, 5.5", GET "X: a\fb\r\n\r\n"sv},
    {400, "RFC 9110, 5.5", GET "X: a\x7f\r\n\r\n"sv},
    // Host.
    {400, "3.2", "GET / HTTP/1.1\r\n\r\n"sv},
    {400, "3.2", "GET http://a/ HTTP/1.1\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: a#b\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: a:-1\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: []\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: [a.b]\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n"sv},
    {400, "3.2", "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n"sv},
    // Content-Length.
    {400, "6.3, 5", POST "Content-Length: \r\n\r\n"sv},
    {400, "6.3, 5", POST "Content-Length: a\r\n\r\n"sv},
    {400, "6.3, 5", POST "Content-Length: -1\r\n\r\n"sv},
    {400, "6.3, 5", POST "Content-Length: +5\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 0x5\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 5h\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 5 5\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 5.0\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 1_0\r\n\r\nhellohello"sv},
    {400, "6.3, 5", POST "Content-Length: \"5\"\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 5;a=b\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 5,\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 5, 5\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 5, 6\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 0\r\ncontent-length: 6\r\n\r\nhello!"sv},
    {400, "6.3, 5", POST "Content-Length: 9223372036854775808\r\n\r\n"sv},
    {400, "6.3, 5", POST "Content-Length: 18446744073709551616\r\n\r\n"sv},
    {400, "6.3, 5", POST "Content-Length: 18446744073709551621\r\n\r\nhello"sv},
    {400, "6.3, 5", POST "Content-Length: 99999999999999999999999999\r\n\r\n"sv},
    {400, "6.3, 5", POST "Content-Length: \xc2\xb2\r\n\r\n"sv},  // a superscript two is no digit
    {400, "6.3, 5", POST "Content-Length: \xd9\xa5\r\n\r\n"sv},  // nor is an Arabic five
    // Transfer-Encoding.
    {400, "6.1", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"sv},
    {400, "6.1", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"sv},
    {400, "6.1", POST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"sv},
    {400, "6.1", POST "Content-Length: 5\r\nTransfer-Encoding: identity\r\n\r\nhello"sv},
    {400, "6.1", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"sv},
    {400, "6.1", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0"sv},
    {400, "6.1", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"sv},
    {400, "6.1",
     POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"sv},
    {400, "6.3, 4", POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"sv},
    {400, "6.3, 4", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n"sv},
    {400, "6.3, 4", POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"sv},
    {501, "6.1", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"sv},
    {501, "6.1", POST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"sv},
    {501, "6.1", POST "Transfer-Encoding: gzip\r\n\r\n"sv},
    {501, "6.1", POST "Transfer-Encoding: identity\r\n\r\n"sv},
    {501, "6.1", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"sv},
    {501, "6.1", POST "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n"sv},
    {501, "6.1", POST "Transfer-Encoding: chunke\r\n\r\n0\r\n\r\n"sv},
    {400, "7", POST "Transfer-Encoding: \r\n\r\n"sv},
    {400, "7", POST "Transfer-Encoding: ,\r\n\r\n"sv},
    {400, "7", POST "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n"sv},
    {400, "7", POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"sv},
    {400, "7", POST "Transfer-Encoding: 'chunked' x\r\n\r\n0\r\n\r\n"sv},
    {400, "7", POST "Transfer-Encoding: chunked x\r\n\r\n0\r\n\r\n"sv},
    {400, "7", POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n"sv},
    {400, "7", POST "Transfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n"sv},
    {400, "7",
     POST "Transfer-Encoding: \xc2\xa0"
          "chunked\r\n\r\n0\r\n\r\n"sv},
    {400, "5.1", POST "Transfer\xc2\xad-Encoding: chunked\r\n\r\n0\r\n\r\n"sv},
    // Chunks.
    {400, "7.1", CHUNKED "\r\n"sv},
    {400, "7.1", CHUNKED "g\r\n"sv},
    {400, "7.1", CHUNKED "-1\r\n"sv},
    {400, "7.1", CHUNKED "+1\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "0x1\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "1_0\r\n"sv},
    {400, "7.1", CHUNKED " 1\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "\t1\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "1 \r\na\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "1 1\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "1\na\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "1\ra\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "1\r\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "1\r\nab\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "1\r\na0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "1\r\na\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "1\r\na\r0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "1\r\na\r\n\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "2\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "1\0\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1", CHUNKED "00000000000000001\r\na\r\n0\r\n\r\n"sv},
    {413, "7.1", CHUNKED "ffffffffffffffff\r\n"sv},
    {413, "7.1", CHUNKED "8000000000000000\r\n"sv},
    {413, "7.1", CHUNKED "1\r\na\r\n7fffffffffffffff\r\n"sv},
    {400, "7.1", CHUNKED "10000000000000000\r\n"sv},
    {400, "7.1", CHUNKED "fffffffffffffffffffff\r\n"sv},
    {400, "7.1.1", CHUNKED "1;\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;;a\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;=b\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;a=\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;a=b c\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;a b\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;a=b=c\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;a=\"b\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;a=\"b\"c\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;a=\"\\\n\"\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;a\nb\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;a\rb\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;a\0\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.1", CHUNKED "1;a=b \r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.2", CHUNKED "0\r\nX : 1\r\n\r\n"sv},
    {400, "7.1.2", CHUNKED "0\r\nX: 1\n\r\n"sv},
    {400, "7.1.2", CHUNKED "0\r\nX: 1\r\n 2\r\n\r\n"sv},
    {400, "7.1.2", CHUNKED "0\r\nX\r\n\r\n"sv},
    {400, "7.1.2", CHUNKED "0\r\nX: \0\r\n\r\n"sv},
    {400, "7.1.2", CHUNKED "0\r\n\n"sv},
    {400, "7.1.2", CHUNKED "0\r\n\r\r\n"sv},
    {400, "7.1.2", CHUNKED "0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "RFC 9110, 6.5.1", CHUNKED "0\r\nContent-Length: 5\r\n\r\n"sv},
    {400, "RFC 9110, 6.5.1", CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n"sv},
    {400, "RFC 9110, 6.5.1", CHUNKED "0\r\nHost: b\r\n\r\n"sv},
    {400, "RFC 9110, 6.5.1", CHUNKED "0\r\nConnection: close\r\n\r\n"sv},
    {400, "RFC 9110, 6.5.1", CHUNKED "0\r\nContent-Type: text/html\r\n\r\n"sv},
    // What follows.
    {400, "9.6", GET "Connection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {400, "9.6", GET "Connection: x, Close\r\n\r\nx"sv},
    {400, "9.6", "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n"sv},
    {400, "9.3", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\nx"sv},
    {400, "9.3", GET "\r\n\r\n\r\n"sv},
    {501, "3",
     POST "Content-Length: 1\r\n\r\naaGETGETGETGETGETGETGETGETGETGETGET / HTTP/1.1\r\n"sv},
    {417, "RFC 9110, 10.1.1", POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na"sv},
    {417, "RFC 9110, 10.1.1", POST "Expect: 100-continue, x\r\nContent-Length: 1\r\n\r\na"sv},
};

#define OK "HTTP/1.1 200 OK\r\n"
#define OK_CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

constexpr Case kResponses[] = {
    {400, "4", "\r\nHTTP/1.1 200 OK\r\n\r\n"sv},
    {400, "4", "200 OK\r\n\r\n0123456789"sv},
    {400, "4", "HTTP/1.1\r\nServer: a\r\n\r\n"sv},
    {400, "4", "HTTP/1.1  200 OK\r\n\r\n"sv},
    {400, "4", "HTTP/1.1\t200 OK\r\n\r\n"sv},
    {400, "4", "HTTP/1.1 2OO OK\r\n\r\n"sv},
    {400, "4", "HTTP/1.1 20 OK\r\n\r\n"sv},
    {400, "4", "HTTP/1.1 2000 OK\r\n\r\n"sv},
    {400, "4", "HTTP/1.1 -20 OK\r\n\r\n"sv},
    {400, "4", "HTTP/1.1 200OK\r\n\r\n"sv},
    {400, "4", "HTTP/1.1 200\tOK\r\n\r\n"sv},
    {400, "RFC 9110, 15", "HTTP/1.1 099 x\r\n\r\n"sv},
    {400, "4", "HTTP/1.1 200 O\0K\r\n\r\n"sv},
    {400, "4", "HTTP/1.1 200 O\rK\r\n\r\n"sv},
    {400, "2.3", "HTTP/2.0 200 OK\r\n\r\n"sv},
    {400, "2.3", "HTTP/2 200 OK\r\n\r\n"sv},
    {400, "2.3", "http/1.1 200 OK\r\n\r\n"sv},
    {400, "2.3", "HTTP/11 200 OK\r\n\r\n"sv},
    {400, "2.3", "HTTP/1.a 200 OK\r\n\r\n"sv},
    {400, "2.3", "ICY 200 OK\r\nicy-name: x\r\n\r\n"sv},
    {400, "2.3", "SSH-2.0-OpenSSH_9.2\r\n"sv},
    {400, "2.3", "<html><body>hello</body></html>"sv},
    {400, "2.2", "HTTP/1.1 200 OK\rA: b\r\n\r\n"sv},
    {400, "2.2", OK "A: b\rC: d\r\n\r\n"sv},
    {400, "5.1", OK "Content-Length : 1\r\n\r\na"sv},
    {400, "5.2", OK "A: b\r\n c\r\n\r\n"sv},
    {400, "5.2", OK " A: b\r\n\r\n"sv},
    {400, "5", OK ": b\r\n\r\n"sv},
    {400, "5", OK "<html>\r\n\r\n"sv},
    {400, "RFC 9110, 5.5", OK "A: \0\r\n\r\n"sv},
    {400, "6.3, 5", OK "Content-Length: 1, 1\r\n\r\na"sv},
    {400, "6.3, 5", OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"sv},
    {400, "6.3, 5", OK "Content-Length: -1\r\n\r\n"sv},
    {400, "6.3, 5", OK "Content-Length: 18446744073709551617\r\n\r\na"sv},
    {400, "6.1", OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"sv},
    {400, "6.1", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"sv},
    {400, "6.1", OK "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"sv},
    {501, "6.1", OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"sv},
    {501, "6.1", OK "Transfer-Encoding: identity\r\n\r\na"sv},
    {400, "7.1", OK_CHUNKED "x\r\n"sv},
    {400, "7.1", OK_CHUNKED "\r\n0\r\n\r\n"sv},
    {400, "7.1", OK_CHUNKED "1\na\n0\n\n"sv},
    {400, "7.1", OK_CHUNKED "3\r\nabcd\r\n0\r\n\r\n"sv},
    {413, "7.1", OK_CHUNKED "fffffffffffffffe\r\n"sv},
    {400, "7.1.1", OK_CHUNKED "1;a\nb\r\na\r\n0\r\n\r\n"sv},
    {400, "7.1.2", OK_CHUNKED "0\r\nContent-Length: 1\r\n\r\n"sv},
};

int refusal(const std::string& log) {
  const std::size_t at = log.rfind("error ");
  return at == std::string::npos ? 0 : std::stoi(log.substr(at + 6));
}

}  // namespace

TEST_CASE("malformed and ambiguous requests are refused, however they are cut") {
  for (const Case& c : kRequests) {
    const std::string log = wire::requests(c.bytes);
    CAPTURE(c.section);
    CAPTURE(std::string(c.bytes));
    CAPTURE(log);
    CHECK(refusal(log) == c.status);
    CHECK(log.find("bytewise") == std::string::npos);
    CHECK(log.find("cut at") == std::string::npos);
  }
}

TEST_CASE("malformed and ambiguous responses are refused, however they are cut") {
  for (const Case& c : kResponses) {
    const std::string log = wire::responses(c.bytes);
    CAPTURE(c.section);
    CAPTURE(std::string(c.bytes));
    CAPTURE(log);
    CHECK(refusal(log) == c.status);
    CHECK(log.find("bytewise") == std::string::npos);
    CHECK(log.find("cut at") == std::string::npos);
  }
}

TEST_CASE("no malformed case stands there twice") {
  std::set<std::string_view> seen;
  for (const Case& c : kRequests) {
    CAPTURE(std::string(c.bytes));
    CHECK(seen.insert(c.bytes).second);
  }
  for (const Case& c : kResponses) {
    CAPTURE(std::string(c.bytes));
    CHECK(seen.insert(c.bytes).second);
  }
  CHECK(seen.size() >= 150);
}

TEST_CASE("bytes that come when no response is due are refused") {
  hob::http::ResponseParser parser;
  CHECK(parser.feed("").event == hob::http::ParseEvent::need_more);
  CHECK(parser.feed("x").event == hob::http::ParseEvent::error);
  CHECK(parser.error().status == 400);
  CHECK(parser.finish() == hob::http::ParseEvent::error);
}

TEST_CASE("an oversized message is refused before more of it is read") {
  hob::http::ParserLimits limits;
  limits.start_line = 20;
  limits.field_line = 16;
  limits.head = 64;
  limits.fields = 3;
  limits.body = 4;
  limits.chunk_extensions = 8;
  const auto status = [&](std::string_view bytes) {
    const std::string log = wire::requests(bytes, limits);
    CAPTURE(log);
    CHECK(log.find("whole") == std::string::npos);
    return refusal(log);
  };
  CHECK(status("GET /234567 HTTP/1.1\r\nHost: a\r\n\r\n") == 0);
  CHECK(status("GET /2345678 HTTP/1.1\r\nHost: a\r\n\r\n") == 414);
  CHECK(status("GET /2345678901234567890123456789") == 414);
  CHECK(status("GET / HTTP/1.1\r\nHost: 7890123456\r\n\r\n") == 0);
  CHECK(status("GET / HTTP/1.1\r\nHost: 78901234567\r\n\r\n") == 431);
  CHECK(status("GET / HTTP/1.1\r\nHost: 789012345678901234567890") == 431);
  CHECK(status("GET / HTTP/1.1\r\nHost5678901234567890") == 431);
  CHECK(status("GET / HTTP/1.1\r\nHost: 1\r\nA: 1\r\nB: 2\r\n\r\n") == 0);
  CHECK(status("GET / HTTP/1.1\r\nHost: 1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n") == 431);
  // 64 bytes, then 65.
  CHECK(status("GET / HTTP/1.1\r\nHost: 1234567\r\nA: 3456789012\r\nB: 34567890123\r\n\r\n") == 0);
  CHECK(status("GET / HTTP/1.1\r\nHost: 1234567\r\nA: 3456789012\r\nB: 345678901234\r\n\r\n") ==
        431);
  CHECK(status(POST "Content-Length: \r\n\r\n") == 400);
  limits.field_line = 30;
  CHECK(status(POST "Content-Length: 4\r\n\r\n1234") == 0);
  CHECK(status(POST "Content-Length: 5\r\n\r\n") == 413);
  limits.head = 100;
  CHECK(status(CHUNKED "2\r\n12\r\n2\r\n34\r\n0\r\n\r\n") == 0);
  CHECK(status(CHUNKED "2\r\n12\r\n3\r\n") == 413);
  CHECK(status(CHUNKED "2;abc\r\n12\r\n2;abc\r\n34\r\n0\r\n\r\n") == 0);
  CHECK(status(CHUNKED "2;abc\r\n12\r\n2;abcd\r\n34\r\n0;a\r\n\r\n") == 400);
  CHECK(status(CHUNKED "0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n") == 0);
  CHECK(status(CHUNKED "0\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n") == 431);
  CHECK(status(CHUNKED "0\r\nA: 456789012345678901234567890\r\n\r\n") == 0);
  CHECK(status(CHUNKED "0\r\nA: 4567890123456789012345678901\r\n\r\n") == 431);
}

#undef GET
#undef POST
#undef CHUNKED
#undef OK
#undef OK_CHUNKED
