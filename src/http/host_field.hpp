// SPDX-License-Identifier: MIT
// The value of a Host field, and the authority of a request-target.
#pragma once

#include <string_view>

namespace hob::http::detail {

/// Whether `text` is `uri-host [":" port]` (RFC 9110, 7.2); an empty host is one.
bool is_host_field(std::string_view text) noexcept;
/// The same with a host and a port, as CONNECT wants it (RFC 9112, 3.2.3).
bool is_host_and_port(std::string_view text) noexcept;

}  // namespace hob::http::detail
