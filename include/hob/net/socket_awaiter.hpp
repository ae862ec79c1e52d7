// SPDX-License-Identifier: MIT
// The awaiters of the loop's sock_* functions. They are no coroutines: a call is tried, and only
// when the kernel says EAGAIN the task suspends; its node tries again when the loop runs it.
#pragma once

#include <hob/stream/extra_info.hpp>
#include <hob/task/awaitable.hpp>

#include <coroutine>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace hob {

class EventLoop;
class Socket;
struct Datagram;

namespace detail {

class Descriptor;
class SocketState;

/// One call of a socket, tried until it has an outcome. Lives in the frame of the coroutine that
/// awaits it. Throws OSError; RuntimeError when the socket is another loop's, or when another task
/// waits for the same side of it.
class [[nodiscard("a call of a socket does nothing until it is awaited")]] SocketAwaiter
    : public LibraryAwaiter {
 public:
  SocketAwaiter& operator=(const SocketAwaiter&) = delete;

  bool await_ready() noexcept;
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    suspend(self.promise());
  }

 protected:
  enum class Side : unsigned char { read, write };  // Descriptor's
  /// `size` is how much is asked for; 0 when a smaller count does not mean that there is no more.
  SocketAwaiter(EventLoop& loop, const Socket& socket, Side side, const char* operation,
                std::size_t size) noexcept;
  /// Only before it waits: g++ moves an awaiter on its way into the frame.
  SocketAwaiter(SocketAwaiter&& other) noexcept;
  ~SocketAwaiter();

  /// The call: a count or a descriptor, or -errno. `size` is `size_`; becomes less when it asks for
  /// less. A bad_alloc becomes ENOMEM.
  virtual long call(const Descriptor& on, std::size_t& size) = 0;
  /// After a call that gave `n`: whether there is another to make.
  virtual bool goes_on(long n) noexcept;
  /// What the last call gave; throws what ended it instead.
  long finish();

  EventLoop* loop_;
  std::size_t size_;

 private:
  enum class Problem : unsigned char { none, other_loop, busy };
  bool advance() noexcept;
  long attempt() noexcept;
  bool wait_again() noexcept;
  void suspend(PromiseBase& leaf) noexcept;
  void leave() noexcept;
  [[noreturn]] void raise();
  static void on_ready(Node* node);
  static bool cancel(TaskBase& task, const Ref<Message>& message) noexcept;
  static const WaitKind kKind;

  SocketState* socket_;  // counted
  Descriptor* descriptor_ = nullptr;
  TaskBase* task_ = nullptr;
  const char* operation_;
  long result_ = 0;
  Side side_;
  Problem problem_ = Problem::none;
  bool waiting_ = false;
};

class RecvAwaiter final : public SocketAwaiter {
 public:
  RecvAwaiter(EventLoop& loop, const Socket& socket, std::size_t size) noexcept
      : SocketAwaiter(loop, socket, Side::read, "recv", size) {}
  std::string await_resume() {
    finish();
    return std::move(bytes_);
  }

 private:
  long call(const Descriptor& on, std::size_t& size) override;
  std::string bytes_;
};

class RecvIntoAwaiter final : public SocketAwaiter {
 public:
  RecvIntoAwaiter(EventLoop& loop, const Socket& socket, char* data, std::size_t size) noexcept
      : SocketAwaiter(loop, socket, Side::read, "recv", size), data_(data) {}
  std::size_t await_resume() { return static_cast<std::size_t>(finish()); }

 private:
  long call(const Descriptor& on, std::size_t& size) override;
  char* data_;
};

class RecvFromAwaiter final : public SocketAwaiter {
 public:
  RecvFromAwaiter(EventLoop& loop, const Socket& socket, std::size_t size) noexcept
      : SocketAwaiter(loop, socket, Side::read, "recvfrom", size) {}
  Datagram await_resume();

 private:
  long call(const Descriptor& on, std::size_t& size) override;
  std::string bytes_;
  SocketAddress from_;
};

class SendAllAwaiter final : public SocketAwaiter {
 public:
  SendAllAwaiter(EventLoop& loop, const Socket& socket, std::string_view data) noexcept
      : SocketAwaiter(loop, socket, Side::write, "send", data.size()), data_(data.data()) {}
  void await_resume() { finish(); }

 private:
  long call(const Descriptor& on, std::size_t& size) override;
  bool goes_on(long n) noexcept override;
  const char* data_;
};

class AcceptAwaiter final : public SocketAwaiter {
 public:
  // As if it asked for nothing: a connection says nothing about how many are left.
  AcceptAwaiter(EventLoop& loop, const Socket& socket) noexcept
      : SocketAwaiter(loop, socket, Side::read, "accept", 0) {}
  std::pair<Socket, SocketAddress> await_resume();

 private:
  long call(const Descriptor& on, std::size_t& size) override;
  SocketAddress peer_;
};

}  // namespace detail
}  // namespace hob
