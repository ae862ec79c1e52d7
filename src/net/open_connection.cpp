// SPDX-License-Identifier: MIT
#include <hob/net/open_connection.hpp>

#include "net/happy_eyeballs.hpp"
#include "net/resolve.hpp"
#include "net/socket_state.hpp"
#include "stream/address.hpp"
#include "stream/descriptor_transport.hpp"
#include "stream/descriptor_wait.hpp"

#include <hob/core/error.hpp>
#include <hob/stream/security.hpp>
#include <hob/task/as_result.hpp>
#include <hob/task/sleep.hpp>

#include <cerrno>
#include <string>
#include <vector>

namespace hob {
namespace detail {
namespace {

constexpr Duration kBacklogPause = Duration::nanoseconds(1'000'000);

/// ConnectionOptions with texts of its own; not an aggregate.
struct Connecting {
  explicit Connecting(const ConnectionOptions& o)
      : options(o),
        local_host(o.local_host.data(), o.local_host.size()),
        server_hostname(o.server_hostname.data(), o.server_hostname.size()),
        ssl(o.ssl) {}
  ConnectionOptions options;
  std::string local_host;
  std::string server_hostname;
  Ref<Security> ssl;
};

OSError connect_error(int code, const sys::Address& to) {
  const SocketAddress address = to_socket_address(to);
  return OSError(-code, "connect to " + address.to_string());
}

void bind_local(int fd, const std::vector<sys::Address>& locals, const sys::Address& remote) {
  int result = -EADDRNOTAVAIL;
  for (const sys::Address& local : locals) {
    if (local.family() != remote.family()) continue;
    result = sys::bind(fd, local);
    if (result >= 0) return;
  }
  throw OSError(-result, "bind");
}

Coro<Ref<Transport>> connect_one(sys::Address remote, const std::vector<sys::Address>* locals) {
  const int fd = sys::open_socket(remote.family(), sys::kTypeStream, 0);
  if (fd < 0) throw OSError(-fd, "socket");
  const auto transport = DescriptorTransport::make_socket(get_running_loop(), sys::Fd(fd));
  if (locals && !locals->empty()) bind_local(fd, *locals, remote);
  int result = sys::connect(fd, remote);
  // A Unix server whose backlog is full: nothing tells when it no longer is.
  while (result == -EAGAIN) {
    co_await sleep(kBacklogPause);
    result = sys::connect(fd, remote);
  }
  if (result == -EINPROGRESS || result == -EINTR) {
    transport->descriptor().not_ready(Descriptor::kWrite);
    co_await DescriptorWait(transport->descriptor(), Descriptor::kWrite);
    const int error = sys::socket_error(fd);
    result = error > 0 ? -error : error;
  }
  if (result < 0) throw connect_error(result, remote);
  if (remote.family() != sys::kFamilyUnix) sys::set_no_delay(fd);
  co_return Ref<Transport>(transport.get());
}

Coro<Stream> finish_connection(Ref<Transport> transport, const Connecting& wanted,
                               std::string host) {
  if (wanted.ssl) {
    SecurityRequest request(wanted.server_hostname.empty() ? std::move(host)
                                                           : wanted.server_hostname);
    request.handshake_timeout = wanted.options.ssl_handshake_timeout;
    request.shutdown_timeout = wanted.options.ssl_shutdown_timeout;
    transport = co_await wanted.ssl->connect(std::move(transport), std::move(request));
  }
  co_return make_stream(std::move(transport), wanted.options.limit);
}

Coro<Stream> connect_addresses(std::vector<sys::Address> addresses, std::string host,
                               Connecting wanted) {
  const int family = family_of(wanted.options.family);
  std::vector<sys::Address> locals;
  if (!wanted.local_host.empty() || wanted.options.local_port != 0) {
    locals = co_await resolve(wanted.local_host, wanted.options.local_port, family, true);
  }
  const Duration delay = wanted.options.happy_eyeballs_delay;
  int first = wanted.options.interleave;
  if (first < 0) first = delay.is_forever() ? 0 : 1;
  Connect connect = [&locals](sys::Address address) { return connect_one(address, &locals); };
  Ref<Transport> transport =
      co_await connect_any(interleave(std::move(addresses), first), delay, std::move(connect));
  co_return co_await finish_connection(std::move(transport), wanted, std::move(host));
}

Coro<Stream> connect_tcp(std::string host, std::uint16_t port, Connecting wanted) {
  const int family = family_of(wanted.options.family);
  std::vector<sys::Address> addresses = co_await resolve(host, port, family, false);
  co_return co_await connect_addresses(std::move(addresses), std::move(host), std::move(wanted));
}

Coro<Stream> connect_unix(std::string path, Connecting wanted) {
  sys::Address address;
  if (!sys::Address::unix_path(path.data(), path.size(), address))
    throw OSError(ENAMETOOLONG, "AF_UNIX path");
  if (wanted.ssl && wanted.server_hostname.empty())
    throw ValueError("you have to pass server_hostname when using ssl");
  Ref<Transport> transport = co_await connect_one(address, nullptr);
  co_return co_await finish_connection(std::move(transport), wanted, {});
}

Coro<Stream> adopt(Socket socket, Connecting wanted) {
  if (wanted.ssl && wanted.server_hostname.empty())
    throw ValueError("you have to pass server_hostname when using ssl");
  sys::Fd fd = take_stream_socket(std::move(socket));
  sys::set_no_delay(fd.get());  // of no effect but for TCP
  Ref<Transport> transport =
      DescriptorTransport::make(get_running_loop(), std::move(fd), sys::FileKind::stream_socket);
  co_return co_await finish_connection(std::move(transport), wanted, {});
}

}  // namespace

sys::Fd take_stream_socket(Socket socket) {
  if (socket.fileno() < 0) throw OSError(EBADF, "a closed socket");
  if (sys::kind_of(socket.fileno()) != sys::FileKind::stream_socket)
    throw ValueError("A Stream Socket was expected");
  return sys::Fd(socket.detach());
}

}  // namespace detail

Coro<Stream> open_connection(Socket socket, const ConnectionOptions& options) {
  return detail::adopt(std::move(socket), detail::Connecting(options));
}

Coro<Stream> open_connection(Text host, std::uint16_t port, const ConnectionOptions& options) {
  return detail::connect_tcp(std::string(host.data(), host.size()), port,
                             detail::Connecting(options));
}

Coro<Stream> open_connection(std::vector<SocketAddress> addresses, Text host,
                             const ConnectionOptions& options) {
  std::vector<sys::Address> raw;
  raw.reserve(addresses.size());
  for (const SocketAddress& address : addresses) raw.push_back(detail::to_address(address));
  return detail::connect_addresses(std::move(raw), std::string(host.data(), host.size()),
                                   detail::Connecting(options));
}

Coro<Stream> open_unix_connection(Text path, const ConnectionOptions& options) {
  return detail::connect_unix(std::string(path.data(), path.size()), detail::Connecting(options));
}

}  // namespace hob
