// SPDX-License-Identifier: MIT
// The good-bye of TLS: close_notify goes out after everything else, then the peer's is waited for,
// as long as the shutdown timeout allows.
#include "tls/tls_transport.hpp"

#include <openssl/err.h>

#include <cerrno>

namespace hob::detail {
namespace {

// What is read and dropped at once before the loop gets its turn.
constexpr int kDrainReads = 16;

}  // namespace

int TlsTransport::try_shutdown() noexcept {
  if (closed_) return 0;
  if (closing_ == Closing::no) closing_ = Closing::sending;
  const int answer = advance_closing();
  if (answer == -EAGAIN) {
    start_timer();
  } else {
    finish_closing(answer);
  }
  return answer;
}

int TlsTransport::advance_closing() noexcept {
  if (closing_ == Closing::done) return close_answer_;
  if (closing_ == Closing::draining) return drain();
  flush();
  if (write_answer_ < 0) return write_answer_;
  if (channel_.pending()) return -EAGAIN;
  if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) == 0) {
    ERR_clear_error();
    // Refused only when the connection is broken already; then there is nobody to tell.
    if (SSL_shutdown(ssl_.get()) < 0) {
      ERR_clear_error();
      return 0;
    }
    flush();
    if (write_answer_ < 0) return write_answer_;
    if (channel_.pending()) return -EAGAIN;
  }
  closing_ = Closing::draining;
  const int answer = drain();
  return shutdown_timeout_ <= Duration() ? 0 : answer;
}

// Reads up to the peer's good-bye, or to the end or an error, which will do, too: everything of
// ours was taken.
int TlsTransport::drain() noexcept {
  char dropped[16 * 1024];
  for (int i = 0; i < kDrainReads; ++i) {
    const long count = try_read(dropped, sizeof dropped);
    if (count == -EAGAIN) {
      arm_below(kRead);
      return -EAGAIN;
    }
    if (count <= 0) {
      finish_closing(0);
      return 0;
    }
  }
  arm_ready(kRead);
  return -EAGAIN;
}

void TlsTransport::finish_closing(int answer) noexcept {
  if (closing_ == Closing::done) return;
  closing_ = Closing::done;
  close_answer_ = answer;
  if (core_->loop) cancel_timer(*core_->loop, timer_);
}

void TlsTransport::start_timer() noexcept {
  // No time is none for the peer; what is ours to send may take what it takes.
  if (shutdown_timeout_ <= Duration() || shutdown_timeout_.is_forever()) return;
  if (timer_.linked() || core_->closed) return;
  EventLoop& loop = *core_->loop;
  detail::start_timer(loop, timer_, (loop.time() + shutdown_timeout_).count_ns());
}

void TlsTransport::on_timeout(Node* node) {
  TlsTransport& self = *static_cast<Timer*>(static_cast<TimerNode*>(node))->owner;
  if (self.core_->closed || self.closed_ || self.closing_ == Closing::done) return;
  self.timed_out_ = true;
  self.finish_closing(-ETIMEDOUT);
  if (self.below_[kWrite].waiter) self.arm_ready(kWrite);
}

}  // namespace hob::detail
