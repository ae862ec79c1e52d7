// SPDX-License-Identifier: MIT
// Multipart bodies: fed whole or byte by byte, the parser finds the same parts or the same error.
#include <hob/core/error.hpp>
#include <hob/http/multipart.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/expect.hpp"

using hob::http::MultipartParser;
using Event = MultipartParser::Event;

namespace {

std::string parse(std::string_view body, std::size_t step) {
  std::string out;
  MultipartParser parser("b");
  try {
    for (;;) {
      switch (parser.next()) {
        case Event::need_more:
          if (body.empty()) parser.finish();
          parser.feed(body.substr(0, step));
          body.remove_prefix(std::min(step, body.size()));
          break;
        case Event::part:
          out += "[" + std::to_string(parser.headers().size()) +
                 parser.disposition().filename().value_or("") + ":";
          break;
        case Event::data:
          fuzz::expect(!parser.data().empty());
          out += parser.data();
          break;
        case Event::part_end:
          out += "]";
          break;
        case Event::end:
          return out;
      }
    }
  } catch (const hob::ValueError&) {
    return out.substr(0, out.rfind(']') + 1) + "!";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  fuzz::expect(parse(body, SIZE_MAX) == parse(body, 1));
  return 0;
}
