// SPDX-License-Identifier: MIT
// The host of a URL in its one normal form, and addresses as numbers (for no_proxy and cookies).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hob::http {

struct Host {
  std::string text;  // lower case; an IPv6 address in brackets
  bool is_address = false;
};

/// `text` as it stands in a URL: escapes, international letters, all notations of IPv4 addresses.
/// Empty optional when it is no host.
std::optional<Host> parse_host(std::string_view text);

/// 16 bytes; IPv4 addresses as `::ffff:a.b.c.d`.
using Address = std::array<std::uint8_t, 16>;
/// An address in its usual notation, without brackets, zone or port; the others give nothing.
std::optional<Address> parse_address(std::string_view text);

}  // namespace hob::http
