// SPDX-License-Identifier: MIT
// Dialing: a new connection for a URL, through a proxy and with TLS where they are called for.
#pragma once

#include "http/session_state.hpp"

#include <hob/http/url.hpp>
#include <hob/stream/stream.hpp>
#include <hob/task/coro.hpp>

#include <optional>
#include <string>

namespace hob::http::detail {

/// Where a request goes.
struct ClientRoute {
  const Url* url = nullptr;  // of the hop, which outlives its dialing
  std::optional<Url> proxy;
  Ref<Security> security;   // of the request; null: the session's
  std::string fingerprint;  // that the certificate must have; empty: any

  /// Through a proxy as requests with absolute URLs, not through a tunnel.
  bool forwarded() const noexcept;
  /// What connections that can be swapped for each other have in common.
  std::string key(const SessionState& session) const;
};

/// Makes the connection. Throws ClientConnectorError and those below it, ClientHttpProxyError,
/// ServerFingerprintMismatch.
Coro<Stream> dial(Ref<SessionState> session, ClientRoute route, RequestTag tag);

}  // namespace hob::http::detail
