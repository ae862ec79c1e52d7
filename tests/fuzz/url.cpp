// SPDX-License-Identifier: MIT
// URLs: whatever is parsed stays the same when it is parsed again, and so do its derivatives.
#include <hob/core/error.hpp>
#include <hob/http/url.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/expect.hpp"

using hob::http::Url;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t half = text.find('\n');
  try {
    const Url base(text.substr(0, half));
    fuzz::expect(Url(base.text()) == base);
    for (const char c : base.text()) fuzz::expect(c > ' ' && c < 0x7f);
    if (base.absolute()) {
      fuzz::expect(base.path().starts_with('/'));
      fuzz::expect(base.same_origin(base.origin()));
      fuzz::expect(base.with_user("a:b", "c@d/").without_user() == base.without_user());
      fuzz::expect(hob::http::Params::parse(base.params().encode()) == base.params());
    }
    if (half == std::string_view::npos) return 0;
    const Url joined = base.join(Url(text.substr(half + 1)));
    fuzz::expect(Url(joined.text()) == joined);
  } catch (const hob::ValueError&) {
    return 0;
  }
  return 0;
}
