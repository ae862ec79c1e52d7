// SPDX-License-Identifier: MIT
// Plain text in and out, and who waits for what. Handshake and good-bye are in files of their own.
#include "tls/tls_transport.hpp"

#include <hob/core/error.hpp>

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace hob::detail {
namespace {

constexpr std::size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;
// How much is encrypted at once, at most: what a peer that does not read makes us keep.
constexpr std::size_t kBatch = 4 * kRecord;

int own_index() noexcept {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Cuts slices into records: large ones as they are, small ones joined.
class Records {
 public:
  Records(const Slice* slices, std::size_t count) noexcept : next_(slices), end_(slices + count) {
    skip_empty();
  }
  bool more() const noexcept { return next_ != end_; }
  Slice take() noexcept {
    const Slice piece{next_->data + offset_, std::min(next_->size - offset_, kRecord)};
    if (piece.size == kRecord || next_ + 1 == end_) {
      advance(piece.size);
      return piece;
    }
    std::size_t size = 0;
    while (more() && size < kRecord) {
      const std::size_t count = std::min(next_->size - offset_, kRecord - size);
      std::memcpy(joined_ + size, next_->data + offset_, count);
      size += count;
      advance(count);
    }
    return {joined_, size};
  }

 private:
  void advance(std::size_t count) noexcept {
    offset_ += count;
    skip_empty();
  }
  void skip_empty() noexcept {
    while (next_ != end_ && offset_ == next_->size) {
      ++next_;
      offset_ = 0;
    }
  }

  const Slice* next_;
  const Slice* end_;
  std::size_t offset_ = 0;  // in *next_
  char joined_[kRecord];
};

}  // namespace

TlsTransport::TlsTransport(Ref<ContextImpl> context, Ref<Transport> lower,
                           SecurityRequest&& request)
    : context_(std::move(context)),
      core_(&get_running_loop().core()),
      channel_(std::move(lower), std::move(request.received)),
      ssl_(SSL_new(context_->ssl_ctx())),
      expected_{std::move(request.server_hostname)},
      shutdown_timeout_(request.shutdown_timeout) {
  for (const Direction direction : {kRead, kWrite}) {
    Below& below = below_[direction];
    below.run = &TlsTransport::on_below;
    below.owner = this;
    below.direction = direction;
  }
  timer_.run = &TlsTransport::on_timeout;
  timer_.owner = this;
  BIO* bio = channel_.make_bio();
  if (!ssl_ || !bio || SSL_set_ex_data(ssl_.get(), own_index(), this) != 1) {
    BIO_free(bio);
    raise_openssl_error("a connection cannot be made");
  }
  SSL_set_bio(ssl_.get(), bio, bio);
  set_verify(context_->verify_mode);
  if (context_->role() == TlsRole::client) {
    set_up_client();
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
}

TlsTransport::~TlsTransport() {
  if (!closed_) shut(false);
  disarm(kRead);
  disarm(kWrite);
}

TlsTransport& TlsTransport::of(const SSL* ssl) noexcept {
  return *static_cast<TlsTransport*>(SSL_get_ex_data(ssl, own_index()));
}

void TlsTransport::switch_context(const Ref<ContextImpl>& context) {
  switched_ = context;
  SSL_set_SSL_CTX(ssl_.get(), context->ssl_ctx());
  set_verify(context->verify_mode);
}

long TlsTransport::try_read(char* data, std::size_t size) noexcept {
  if (closed_) return -EBADF;
  if (read_ended_) return read_answer_;
  std::size_t total = 0;
  do {
    std::size_t count = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), data + total, size - total, &count);
    if (result != 1) {
      const bool dry = SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
      const long answer = dry ? -EAGAIN : end_reading(result);
      flush();  // a reply, or the alert that tells the peer what is wrong
      return total > 0 ? static_cast<long>(total) : answer;
    }
    total += count;
    // Another look below would be a system call for nothing: only what is here already.
  } while (total < size && SSL_has_pending(ssl_.get()) == 1);
  return static_cast<long>(total);
}

// Remembers why reading has ended, and gives the answer that it has from now on.
long TlsTransport::end_reading(int result) noexcept {
  read_ended_ = true;
  if (closing_ == Closing::draining) {  // a reader came to see the peer's good-bye
    finish_closing(0);
    if (below_[kWrite].waiter) arm_ready(kWrite);
  }
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_ZERO_RETURN) return read_answer_ = 0;
  if (std::exception_ptr error = take_ssl_error(ssl_.get(), result, expected_)) {
    tls_error_ = std::move(error);
    return read_answer_ = -EPROTO;
  }
  if (channel_.read_error() != 0) return read_answer_ = channel_.read_error();
  return read_answer_ = channel_.write_error() != 0 ? channel_.write_error() : -EPROTO;
}

long TlsTransport::try_write(const Slice* slices, std::size_t count) noexcept {
  if (closed_) return -EBADF;
  if (write_answer_ < 0) return write_answer_;
  if (closing_ != Closing::no) return -EPIPE;
  if (channel_.pending()) {
    if (below_[kWrite].state == Below::State::waiting) return -EAGAIN;
    flush();
    if (write_answer_ < 0) return write_answer_;
    if (channel_.pending()) return -EAGAIN;
  }
  const long total = encrypt(slices, count);
  flush();
  return write_answer_ < 0 ? write_answer_ : total;
}

