// SPDX-License-Identifier: MIT
// What is said to a proxy before it lets bytes through: CONNECT, and SOCKS 5.
#pragma once

#include <hob/http/headers.hpp>
#include <hob/http/url.hpp>
#include <hob/stream/stream.hpp>
#include <hob/task/coro.hpp>

namespace hob::http::detail {

/// Whether the URL is that of a SOCKS 5 proxy. The proxy resolves names: `socks5` means the same as
/// curl's `socks5h`.
bool is_socks(const Url& proxy) noexcept;
/// `host:port`, for messages and for CONNECT.
std::string peer_of(const Url& url);

/// Asks for a tunnel to `to` (RFC 9110, 9.3.6): what comes behind a successful answer is the
/// tunnel's, and stays in the stream. Throws ClientHttpProxyError when the proxy refuses or answers
/// nonsense, ClientProxyConnectionError when it closes.
Coro<> open_tunnel(Stream stream, Url proxy, Url to, Headers fields);

/// The same with a SOCKS 5 proxy (RFC 1928), with user and password of its URL (RFC 1929). Throws
/// ClientProxyConnectionError, and IncompleteReadError when it closes.
Coro<> open_socks(Stream stream, Url proxy, Url to);

}  // namespace hob::http::detail
