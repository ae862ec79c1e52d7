// SPDX-License-Identifier: MIT
// Any bytes are responses to the client's parser, whatever was asked: it must not misbehave, and
// must say the same however they are cut. The first byte chooses the cuts, the second the method.
#include <hob/http/method.hpp>
#include <hob/http/response_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/expect.hpp"
#include "http/wire.hpp"

using hob::http::Method;
using hob::http::ResponseParser;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Method method = data[1] % 4 == 0   ? Method::head
                        : data[1] % 4 == 1 ? Method::connect
                                           : Method::get;
  hob::http::ParserLimits limits;
  limits.start_line = 60;
  limits.field_line = 60;
  limits.head = 300;
  limits.fields = 8;
  limits.body = 1000;
  limits.chunk_extensions = 20;
  const auto begin = [method](ResponseParser& parser) { parser.begin(method); };
  const std::string whole = wire::converse<ResponseParser>(bytes, {}, begin, limits);
  fuzz::expect(wire::converse<ResponseParser>(bytes, fuzz::cuts(data[0], bytes.size()), begin,
                                              limits) == whole);
  return 0;
}
