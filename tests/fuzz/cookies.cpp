// SPDX-License-Identifier: MIT
// Cookies: what a jar takes from a Set-Cookie field makes a Cookie field without control
// characters, and the jar that was saved is the jar that is loaded.
#include <hob/http/cookies.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/expect.hpp"

using hob::http::CookieJar;

namespace {

std::int64_t fixed_clock() { return 1'700'000'000; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const hob::http::Url url("https://www.example.co.uk/a/b");
  std::string_view text(reinterpret_cast<const char*>(data), size);
  CookieJar jar(&fixed_clock);
  while (!text.empty()) {
    const std::size_t line = std::min(text.find('\n'), text.size());
    jar.store(text.substr(0, line), url);
    text.remove_prefix(std::min(line + 1, text.size()));
  }
  for (const char c : jar.header(url)) fuzz::expect(c != '\r' && c != '\n' && c != '\0');
  for (const auto& cookie : jar) fuzz::expect(cookie.domain.ends_with("example.co.uk"));
  CookieJar other(&fixed_clock);
  other.load(jar.save());
  fuzz::expect(other.header(url) == jar.header(url));
  return 0;
}
