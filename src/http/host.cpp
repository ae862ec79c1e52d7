// SPDX-License-Identifier: MIT
#include "http/host.hpp"

#include "http/ascii.hpp"
#include "http/percent.hpp"

#include <idn2.h>

#include <algorithm>

namespace hob::http {
namespace {

// One number of an IPv4 address as browsers take it: decimal, 0x hexadecimal or 0 octal; -1 when it
// is none.
std::int64_t ipv4_number(std::string_view text) {
  int base = 10;
  if (ascii::starts_with(text, "0x")) {
    base = 16;
    text.remove_prefix(2);
    if (text.empty()) return 0;
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  if (text.empty()) return -1;
  std::int64_t value = 0;
  for (const char c : text) {
    const int digit = ascii::hex(c);
    if (digit < 0 || digit >= base) return -1;
    value = std::min<std::int64_t>(value * base + digit, std::int64_t{1} << 33);
  }
  return value;
}

// Whether a browser would read the host as an IPv4 address: its last label is a number.
bool ends_in_number(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string_view last = host.substr(host.rfind('.') + 1);
  if (last.empty()) return false;
  if (std::all_of(last.begin(), last.end(), ascii::is_digit)) return true;
  return ascii::starts_with(last, "0x") && ipv4_number(last) >= 0;
}

std::optional<std::uint32_t> parse_ipv4_loose(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  std::int64_t numbers[4];
  int count = 0;
  for (bool more = true; more;) {
    const std::size_t dot = host.find('.');
    more = dot != std::string_view::npos;
    if (count == 4) return std::nullopt;
    const std::int64_t value = ipv4_number(host.substr(0, dot));
    if (value < 0) return std::nullopt;
    numbers[count++] = value;
    if (more) host.remove_prefix(dot + 1);
  }
  std::int64_t address = 0;
  for (int i = 0; i + 1 < count; ++i) {
    if (numbers[i] > 255) return std::nullopt;
    address |= numbers[i] << (24 - 8 * i);
  }
  if (numbers[count - 1] >= std::int64_t{1} << (8 * (5 - count))) return std::nullopt;
  return static_cast<std::uint32_t>(address | numbers[count - 1]);
}

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  std::uint32_t address = 0;
  for (int i = 0; i < 4; ++i) {
    if ((i < 3) != (text.find('.') != std::string_view::npos)) return std::nullopt;
    const std::string_view part = ascii::take_until(text, '.');
    const long long value = ascii::number(part, 255);
    if (value < 0 || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    address = address << 8 | static_cast<std::uint32_t>(value);
  }
  return address;
}

std::string ipv4_text(std::uint32_t address) {
  return std::to_string(address >> 24) + '.' + std::to_string(address >> 16 & 255) + '.' +
         std::to_string(address >> 8 & 255) + '.' + std::to_string(address & 255);
}

std::optional<Address> parse_ipv6(std::string_view text) {
  std::uint16_t groups[8] = {};
  int count = 0, gap = -1;
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (count == 8) return std::nullopt;
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
      const auto ipv4 = parse_ipv4(group);
      if (!ipv4 || count > 6) return std::nullopt;
      groups[count++] = static_cast<std::uint16_t>(*ipv4 >> 16);
      groups[count++] = static_cast<std::uint16_t>(*ipv4);
      break;
    }
    if (group.empty() || group.size() > 4) return std::nullopt;
    unsigned value = 0;
    for (const char c : group) {
      if (ascii::hex(c) < 0) return std::nullopt;
      value = value << 4 | static_cast<unsigned>(ascii::hex(c));
    }
    groups[count++] = static_cast<std::uint16_t>(value);
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
    if (text.empty()) return std::nullopt;  // one colon at the end
    if (text[0] == ':') {
      if (gap >= 0) return std::nullopt;
      gap = count;
      text.remove_prefix(1);
    }
  }
  if (gap < 0 ? count != 8 : count > 7) return std::nullopt;
  if (gap >= 0) {
    std::move_backward(groups + gap, groups + count, groups + 8);
    std::fill(groups + gap, groups + 8 - (count - gap), std::uint16_t{0});
  }
  Address address;
  for (std::size_t i = 0; i < 8; ++i) {
    address[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
    address[2 * i + 1] = static_cast<std::uint8_t>(groups[i]);
  }
  return address;
}

// RFC 5952: no leading zeros, the first longest run of two or more zero groups as `::`.
std::string ipv6_text(const Address& address) {
  unsigned groups[8];
  for (unsigned i = 0; i < 8; ++i) {
    groups[i] = static_cast<unsigned>(address[2 * i] << 8 | address[2 * i + 1]);
  }
  int best = -1, best_size = 1;
  for (int i = 0; i < 8; ++i) {
    int size = 0;
    while (i + size < 8 && groups[i + size] == 0) ++size;
    if (size > best_size) best = i, best_size = size;
    if (size > 0) i += size - 1;
  }
  std::string out;
  for (int i = 0; i < 8; ++i) {
    if (i == best) {
      out += "::";
      i += best_size - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    bool started = false;
    for (int shift = 12; shift >= 0; shift -= 4) {
      const unsigned digit = groups[i] >> shift & 15;
      started = started || digit != 0 || shift == 0;
      if (started) out += "0123456789abcdef"[digit];
    }
  }
  return out;
}

std::optional<Host> parse_bracketed(std::string_view text) {
  text = text.substr(1, text.size() - 2);
  std::string zone;  // RFC 6874: `%25` and the name of the interface
  if (const std::size_t at = text.find('%'); at != std::string_view::npos) {
    zone = percent::decode(text.substr(at));
    if (zone.starts_with('%')) zone.erase(0, 1);
    if (zone.empty() || !std::all_of(zone.begin(), zone.end(),
                                     [](char c) { return percent::kUnreserved.has(c); })) {
      return std::nullopt;
    }
    zone.insert(0, "%25");
    text = text.substr(0, at);
  }
  const auto address = parse_ipv6(text);
  if (!address) return std::nullopt;
  return Host{'[' + ipv6_text(*address) + zone + ']', true};
}

// Characters that no host has; those of other parts of a URL above all.
bool forbidden(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u <= 0x20 || u == 0x7f ||
         std::string_view("#%/:<>?@[\\]^|\"`{}").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<Host> parse_host(std::string_view text) {
  if (text.starts_with('[')) {
    return text.ends_with(']') ? parse_bracketed(text) : std::nullopt;
  }
  std::string host = percent::decode(text);
  const bool is_ascii = std::all_of(host.begin(), host.end(),
                                    [](char c) { return static_cast<signed char>(c) >= 0; });
  if (!is_ascii) {
    char* result = nullptr;
    const int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
    if (idn2_to_ascii_8z(host.c_str(), &result, flags) != IDN2_OK) return std::nullopt;
    if (host.find('\0') != std::string::npos) {
      idn2_free(result);
      return std::nullopt;
    }
    host = result;
    idn2_free(result);
  }
  host = ascii::lower(host);
  if (host.empty() || host.size() > 255 || host == "." ||
      std::any_of(host.begin(), host.end(), forbidden)) {
    return std::nullopt;
  }
  if (ends_in_number(host)) {
    const auto address = parse_ipv4_loose(host);
    if (!address) return std::nullopt;
    return Host{ipv4_text(*address), true};
  }
  return Host{std::move(host), false};
}

std::optional<Address> parse_address(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_ipv6(text);
  const auto ipv4 = parse_ipv4(text);
  if (!ipv4) return std::nullopt;
  Address address{};
  address[10] = address[11] = 0xff;
  for (unsigned i = 0; i < 4; ++i) {
    address[12 + i] = static_cast<std::uint8_t>(*ipv4 >> (24 - 8 * i));
  }
  return address;
}

}  // namespace hob::http
