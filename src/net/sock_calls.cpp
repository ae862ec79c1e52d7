// SPDX-License-Identifier: MIT
// The loop's sock_* functions. Those that are called for each message are awaiters
// (socket_awaiter.cpp); the others are coroutines around one.
#include "net/socket_state.hpp"
#include "stream/address.hpp"
#include "stream/descriptor_wait.hpp"

#include <hob/core/error.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/net/datagram.hpp>
#include <hob/net/socket.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/ensure_future.hpp>
#include <hob/task/sleep.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace hob {
namespace detail {
namespace {

class SendToAwaiter final : public SocketAwaiter {
 public:
  SendToAwaiter(EventLoop& loop, const Socket& socket, std::string_view data,
                sys::Address to) noexcept
      : SocketAwaiter(loop, socket, Side::write, "sendto", data.size()),
        data_(data.data()),
        to_(to) {}
  std::size_t await_resume() { return static_cast<std::size_t>(finish()); }

 private:
  long call(const Descriptor& on, std::size_t& size) override {
    return sys::send_to(on.fd(), data_, size, to_);
  }
  const char* data_;
  sys::Address to_;
};

/// One call of sendfile(2): the kernel sends as much as there is room for.
class SendFileAwaiter final : public SocketAwaiter {
 public:
  SendFileAwaiter(EventLoop& loop, const Socket& socket, int file, std::int64_t& offset,
                  std::size_t count) noexcept
      : SocketAwaiter(loop, socket, Side::write, "sendfile", 0),
        offset_(&offset),
        count_(count),
        file_(file) {}
  std::size_t await_resume() { return static_cast<std::size_t>(finish()); }

 private:
  long call(const Descriptor& on, std::size_t&) override {
    return sys::send_file(on.fd(), file_, offset_, count_);
  }
  std::int64_t* offset_;
  std::size_t count_;
  int file_;
};

Coro<> send_one(SendToAwaiter send) { co_await std::move(send); }

}  // namespace

Coro<> send_packet(const Socket& socket, std::string_view data, sys::Address to) {
  return send_one(SendToAwaiter(get_running_loop(), socket, data, to));
}

}  // namespace detail

using detail::Descriptor;

detail::RecvAwaiter EventLoop::sock_recv(Socket& socket, std::size_t size) noexcept {
  return {*this, socket, size};
}
detail::RecvIntoAwaiter EventLoop::sock_recv_into(Socket& socket, char* data,
                                                  std::size_t size) noexcept {
  return {*this, socket, data, size};
}
detail::RecvFromAwaiter EventLoop::sock_recvfrom(Socket& socket, std::size_t size) noexcept {
  return {*this, socket, size};
}
detail::SendAllAwaiter EventLoop::sock_sendall(Socket& socket, std::string_view data) noexcept {
  return {*this, socket, data};
}
detail::AcceptAwaiter EventLoop::sock_accept(Socket& socket) noexcept { return {*this, socket}; }

Coro<std::size_t> EventLoop::sock_sendto(Socket& socket, std::string_view data,
                                         const SocketAddress& address) {
  return detail::await_whole(
      detail::SendToAwaiter(*this, socket, data, detail::to_address(address)));
}

Coro<> EventLoop::sock_connect(Socket& socket, const SocketAddress& address) {
  const sys::Address to = detail::to_address(address);
  const std::string operation = "connect to " + address.to_string();
  const detail::Ref<detail::SocketState> state(&socket.state());
  Descriptor& descriptor = state->descriptor(*this);
  int result = sys::connect(descriptor.fd(), to);
  while (result == -EAGAIN) {  // the backlog of a Unix server: nothing tells when there is room
    co_await sleep(Duration::nanoseconds(1'000'000));
    result = sys::connect(descriptor.fd(), to);
  }
  if (result == -EINPROGRESS || result == -EINTR) {
    descriptor.not_ready(Descriptor::kWrite);
    co_await detail::DescriptorWait(descriptor, Descriptor::kWrite);
    const int error = sys::socket_error(descriptor.fd());
    result = error > 0 ? -error : error;
  }
  if (result < 0) throw OSError(-result, operation);
}

Coro<std::size_t> EventLoop::sock_sendfile(Socket& socket, int file, std::int64_t offset,
                                           std::size_t count) {
  constexpr std::size_t kAtOnce = 1 << 20;
  std::size_t sent = 0;
  while (sent < count) {
    const std::size_t size = std::min(count - sent, kAtOnce);
    const std::size_t n = co_await detail::SendFileAwaiter(*this, socket, file, offset, size);
    if (n == 0) break;
    sent += n;
  }
  co_return sent;
}

}  // namespace hob
