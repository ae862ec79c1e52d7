// SPDX-License-Identifier: MIT
#include <hob/net/datagram.hpp>

#include "net/resolve.hpp"
#include "net/socket_state.hpp"
#include "stream/address.hpp"

#include <hob/core/error.hpp>
#include <hob/loop/event_loop.hpp>

#include <cerrno>
#include <string>
#include <vector>

namespace hob {
namespace {

/// DatagramOptions with texts of its own; not an aggregate.
struct Wanted {
  explicit Wanted(const DatagramOptions& o)
      : options(o),
        local_host(o.local_host.data(), o.local_host.size()),
        remote_host(o.remote_host.data(), o.remote_host.size()) {}
  DatagramOptions options;
  std::string local_host;
  std::string remote_host;
};

DatagramEndpoint open_endpoint(const Wanted& wanted, const sys::Address* local,
                               const sys::Address* remote) {
  const int family = remote ? remote->family() : local->family();
  Socket socket = Socket(family == sys::kFamilyInet ? Socket::Family::ipv4 : Socket::Family::ipv6,
                         SocketType::datagram);
  if (wanted.options.reuse_port) socket.set_reuse_port();
  if (wanted.options.allow_broadcast) socket.set_broadcast();
  if (local) socket.bind(detail::to_socket_address(*local));
  if (remote) {
    int result;
    do {
      result = sys::connect(socket.fileno(), *remote);
    } while (result == -EINTR);
    if (result < 0) {
      throw OSError(-result, "connect to " + detail::to_socket_address(*remote).to_string());
    }
  }
  return DatagramEndpoint(std::move(socket));
}

Coro<DatagramEndpoint> create_endpoint(Wanted wanted) {
  const int family = detail::family_of(wanted.options.family);
  const bool has_local = !wanted.local_host.empty() || wanted.options.local_port != 0;
  const bool has_remote = !wanted.remote_host.empty() || wanted.options.remote_port != 0;
  if (!has_local && !has_remote && wanted.options.family == AddressFamily::any)
    throw ValueError("unexpected address family");
  std::vector<sys::Address> locals;
  std::vector<sys::Address> remotes;
  if (has_local || !has_remote)
    locals = co_await detail::resolve(wanted.local_host, wanted.options.local_port, family, true);
  if (has_remote) {
    remotes =
        co_await detail::resolve(wanted.remote_host, wanted.options.remote_port, family, false);
  }
  // The first pair that works; of one that does not, the error of the last.
  std::exception_ptr error;
  for (const sys::Address& remote : remotes) {
    for (const sys::Address& local : locals) {
      if (local.family() != remote.family()) continue;
      try {
        co_return open_endpoint(wanted, &local, &remote);
      } catch (const OSError&) {
        error = std::current_exception();
      }
    }
    if (!locals.empty()) continue;
    try {
      co_return open_endpoint(wanted, nullptr, &remote);
    } catch (const OSError&) {
      error = std::current_exception();
    }
  }
  for (const sys::Address& local : locals) {
    if (has_remote) break;
    try {
      co_return open_endpoint(wanted, &local, nullptr);
    } catch (const OSError&) {
      error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
  throw ValueError("can not get address information");
}

}  // namespace

Coro<DatagramEndpoint> create_datagram_endpoint(const DatagramOptions& options) {
  return create_endpoint(Wanted(options));
}

detail::RecvFromAwaiter DatagramEndpoint::recvfrom(std::size_t size) {
  return get_running_loop().sock_recvfrom(socket_, size);
}

Coro<> DatagramEndpoint::sendto(std::string_view data, const SocketAddress& address) {
  return detail::send_packet(socket_, data, detail::to_address(address));
}
Coro<> DatagramEndpoint::send(std::string_view data) {
  return detail::send_packet(socket_, data, sys::Address());
}

}  // namespace hob