long TlsTransport::encrypt(const Slice* slices, std::size_t count) noexcept {
  Records records(slices, count);
  std::size_t total = 0;
  while (records.more() && total < kBatch) {
    const Slice record = records.take();
    if (records.more()) channel_.cork();
    std::size_t written = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_.get(), record.data, record.size, &written);
    if (result != 1) {
      end_writing(result);
      break;
    }
    total += record.size;
  }
  return static_cast<long>(total);
}

void TlsTransport::end_writing(int result) noexcept {
  std::exception_ptr error = take_ssl_error(ssl_.get(), result, expected_);
  write_answer_ = channel_.write_error() != 0 ? channel_.write_error() : -EPROTO;
  if (write_answer_ == -EPROTO && error && !tls_error_) tls_error_ = std::move(error);
}

// After every call that may have written: sends, and waits below for the rest.
void TlsTransport::flush() noexcept {
  if (below_[kWrite].state != Below::State::waiting) channel_.flush();
  if (channel_.write_error() != 0 && write_answer_ == 0) {
    write_answer_ = channel_.write_error();
    // A handshake that waits for an answer will not get one.
    if (SSL_in_init(ssl_.get()) == 1 && below_[kRead].waiter) arm_ready(kRead);
  }
  if (channel_.pending()) arm_below(kWrite);
}

void TlsTransport::wait(Direction direction, Node& node) noexcept {
  Below& below = below_[direction];
  below.waiter = &node;
  if (closed_) return arm_ready(direction);
  if (direction == kRead) {
    const bool known = read_ended_ || SSL_pending(ssl_.get()) > 0;
    return known ? arm_ready(kRead) : arm_below(kRead);
  }
  if (closing_ == Closing::draining) return arm_below(kRead);
  const bool known = write_answer_ < 0 || closing_ == Closing::done || !channel_.pending();
  return known ? arm_ready(kWrite) : arm_below(kWrite);
}

void TlsTransport::forget(Direction direction) noexcept {
  below_[direction].waiter = nullptr;
  const bool needed = direction == kRead ? closing_ == Closing::draining : channel_.pending();
  if (!needed) disarm(direction);
}

void TlsTransport::arm_below(Direction direction) noexcept {
  Below& below = below_[direction];
  if (below.state != Below::State::idle) return;
  below.state = Below::State::waiting;
  channel_.lower().wait(direction, below);
}

void TlsTransport::arm_ready(Direction direction) noexcept {
  Below& below = below_[direction];
  if (below.state == Below::State::ready) return;
  disarm(direction);
  below.state = Below::State::ready;
  core_->ready.push_back(below);
}

void TlsTransport::disarm(Direction direction) noexcept {
  Below& below = below_[direction];
  if (below.state == Below::State::waiting) channel_.lower().forget(direction);
  if (below.state == Below::State::ready) below.unlink();
  below.state = Below::State::idle;
}

// The waiter runs in the place of our own node: at most one of the two is in the ready queue.
void TlsTransport::on_below(Node* node) {
  auto& below = *static_cast<Below*>(node);
  TlsTransport& self = *below.owner;
  below.state = Below::State::idle;
  if (self.core_->closed) return self.end_waits();
  if (!self.closed_) {
    if (below.direction == kWrite) {
      self.flush();
      if (self.channel_.pending()) return;
    } else if (self.closing_ == Closing::draining) {
      self.drain();
    }
  }
  if (Node* waiter = std::exchange(below.waiter, nullptr)) waiter->run(waiter);
}

// The loop is closed: a stream that was closing ends, and lets go of the descriptor.
void TlsTransport::end_waits() noexcept {
  const Ref<TlsTransport> alive(this);
  for (Below& below : below_) {
    if (Node* waiter = std::exchange(below.waiter, nullptr)) waiter->run(waiter);
  }
}

int TlsTransport::write_eof() noexcept { return -EOPNOTSUPP; }

void TlsTransport::close() noexcept { shut(false); }
void TlsTransport::abort() noexcept { shut(true); }

void TlsTransport::shut(bool abruptly) noexcept {
  if (std::exchange(closed_, true)) return;
  if (core_->loop) cancel_timer(*core_->loop, timer_);
  for (const Direction direction : {kRead, kWrite}) {
    disarm(direction);
    if (below_[direction].waiter) arm_ready(direction);
  }
  channel_.drop();
  if (abruptly) {
    channel_.lower().abort();
  } else {
    channel_.lower().close();
  }
}

std::exception_ptr TlsTransport::error(int code, Text operation) const {
  if (code == -EPROTO && tls_error_) return tls_error_;
  if (code == -ETIMEDOUT && timed_out_)
    return std::make_exception_ptr(TimeoutError("SSL shutdown timed out"));
  if (code == channel_.read_error() || code == channel_.write_error())
    return channel_.lower().error(code, operation);
  return Transport::error(code, operation);
}

}  // namespace hob::detail
