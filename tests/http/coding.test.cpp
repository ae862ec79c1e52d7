// SPDX-License-Identifier: MIT
#include <hob/http/client_error.hpp>
#include <hob/http/coding.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>

using hob::http::ClientPayloadError;
using hob::http::decode_body;
using hob::http::Decoded;
using hob::http::Decoder;
using hob::http::Encoder;

namespace coding_tests {

std::string from_hex(const char* hex) {
  std::string out;
  for (; *hex; hex += 2) out += static_cast<char>(std::stoi(std::string(hex, 2), nullptr, 16));
  return out;
}

struct Encoded {
  const char *coding, *hex, *text;
};
// What Python's zlib and gzip have written, also raw deflate and two members of gzip.
const Encoded kEncoded[] = {
#include "oracle/codings.inc"
};

const char* const kCodings[] = {"gzip", "deflate", "br", "zstd"};

std::string sample(std::size_t size) {
  std::mt19937 random(3);
  std::string text;
  while (text.size() < size) text += "word" + std::to_string(random() % 1000) + ' ';
  text.resize(size);
  return text;
}

std::string encoded(const char* coding, std::string_view text, std::size_t step = SIZE_MAX) {
  const auto encoder = Encoder::make(coding);
  std::string out;
  for (; text.size() > step; text.remove_prefix(step)) {
    encoder->encode(text.substr(0, step), out, Encoder::Flush::none);
  }
  encoder->encode(text, out, Encoder::Flush::finish);
  return out;
}

// In pieces of `in_step` bytes, into a room of `room`.
std::string decoded_in_steps(const char* coding, std::string_view body, std::size_t in_step,
                             std::size_t room) {
  const auto decoder = Decoder::make(coding);
  std::string out, buffer(room, '\0');
  while (!body.empty()) {
    std::string_view piece = body.substr(0, in_step);
    body.remove_prefix(piece.size());
    for (;;) {
      const Decoded step = decoder->decode(piece, buffer.data(), room);
      REQUIRE(step.produced <= room);
      out.append(buffer, 0, step.produced);
      piece.remove_prefix(step.consumed);
      if (step.done || (step.produced == 0 && step.consumed == 0)) break;
    }
  }
  CHECK(decoder->may_end());
  return out;
}

TEST_CASE("what other encoders have written is decoded") {
  for (const Encoded& row : kEncoded) {
    CAPTURE(std::string(row.coding));
    CHECK(decode_body(from_hex(row.hex), row.coding) == row.text);
    CHECK(decoded_in_steps(row.coding, from_hex(row.hex), 1, 1) == row.text);
  }
}

TEST_CASE("every coding gives back what went in, in pieces of any size") {
  for (const char* coding : kCodings) {
    CAPTURE(std::string(coding));
    for (const std::size_t size : {0, 1, 100, 70'000}) {
      const std::string text = sample(size);
      const std::string body = encoded(coding, text, 1000);
      CHECK(decode_body(body, coding) == text);
      CHECK(decoded_in_steps(coding, body, 7, 1000) == text);
      CHECK(decoded_in_steps(coding, body, 1000, 3) == text);
      if (size > 1000) CHECK(body.size() < text.size() / 2);
    }
    CHECK(decode_body("", coding) == "");
  }
}

TEST_CASE("several codings are undone in turn") {
  const std::string text = sample(50'000);
  const std::string body = encoded("br", encoded("gzip", text));
  CHECK(decode_body(body, "gzip, br") == text);
  CHECK(decode_body(body, " GZIP ,identity, , BR ") == text);
  CHECK(decoded_in_steps("gzip, br", body, 3, 5) == text);
  CHECK_THROWS_AS(decode_body(body, "br, gzip"), ClientPayloadError);
  CHECK_THROWS_AS(decode_body(body, "gzip,gzip,gzip,gzip,gzip,gzip"), ClientPayloadError);
  CHECK(Decoder::make("identity") == nullptr);
  CHECK(Decoder::make("") == nullptr);
  CHECK(decode_body("plain", "") == "plain");
  CHECK_THROWS_AS(Decoder::make("compress"), ClientPayloadError);
}

TEST_CASE("flushed text can be decoded before the end") {
  for (const char* coding : kCodings) {
    CAPTURE(std::string(coding));
    const auto encoder = Encoder::make(coding);
    const auto decoder = Decoder::make(coding);
    for (const char* line : {"first event\n", "second event\n"}) {
      std::string out;
      encoder->encode(line, out, Encoder::Flush::sync);
      std::string_view rest = out;
      std::string text;
      char buffer[64];
      for (;;) {
        const Decoded step = decoder->decode(rest, buffer, sizeof buffer);
        text.append(buffer, step.produced);
        rest.remove_prefix(step.consumed);
        if (step.produced == 0 && step.consumed == 0) break;
      }
      CHECK(text == line);
      CHECK_FALSE(decoder->may_end());
    }
  }
}

TEST_CASE("truncated and broken bodies are errors") {
  for (const char* coding : kCodings) {
    CAPTURE(std::string(coding));
    const std::string body = encoded(coding, sample(5000));
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{2}, body.size() / 2, body.size() - 1}) {
      CAPTURE(size);
      CHECK_THROWS_AS(decode_body(body.substr(0, size), coding), ClientPayloadError);
    }
    // zlib's raw format has no check; the others notice what is not theirs at once.
    CHECK_THROWS_AS(decode_body("this is plain text, whatever the header says", coding),
                    ClientPayloadError);
  }
}

TEST_CASE("a bomb costs the room that it is given, and the limit stops it") {
  for (const char* coding : kCodings) {
    CAPTURE(std::string(coding));
    const std::string bomb = encoded(coding, std::string(20'000'000, '\0'));
    CHECK(bomb.size() < 50'000);
    CHECK_THROWS_AS(decode_body(bomb, coding, 1'000'000), ClientPayloadError);
    CHECK(decode_body(bomb, coding, 20'000'000).size() == 20'000'000);
    const auto decoder = Decoder::make(coding);
    char buffer[1000];
    CHECK(decoder->decode(bomb, buffer, sizeof buffer).produced <= sizeof buffer);
  }
  const std::string twice = encoded("gzip", encoded("gzip", std::string(20'000'000, '\0')));
  CHECK(twice.size() < 1000);
  CHECK_THROWS_AS(decode_body(twice, "gzip, gzip", 1'000'000), ClientPayloadError);
}

TEST_CASE("the coding that a client accepts") {
  CHECK(Encoder::choose("gzip, deflate, br") == "br");
  CHECK(Encoder::choose("gzip, deflate, br, zstd") == "zstd");
  CHECK(Encoder::choose("gzip;q=1.0, br;q=0.5") == "gzip");
  CHECK(Encoder::choose("*") == "zstd");
  CHECK(Encoder::choose("*;q=0.1, gzip;q=0.2, zstd;q=0") == "gzip");
  CHECK(Encoder::choose("br;q=0, identity") == "");
  CHECK(Encoder::choose("") == "");
  CHECK(Encoder::choose("x-gzip") == "gzip");
  CHECK(Encoder::choose("gzip;q=nonsense") == "");
  CHECK(Encoder::make("compress") == nullptr);
}

}  // namespace coding_tests
