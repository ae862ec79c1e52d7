// SPDX-License-Identifier: MIT
// TlsTransport: TLS over another transport. Plain text goes in and out above, records below; what a
// caller sees is a Transport like any other, so TLS goes over TLS, too.
//
// Below it waits with nodes of its own, one for each direction, because both have a second use:
// what was encrypted is sent whenever the transport below can take it, with or without a writer who
// waits; and closing reads. It sends close_notify and waits for the peer's, dropping what comes
// before, because a socket that is closed with unread bytes resets the connection and takes with it
// what the peer has not read yet.
#pragma once

#include <hob/loop/event_loop.hpp>
#include <hob/stream/security_info.hpp>
#include <hob/stream/transport.hpp>

#include "tls/channel.hpp"
#include "tls/context_impl.hpp"
#include "tls/openssl.hpp"

#include <exception>
#include <string>

namespace hob::detail {

class TlsTransport final : public Transport {
 public:
  /// Takes over `lower`. Nothing else may be called before `handshake` is done. Throws SSLError and
  /// ValueError.
  TlsTransport(Ref<ContextImpl> context, Ref<Transport> lower, SecurityRequest&& request);
  static TlsTransport& of(const SSL* ssl) noexcept;

  /// Cancelled or failed, it leaves a transport that can only be closed. Throws SSLError, and what
  /// the transport below throws.
  static Coro<> handshake(Ref<TlsTransport> self);

  long try_read(char* data, std::size_t size) noexcept override;
  long try_write(const Slice* slices, std::size_t count) noexcept override;
  void wait(Direction direction, Node& node) noexcept override;
  void forget(Direction direction) noexcept override;
  int write_eof() noexcept override;
  bool can_write_eof() const noexcept override { return false; }
  int try_shutdown() noexcept override;
  void close() noexcept override;
  void abort() noexcept override;
  bool closed() const noexcept override { return closed_; }
  std::exception_ptr error(int code, Text operation) const override;
  void describe(ExtraInfo& info) const override;

  SecurityInfo info() const;

  // For the callbacks of the context.
  ContextImpl& context() const noexcept { return *context_.get(); }
  const std::string& session_key() const noexcept { return session_key_; }
  void switch_context(const Ref<ContextImpl>& context);
  void set_callback_error(std::exception_ptr error) noexcept { callback_error_ = std::move(error); }

 private:
  /// Waits below for one direction, for whoever waits here.
  struct Below : Node {
    enum class State : unsigned char { idle, waiting, ready };  // ready: made so by ourselves
    TlsTransport* owner = nullptr;
    Node* waiter = nullptr;
    Direction direction = kRead;
    State state = State::idle;
  };
  struct Timer : TimerNode {
    TlsTransport* owner = nullptr;
  };
  enum class Closing : unsigned char { no, sending, draining, done };

  ~TlsTransport() override;
  void set_up_client();
  [[noreturn]] void raise_handshake_error(int result);
  long end_reading(int result) noexcept;
  void end_writing(int result) noexcept;
  long encrypt(const Slice* slices, std::size_t count) noexcept;
  void flush() noexcept;
  int advance_closing() noexcept;
  int drain() noexcept;
  void finish_closing(int answer) noexcept;
  void start_timer() noexcept;
  void arm_below(Direction direction) noexcept;
  void arm_ready(Direction direction) noexcept;
  void disarm(Direction direction) noexcept;
  void shut(bool abruptly) noexcept;
  void set_verify(VerifyMode mode) noexcept;
  static int on_verify(int good, X509_STORE_CTX* store) noexcept;
  static void on_below(Node* node);
  void end_waits() noexcept;
  static void on_timeout(Node* node);

  Ref<ContextImpl> context_;
  Ref<ContextImpl> switched_;  // by SNI; OpenSSL's callbacks point to it
  Ref<LoopCore> core_;
  Channel channel_;
  SslPtr ssl_;
  ExpectedPeer expected_;
  std::string session_key_;
  Duration shutdown_timeout_;
  Below below_[2];
  Timer timer_;
  std::exception_ptr tls_error_;
  std::exception_ptr callback_error_;
  int read_answer_ = 0;   // once read_ended_
  int write_answer_ = 0;  // negative once writing has ended
  int close_answer_ = 0;
  Closing closing_ = Closing::no;
  bool read_ended_ = false;
  bool timed_out_ = false;
  bool closed_ = false;
};

}  // namespace hob::detail
