// SPDX-License-Identifier: MIT
// Chunks: any bytes are a chunked body to the decoder, and any body that was encoded is decoded
// again. The first byte chooses cuts and sizes of chunks.
#include <hob/http/detail/chunk_decoder.hpp>
#include <hob/http/serializer.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/expect.hpp"

using hob::http::ParseError;
using hob::http::ParseEvent;
using hob::http::ParserLimits;
using hob::http::ParseStep;
using hob::http::detail::ChunkDecoder;

namespace {

struct Decoded {
  std::string body;
  std::string trailers;
  ParseEvent last = ParseEvent::need_more;
  int status = 0;
  std::size_t rest = 0;

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decode(std::string_view bytes, const std::vector<std::size_t>& cuts,
               const ParserLimits& limits) {
  ChunkDecoder decoder;
  decoder.begin();
  ParseError error;
  Decoded result;
  std::size_t done = 0, piece = 0;
  for (std::size_t end = 0;;) {
    const std::vector<char> copy(bytes.begin() + static_cast<std::ptrdiff_t>(done),
                                 bytes.begin() + static_cast<std::ptrdiff_t>(end));
    const ParseStep step = decoder.feed({copy.data(), copy.size()}, limits, error);
    done += step.consumed;
    result.last = step.event;
    result.body += step.data;
    if (step.event == ParseEvent::need_more) {
      if (end == bytes.size()) break;
      end = piece < cuts.size() ? cuts[piece++] : bytes.size();
    } else if (step.event != ParseEvent::data) {
      break;
    }
  }
  if (result.last == ParseEvent::end) {
    result.rest = bytes.size() - done;
    for (const auto [name, value] : decoder.trailers())
      result.trailers.append(name).append(":").append(value).append("\n");
  }
  result.status = error.status;
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  ParserLimits limits;
  limits.field_line = 60;
  limits.head = 200;
  limits.fields = 5;
  limits.body = 1000;
  limits.chunk_extensions = 30;
  fuzz::expect(decode(bytes, {}, limits) ==
               decode(bytes, fuzz::cuts(data[0], bytes.size()), limits));

  std::string encoded;
  std::size_t begin = 0;
  for (const std::size_t end : fuzz::cuts(data[0], bytes.size())) {
    hob::http::write_chunk(encoded, bytes.substr(begin, end - begin));
    begin = end;
  }
  hob::http::write_chunk(encoded, bytes.substr(begin));
  hob::http::write_last_chunk(encoded);
  const Decoded plain = decode(encoded, {}, ParserLimits());
  fuzz::expect(plain.last == ParseEvent::end && plain.body == bytes && plain.rest == 0);
  return 0;
}
