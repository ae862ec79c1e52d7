// SPDX-License-Identifier: MIT
// open_connection: a stream to a TCP server or to a Unix socket.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/text.hpp>
#include <hob/stream/extra_info.hpp>
#include <hob/stream/stream.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hob {

class Security;
class Socket;

/// Which addresses a name may stand for.
enum class AddressFamily : std::uint8_t { any, ipv4, ipv6 };

/// Options of open_connection. Texts are copied by the call.
struct ConnectionOptions {
  /// Of the reader: how long a line may be.
  std::size_t limit = StreamReader::kLimit;
  AddressFamily family = AddressFamily::any;
  /// Bind to this address and port first; "" and 0: the system chooses.
  Text local_host = {};
  std::uint16_t local_port = 0;
  /// With a delay, the next address is tried when one has not answered by then, and the first that
  /// answers wins (Happy Eyeballs, RFC 8305, which recommends 250ms). Forever: one after the other.
  Duration happy_eyeballs_delay = Duration::forever();
  /// How many addresses of the first family come before one of another. 0: as the resolver has
  /// them; by default 1 with a delay, else 0.
  int interleave = -1;
  /// Speak TLS: a hob::TlsContext. Borrowed until the connection is made.
  Security* ssl = nullptr;
  /// The name that the certificate must be for; "": the host.
  Text server_hostname = {};
  Duration ssl_handshake_timeout = Duration::nanoseconds(60'000'000'000);
  Duration ssl_shutdown_timeout = Duration::nanoseconds(30'000'000'000);
};

/// Connects to `host`, an address or a name, and `port`. Every address that the name stands for is
/// tried. Throws OSError: the error, when there is one or all are the same; else what all of them
/// say. GaiError for a name that cannot be resolved. Cancelling it leaves no connection behind.
/// Behaviour of asyncio.open_connection.
Coro<Stream> open_connection(Text host, std::uint16_t port, const ConnectionOptions& options = {});

/// The same with addresses that somebody else has looked up, in the order in which to try them.
/// `host` is the name for TLS and for texts.
Coro<Stream> open_connection(std::vector<SocketAddress> addresses, Text host,
                             const ConnectionOptions& options = {});

/// A stream over a socket that is connected already: one that was accepted, or inherited from
/// another program. Takes it over. Options as for a Unix socket. Throws ValueError for one that is
/// no stream socket. asyncio's `sock=`, and its connect_accepted_socket; the server's side of TLS
/// begins with `start_tls`.
Coro<Stream> open_connection(Socket socket, const ConnectionOptions& options = {});

/// Connects to a Unix stream socket. A path that begins with NUL is abstract. Of the options those
/// of the limit and of TLS count (TLS needs a server_hostname).
Coro<Stream> open_unix_connection(Text path, const ConnectionOptions& options = {});

}  // namespace hob
