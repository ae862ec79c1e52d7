// SPDX-License-Identifier: MIT
#include <hob/net/socket_awaiter.hpp>

#include "loop/loop_impl.hpp"
#include "net/socket_state.hpp"
#include "stream/address.hpp"

#include <hob/core/error.hpp>
#include <hob/core/raise.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/net/datagram.hpp>
#include <hob/net/socket.hpp>

#include <algorithm>
#include <cerrno>
#include <new>

namespace hob::detail {
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

/// Into a string that is as long as what came. Of a stream at most as much as the loop's buffer
/// holds: `size` becomes how much was asked for. Packets are whole, whatever their size.
template <class F>
long receive(LoopImpl& impl, bool stream, std::size_t& size, std::string& bytes, F into) {
  Borrowed buffer(impl);
  if (size > buffer.size() && !stream) {
    bytes.resize(size);
    const long n = into(bytes.data(), size);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return n;
  }
  const std::size_t wanted = std::exchange(size, std::min(size, buffer.size()));
  const long n = into(buffer.data(), size);
  if (n <= 0) return n;
  bytes.assign(buffer.data(), static_cast<std::size_t>(n));
  if (static_cast<std::size_t>(n) == size && size < wanted) impl.receive_buffer.was_too_small();
  return n;
}

}  // namespace

const WaitKind SocketAwaiter::kKind{&SocketAwaiter::cancel, "a socket"};

SocketAwaiter::SocketAwaiter(EventLoop& loop, const Socket& socket, Side side,
                             const char* operation, std::size_t size) noexcept
    : loop_(&loop),
      size_(size),
      socket_(socket ? &socket.state() : nullptr),
      operation_(operation),
      side_(side) {
  if (socket_) socket_->retain();
}
SocketAwaiter::SocketAwaiter(SocketAwaiter&& other) noexcept
    : loop_(other.loop_),
      size_(other.size_),
      socket_(std::exchange(other.socket_, nullptr)),
      operation_(other.operation_),
      side_(other.side_) {}
SocketAwaiter::~SocketAwaiter() {
  if (waiting_) [[unlikely]]
    leave();
  if (socket_) socket_->release();
}

bool SocketAwaiter::await_ready() noexcept {
  if (!socket_) {
    result_ = -EBADF;
    return true;
  }
  descriptor_ = socket_->descriptor_in(*loop_);
  if (!descriptor_) {
    problem_ = Problem::other_loop;
    return true;
  }
  return loop_->impl().may_hurry() && advance();
}

bool SocketAwaiter::goes_on(long) noexcept { return false; }

bool SocketAwaiter::advance() noexcept {
  do {
    result_ = attempt();
    if (result_ == -EAGAIN) return false;
  } while (result_ >= 0 && goes_on(result_));
  return true;
}

long SocketAwaiter::attempt() noexcept {
  const auto side = static_cast<Descriptor::Side>(side_);
  if (!descriptor_->may_try(side)) return descriptor_->refusal();
  std::size_t size = size_;
  long n = 0;
  try {
    do {
      n = call(*descriptor_, size);
    } while (n == -EINTR);
  } catch (const std::bad_alloc&) {
    return -ENOMEM;
  }
  descriptor_->tried(side, n, size);
  return n;
}

void SocketAwaiter::suspend(PromiseBase& leaf) noexcept {
  task_ = leaf.task;
  task_->begin_wait(leaf, kKind, this);
  task_->run = &on_ready;
  waiting_ = true;
  // Not tried yet: it is only to let others run. Nor is there a wait when another task has one.
  if (result_ != -EAGAIN || !wait_again()) loop_->core().ready.push_back(task_->node());
  task_->end_wait();
}

bool SocketAwaiter::wait_again() noexcept {
  const auto side = static_cast<Descriptor::Side>(side_);
  if (descriptor_->waited_for(side)) {
    problem_ = Problem::busy;
    return false;
  }
  descriptor_->wait(side, task_->node());
  return true;
}

void SocketAwaiter::on_ready(Node* node) {
  auto& self = *static_cast<SocketAwaiter*>(TaskBase::of(*node).wait_object());
  if (self.problem_ == Problem::none && !self.advance() && self.wait_again()) return;
  self.waiting_ = false;
  TaskBase::step(node);
}

bool SocketAwaiter::cancel(TaskBase& task, const Ref<Message>& message) noexcept {
  if (task.wake_pending()) return false;
  static_cast<SocketAwaiter*>(task.wait_object())->leave();
  task.set_wait_cancelled(message);
  task.wake();
  return true;
}

void SocketAwaiter::leave() noexcept {
  waiting_ = false;
  if (task_->node().linked()) {
    task_->node().unlink();
  } else {
    descriptor_->forget(static_cast<Descriptor::Side>(side_));
  }
}

long SocketAwaiter::finish() {
  if (task_) task_->finish_wait();
  if (result_ < 0 || problem_ != Problem::none) [[unlikely]]
    raise();
  return result_;
}

void SocketAwaiter::raise() {
  if (problem_ == Problem::other_loop)
    raise_runtime_error("the socket belongs to another event loop");
  if (problem_ == Problem::busy)
    raise_runtime_error("another task waits for this side of the socket already");
  throw OSError(static_cast<int>(-result_), operation_);
}

long RecvAwaiter::call(const Descriptor& on, std::size_t& size) {
  const auto into = [&on](char* to, std::size_t n) { return sys::recv(on.fd(), to, n); };
  return receive(loop_->impl(), on.is_stream(), size, bytes_, into);
}

long RecvIntoAwaiter::call(const Descriptor& on, std::size_t& size) {
  return sys::recv(on.fd(), data_, size);
}

long RecvFromAwaiter::call(const Descriptor& on, std::size_t& size) {
  sys::Address from;
  const auto into = [&](char* to, std::size_t n) { return sys::recv_from(on.fd(), to, n, from); };
  const long n = receive(loop_->impl(), on.is_stream(), size, bytes_, into);
  if (n >= 0) from_ = to_socket_address(from);
  return n;
}
Datagram RecvFromAwaiter::await_resume() {
  finish();
  return Datagram(std::move(bytes_), std::move(from_));
}

long SendAllAwaiter::call(const Descriptor& on, std::size_t& size) {
  return sys::send(on.fd(), data_, size);
}
bool SendAllAwaiter::goes_on(long n) noexcept {
  data_ += n;
  size_ -= static_cast<std::size_t>(n);
  return size_ > 0;
}

long AcceptAwaiter::call(const Descriptor& on, std::size_t&) {
  sys::Address peer;
  int accepted = 0;
  do {
    accepted = sys::accept(on.fd(), peer);
  } while (accepted == -ECONNABORTED);
  if (accepted < 0) return accepted;
  sys::Fd owned(accepted);
  peer_ = to_socket_address(peer);
  return owned.release();
}
std::pair<Socket, SocketAddress> AcceptAwaiter::await_resume() {
  return {Socket::adopt(static_cast<int>(finish())), std::move(peer_)};
}

}  // namespace hob::detail
