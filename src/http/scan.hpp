// SPDX-License-Identifier: MIT
// The characters of HTTP: which may stand where, and the search for those that end something.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace hob::http::detail {

/// Classes of characters, as bits of `kCharClass`.
enum CharClass : std::uint8_t {
  kToken = 1,    // tchar, RFC 9110, 5.6.2
  kTarget = 2,   // may stand in a request-target: visible ASCII but '#'
  kDigit = 4,    //
  kHost = 8,     // of a uri-host without brackets, RFC 3986, 3.2.2
  kControl = 16  // CTL but the tab: never in a field value
};

constexpr std::array<std::uint8_t, 256> make_char_classes() {
  std::array<std::uint8_t, 256> table{};
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool digit = c >= '0' && c <= '9';
    const bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    std::uint8_t bits = digit ? kDigit : 0;
    if (digit || alpha ||
        (c && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos))
      bits |= kToken;
    if (i > 0x20 && i < 0x7f && c != '#') bits |= kTarget;
    if (digit || alpha ||
        (c && std::string_view("-._~%!$&'()*+,;=").find(c) != std::string_view::npos))
      bits |= kHost;
    if ((i < 0x20 && c != '\t') || i == 0x7f) bits |= kControl;
    table[static_cast<std::size_t>(i)] = bits;
  }
  return table;
}
inline constexpr std::array<std::uint8_t, 256> kCharClass = make_char_classes();

inline bool is_class(char c, CharClass of) noexcept {
  return (kCharClass[static_cast<unsigned char>(c)] & of) != 0;
}

/// The first character in [at, end) that is not in the class; `end` when all are.
inline const char* skip_class(const char* at, const char* end, CharClass of) noexcept {
  for (; end - at >= 4; at += 4) {
    if (!is_class(at[0], of)) return at;
    if (!is_class(at[1], of)) return at + 1;
    if (!is_class(at[2], of)) return at + 2;
    if (!is_class(at[3], of)) return at + 3;
  }
  while (at != end && is_class(*at, of)) ++at;
  return at;
}

/// The first control character but the tab in [at, end); `end` when there is none. Most of the time
/// of parsing a head is spent here.
inline const char* find_control(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  const __m128i space = _mm_set1_epi8(0x20), tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7f);
  while (end - at >= 16) {
    const __m128i chars = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // Unsigned chars < 0x20 are those whose maximum with 0x20 is not themselves.
    const __m128i low =
        _mm_xor_si128(_mm_cmpeq_epi8(_mm_max_epu8(chars, space), chars), _mm_set1_epi8(-1));
    const __m128i bad =
        _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(chars, tab), low), _mm_cmpeq_epi8(chars, del));
    if (const int mask = _mm_movemask_epi8(bad))
      return at + __builtin_ctz(static_cast<unsigned>(mask));
    at += 16;
  }
#else
  // Eight at a time, as long as none of them looks like one; the rest decides.
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
  while (end - at >= 8) {
    std::uint64_t chars;
    std::memcpy(&chars, at, 8);
    const std::uint64_t low = (chars - kOnes * 0x20) & ~chars & kHigh;
    const std::uint64_t del = chars ^ (kOnes * 0x7f);
    if (low | ((del - kOnes) & ~del & kHigh)) break;
    at += 8;
  }
#endif
  while (at != end && !is_class(*at, kControl)) ++at;
  return at;
}

inline bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// Without the blanks (OWS) around it.
inline std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

inline bool is_token(std::string_view text) noexcept {
  return !text.empty() &&
         skip_class(text.data(), text.data() + text.size(), kToken) == text.data() + text.size();
}

inline bool has_control(std::string_view text) noexcept {
  return find_control(text.data(), text.data() + text.size()) != text.data() + text.size();
}

/// Of a name without regard to case; `name` is not empty.
inline std::uint16_t name_hash(std::string_view name) noexcept {
  return static_cast<std::uint16_t>(((name.front() | 0x20) & 0xff) << 8 |
                                    ((name.back() | 0x20) & 0xff));
}

/// Whether `name` is `lower`, a literal without capitals, in any case.
inline bool is_name(std::string_view name, std::string_view lower) noexcept {
  if (name.size() != lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    const char c = name[i];
    if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != lower[i]) return false;
  }
  return true;
}

/// Calls `visit(element)` for each element of a comma-separated list that is not empty, as RFC
/// 9110, 5.6.1.2 tells recipients to. Commas inside of quotes separate as well: for lists of
/// tokens.
template <class Visit>
void for_each_element(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trimmed(list.substr(0, comma));
    if (!element.empty()) visit(element);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace hob::http::detail
