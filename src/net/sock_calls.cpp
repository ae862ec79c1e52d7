// SPDX-License-Identifier: MIT
// The loop's sock_* functions: each tries its call, and waits only when the kernel says EAGAIN. A
// socket that is closed meanwhile ends the wait with EBADF.
#include "loop/loop_impl.hpp"
#include "net/socket_state.hpp"
#include "stream/address.hpp"
#include "stream/descriptor_wait.hpp"

#include <hob/core/error.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/net/datagram.hpp>
#include <hob/net/socket.hpp>
#include <hob/task/coro.hpp>
#include <hob/task/sleep.hpp>

#include <algorithm>
#include <cerrno>
#include <string>

namespace hob {
namespace detail {
namespace {

/// The loop's receive buffer for one call: nothing stays in it.
class Borrowed final : private ReceiveBuffer::User {
 public:
  explicit Borrowed(LoopImpl& impl) : buffer_(impl.receive_buffer), data_(buffer_.borrow(*this)) {
    if (!data_) throw std::bad_alloc();
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() { buffer_.give_back(*this); }
  char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return buffer_.capacity(); }

 private:
  bool move_out() noexcept override { return true; }
  ReceiveBuffer& buffer_;
  char* data_;
};

/// One try of a call; -EAGAIN without one when the descriptor is known not to be ready.
template <class F>
long attempt(Descriptor& descriptor, Descriptor::Side side, std::size_t size, F call) {
  if (!descriptor.may_try(side)) return descriptor.refusal();
  long n = 0;
  do {
    n = call(descriptor.fd());
  } while (n == -EINTR);
  descriptor.tried(side, n, size);
  return n;
}

long checked(long n, const char* operation) {
  if (n < 0) throw OSError(static_cast<int>(-n), operation);
  return n;
}

template <class F>
Coro<long> repeat(EventLoop& loop, Ref<SocketState> socket, Descriptor::Side side, std::size_t size,
                  const char* operation, F call) {
  if (!loop.impl().may_hurry()) co_await sleep(Duration());
  Descriptor& descriptor = socket->descriptor(loop);
  while (true) {
    const long n = attempt(descriptor, side, size, call);
    if (n != -EAGAIN) co_return checked(n, operation);
    co_await DescriptorWait(descriptor, side);
  }
}

Ref<SocketState> state_of(const Socket& socket) { return Ref<SocketState>(&socket.state()); }

Coro<std::string> receive(EventLoop& loop, Ref<SocketState> socket, std::size_t size,
                          sys::Address* from) {
  std::string bytes;
  const auto call = [&](int fd) -> long {
    sys::Address ignored;
    Borrowed buffer(loop.impl());
    const bool fits = size <= buffer.size();
    if (!fits) bytes.resize(size);
    char* to = fits ? buffer.data() : bytes.data();
    const long n = sys::recv_from(fd, to, size, from ? *from : ignored);
    if (n > 0 && fits) bytes.assign(to, static_cast<std::size_t>(n));
    return n;
  };
  const long n = co_await repeat(loop, socket, Descriptor::kRead, size, "recv", call);
  bytes.resize(static_cast<std::size_t>(n));
  co_return bytes;
}

Coro<Datagram> receive_from(EventLoop& loop, Ref<SocketState> socket, std::size_t size) {
  sys::Address from;
  std::string bytes = co_await receive(loop, socket, size, &from);
  co_return Datagram(std::move(bytes), to_socket_address(from));
}

Coro<std::size_t> send_one(EventLoop& loop, Ref<SocketState> socket, std::string_view data,
                           sys::Address to) {
  const auto call = [&](int fd) { return sys::send_to(fd, data.data(), data.size(), to); };
  const long n = co_await repeat(loop, socket, Descriptor::kWrite, data.size(), "sendto", call);
  co_return static_cast<std::size_t>(n);
}

}  // namespace

Coro<> send_packet(const Socket& socket, std::string_view data, sys::Address to) {
  co_await send_one(get_running_loop(), state_of(socket), data, to);
}

}  // namespace detail

using detail::Descriptor;

Coro<std::string> EventLoop::sock_recv(Socket& socket, std::size_t size) {
  return detail::receive(*this, detail::state_of(socket), size, nullptr);
}

Coro<std::size_t> EventLoop::sock_recv_into(Socket& socket, char* data, std::size_t size) {
  const auto call = [=](int fd) { return sys::recv(fd, data, size); };
  co_return static_cast<std::size_t>(co_await detail::repeat(
      *this, detail::state_of(socket), Descriptor::kRead, size, "recv", call));
}

Coro<Datagram> EventLoop::sock_recvfrom(Socket& socket, std::size_t size) {
  return detail::receive_from(*this, detail::state_of(socket), size);
}

Coro<> EventLoop::sock_sendall(Socket& socket, std::string_view data) {
  while (!data.empty()) {
    const auto call = [&data](int fd) { return sys::send(fd, data.data(), data.size()); };
    const long n = co_await detail::repeat(*this, detail::state_of(socket), Descriptor::kWrite,
                                           data.size(), "send", call);
    data.remove_prefix(static_cast<std::size_t>(n));
  }
}

Coro<std::size_t> EventLoop::sock_sendto(Socket& socket, std::string_view data,
                                         const SocketAddress& address) {
  return detail::send_one(*this, detail::state_of(socket), data, detail::to_address(address));
}

Coro<> EventLoop::sock_connect(Socket& socket, const SocketAddress& address) {
  const sys::Address to = detail::to_address(address);
  const std::string operation = "connect to " + address.to_string();
  const auto state = detail::state_of(socket);
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

Coro<std::pair<Socket, SocketAddress>> EventLoop::sock_accept(Socket& socket) {
  sys::Address peer;
  const auto call = [&peer](int fd) -> long {
    int accepted = 0;
    do {
      accepted = sys::accept(fd, peer);
    } while (accepted == -ECONNABORTED);
    return accepted;
  };
  // As if a count: descriptors say nothing about how many are left.
  const long fd = co_await detail::repeat(*this, detail::state_of(socket), Descriptor::kRead, 0,
                                          "accept", call);
  co_return std::pair<Socket, SocketAddress>(Socket::adopt(static_cast<int>(fd)),
                                             detail::to_socket_address(peer));
}

Coro<std::size_t> EventLoop::sock_sendfile(Socket& socket, int file, std::int64_t offset,
                                           std::size_t count) {
  constexpr std::size_t kAtOnce = 1 << 20;
  std::size_t sent = 0;
  while (sent < count) {
    const std::size_t size = std::min(count - sent, kAtOnce);
    const auto call = [&](int fd) { return sys::send_file(fd, file, &offset, size); };
    const long n = co_await detail::repeat(*this, detail::state_of(socket), Descriptor::kWrite, 0,
                                           "sendfile", call);
    if (n == 0) break;
    sent += static_cast<std::size_t>(n);
  }
  co_return sent;
}

}  // namespace hob
