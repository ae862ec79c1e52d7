// SPDX-License-Identifier: MIT
#include <hob/http/charset.hpp>

#include "http/ascii.hpp"

#include <iconv.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace hob::http {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

void append_code_point(std::string& out, std::uint32_t c) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6), put(0x80 | (c & 63));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 63)), put(0x80 | (c & 63));
  } else {
    put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 63)), put(0x80 | (c >> 6 & 63)),
        put(0x80 | (c & 63));
  }
}

struct Sequence {
  std::size_t size;  // of the longest part that could begin a character, at least 1
  bool complete;
};

// The character at the front of `text` (Unicode, table 3-7).
Sequence utf8_sequence(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  if (first < 0x80) return {1, true};
  unsigned low = 0x80, high = 0xbf;
  std::size_t size = 0;
  if (first >= 0xc2 && first <= 0xdf) {
    size = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    size = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    size = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i < size; ++i) {
    if (i >= text.size() || at(i) < low || at(i) > high) return {i, false};
    low = 0x80, high = 0xbf;
  }
  return {size, true};
}

// How much of `text` is well-formed, from its beginning. Most text is ASCII: eight at a time.
std::size_t well_formed(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    for (std::uint64_t word; at + sizeof word <= text.size(); at += sizeof word) {
      std::memcpy(&word, text.data() + at, sizeof word);
      if ((word & 0x8080808080808080) != 0) break;
    }
    if (at == text.size()) break;
    const Sequence sequence = utf8_sequence(text.substr(at));
    if (!sequence.complete) break;
    at += sequence.size;
  }
  return at;
}

std::string decode_utf8(std::string_view bytes) {
  const std::size_t good = well_formed(bytes);
  std::string out(bytes.substr(0, good));
  bytes.remove_prefix(good);
  while (!bytes.empty()) {
    out += kReplacement;
    bytes.remove_prefix(utf8_sequence(bytes).size);
    const std::size_t more = well_formed(bytes);
    out += bytes.substr(0, more);
    bytes.remove_prefix(more);
  }
  return out;
}

std::string decode_windows_1252(std::string_view bytes) {
  // 0x80 to 0x9f; the five that it leaves open stay controls, as in browsers.
  static constexpr std::uint16_t kHigh[32] = {
      0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
      0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
      0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178};
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const auto u = static_cast<unsigned char>(c);
    append_code_point(out, u >= 0x80 && u < 0xa0 ? kHigh[u - 0x80] : u);
  }
  return out;
}

std::string decode_utf16(std::string_view bytes, bool big_endian) {
  const auto unit = [&](std::size_t i) -> std::uint32_t {
    const auto a = static_cast<unsigned char>(bytes[i]),
               b = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<std::uint32_t>(big_endian ? a << 8 | b : b << 8 | a);
  };
  std::string out;
  out.reserve(bytes.size());
  std::size_t i = 0;
  while (i + 1 < bytes.size()) {
    std::uint32_t c = unit(i);
    i += 2;
    if (c >= 0xd800 && c < 0xdc00 && i + 1 < bytes.size() && unit(i) >= 0xdc00 &&
        unit(i) < 0xe000) {
      c = 0x10000 + ((c - 0xd800) << 10) + (unit(i) - 0xdc00);
      i += 2;
    } else if (c >= 0xd800 && c < 0xe000) {
      c = 0xfffd;
    }
    append_code_point(out, c);
  }
  if (i < bytes.size()) out += kReplacement;
  return out;
}

std::string decode_iconv(std::string_view bytes, const std::string& charset) {
  const iconv_t converter = iconv_open("UTF-8", charset.c_str());
  if (converter == reinterpret_cast<iconv_t>(-1)) return decode_utf8(bytes);
  std::string out;
  char* in = const_cast<char*>(bytes.data());  // iconv only reads
  std::size_t in_size = bytes.size();
  char buffer[4096];
  for (bool flush = false;;) {
    char* to = buffer;
    std::size_t room = sizeof buffer;
    const std::size_t result =
        iconv(converter, flush ? nullptr : &in, flush ? nullptr : &in_size, &to, &room);
    const int error = result == static_cast<std::size_t>(-1) ? errno : 0;
    out.append(buffer, sizeof buffer - room);
    if (error == EILSEQ) {
      out += kReplacement;
      ++in, --in_size;
    } else if (error == EINVAL) {  // the last character is not complete
      out += kReplacement;
      break;
    } else if (error == 0) {
      if (flush) break;
      flush = true;
    }
  }
  iconv_close(converter);
  return out;
}

bool is_one_of(std::string_view text, std::initializer_list<const char*> labels) {
  for (const char* label : labels) {
    if (text == label) return true;
  }
  return false;
}

}  // namespace

std::string decode_text(std::string_view bytes, std::string_view charset) {
  if (bytes.starts_with("\xef\xbb\xbf")) return decode_utf8(bytes.substr(3));
  if (bytes.starts_with("\xff\xfe")) return decode_utf16(bytes.substr(2), false);
  if (bytes.starts_with("\xfe\xff")) return decode_utf16(bytes.substr(2), true);
  const std::string label = ascii::lower(ascii::trim(charset));
  if (is_one_of(label, {"", "utf-8", "utf8", "unicode-1-1-utf-8"})) return decode_utf8(bytes);
  if (is_one_of(label, {"iso-8859-1", "latin-1", "latin1", "l1", "ascii", "us-ascii",
                        "windows-1252", "cp1252", "iso8859-1", "iso_8859-1", "x-cp1252"})) {
    return decode_windows_1252(bytes);
  }
  if (is_one_of(label, {"utf-16", "utf-16le", "utf16", "unicode", "ucs-2"})) {
    return decode_utf16(bytes, false);
  }
  if (label == "utf-16be") return decode_utf16(bytes, true);
  return decode_iconv(bytes, label);
}

bool is_utf8(std::string_view text) noexcept { return well_formed(text) == text.size(); }

}  // namespace hob::http
