// SPDX-License-Identifier: MIT
// Which fields may come behind a body.
#pragma once

#include <string_view>

#include "http/scan.hpp"

namespace hob::http::detail {

/// Fields that decide about framing, routing or content come too late in trailers (RFC 9110,
/// 6.5.1): whoever reads them late reads another message than who read them in time.
inline bool may_be_trailer(std::string_view name) noexcept {
  for (const std::string_view never :
       {"transfer-encoding", "content-length", "host", "connection", "trailer", "content-encoding",
        "content-type", "content-range", "te", "upgrade", "expect", "set-cookie"})
    if (is_name(name, never)) return false;
  return true;
}

}  // namespace hob::http::detail
