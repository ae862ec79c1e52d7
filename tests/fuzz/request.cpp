// SPDX-License-Identifier: MIT
// Any bytes are requests to the server's parser: it must not misbehave, and must say the same
// however they are cut. The first byte chooses the cuts.
#include <hob/http/request_parser.hpp>
#include <hob/http/serializer.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/expect.hpp"
#include "http/wire.hpp"

using hob::http::ParseEvent;
using hob::http::RequestParser;

namespace {

/// A head that was understood, written and parsed again, is the same head.
void round_trip(std::string_view bytes, const hob::http::ParserLimits& limits) {
  RequestParser parser(limits);
  parser.begin();
  if (parser.feed(bytes).event != ParseEvent::head) return;
  std::string again;
  hob::http::write_request_line(again, parser.method_name(), parser.target());
  hob::http::write_fields(again, parser.headers());
  hob::http::end_fields(again);
  RequestParser second;
  second.begin();
  // Only HTTP/1.1 is written, and it has rules of its own.
  if (parser.version_minor() == 0) return;
  fuzz::expect(second.feed(again).event == ParseEvent::head);
  fuzz::expect(wire::describe_head(second) == wire::describe_head(parser));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  hob::http::ParserLimits limits;
  limits.start_line = 80;
  limits.field_line = 60;
  limits.head = 300;
  limits.fields = 8;
  limits.body = 1000;
  limits.chunk_extensions = 20;
  const auto begin = [](RequestParser& parser) { parser.begin(); };
  const std::string whole = wire::converse<RequestParser>(bytes, {}, begin, limits);
  const std::vector<std::size_t> cuts = fuzz::cuts(data[0], bytes.size());
  fuzz::expect(wire::converse<RequestParser>(bytes, cuts, begin, limits) == whole);
  round_trip(bytes, limits);
  return 0;
}
