// SPDX-License-Identifier: MIT
#include "tls/channel.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace hob::detail {
namespace {

// Four records and what they cost; a batch of TlsTransport.
constexpr std::size_t kReserve = 66 * 1024;

Channel& channel_of(BIO* bio) noexcept { return *static_cast<Channel*>(BIO_get_data(bio)); }

}  // namespace

BIO_METHOD* Channel::method() noexcept {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hob transport");
    if (made) {
      BIO_meth_set_read(made, &Channel::on_read);
      BIO_meth_set_write(made, &Channel::on_write);
      BIO_meth_set_ctrl(made, &Channel::on_control);
    }
    return made;
  }();
  return method;
}

BIO* Channel::make_bio() noexcept {
  BIO* bio = BIO_new(method());
  if (!bio) return nullptr;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

int Channel::on_read(BIO* bio, char* data, int size) noexcept {
  BIO_clear_retry_flags(bio);
  return channel_of(bio).read(bio, data, size);
}

int Channel::on_write(BIO* bio, const char* data, int size) noexcept {
  BIO_clear_retry_flags(bio);
  return channel_of(bio).write(data, size);
}

long Channel::on_control(BIO* bio, int command, long, void*) noexcept {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return channel_of(bio).at_eof_ ? 1 : 0;
    default:
      return 0;
  }
}

int Channel::read(BIO* bio, char* data, int size) noexcept {
  if (size <= 0) return 0;
  if (taken_ < received_.size()) {
    const std::size_t count = std::min(static_cast<std::size_t>(size), received_.size() - taken_);
    std::memcpy(data, received_.data() + taken_, count);
    taken_ += count;
    if (taken_ == received_.size()) received_ = std::string();
    return static_cast<int>(count);
  }
  const long count = lower_->try_read(data, static_cast<std::size_t>(size));
  if (count > 0) return static_cast<int>(count);
  if (count == -EAGAIN) {
    BIO_set_retry_read(bio);
  } else if (count == 0) {
    at_eof_ = true;
  } else {
    read_error_ = static_cast<int>(count);
  }
  return count == 0 ? 0 : -1;
}

int Channel::write(const char* data, int size) noexcept {
  if (write_error_ != 0) return -1;
  const auto total = static_cast<std::size_t>(size);
  std::size_t done = 0;
  if (direct_ && !corked_ && out_.empty()) {
    const Slice slice{data, total};
    const long count = lower_->try_write(&slice, 1);
    if (count < 0 && count != -EAGAIN) {
      write_error_ = static_cast<int>(count);
      return -1;
    }
    if (count > 0) done = static_cast<std::size_t>(count);
  }
  return done == total || keep(data + done, total - done) ? size : -1;
}

bool Channel::keep(const char* data, std::size_t size) noexcept {
  if (out_.size() - sent_ + size > kKeepMax) {
    write_error_ = -ENOBUFS;
    return false;
  }
  try {
    if (corked_ && out_.empty()) out_.reserve(kReserve);
    out_.append(data, size);
  } catch (const std::bad_alloc&) {
    write_error_ = -ENOMEM;
    return false;
  }
  return true;
}

void Channel::flush() noexcept {
  corked_ = false;
  while (pending()) {
    const Slice slice{out_.data() + sent_, out_.size() - sent_};
    const long count = lower_->try_write(&slice, 1);
    if (count == -EAGAIN) return;
    if (count < 0) {
      write_error_ = static_cast<int>(count);
      break;
    }
    sent_ += static_cast<std::size_t>(count);
  }
  if (!out_.empty()) drop();
}

void Channel::drop() noexcept {
  out_ = std::string();
  sent_ = 0;
}

}  // namespace hob::detail
