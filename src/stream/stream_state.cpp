// SPDX-License-Identifier: MIT
// The reading half, and the life of the state; the writing half is in stream_output.cpp.
#include "stream/stream_state.hpp"

#include "loop/loop_impl.hpp"

#include <hob/core/raise.hpp>
#include <hob/stream/stream.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace hob {
namespace detail {
namespace {

constexpr int kReceivesMax = 32;  // in one turn

}  // namespace

void StreamRef::retain() const noexcept { state_->retain(); }
void StreamRef::release() noexcept { state_->release(); }

StreamState::StreamState(EventLoop& loop, Ref<Transport> transport, std::size_t limit) noexcept
    : core_(&loop.core()), transport_(std::move(transport)), limit_(limit) {
  FlushNode::run = &run_flush;
}

StreamState::~StreamState() {
  if (flush_node().linked()) flush_node().unlink();
  if (core_->loop) shared().give_back(*this);
  free_own();
  std::free(out_);
}

void StreamState::abandoned() noexcept {
  refs_ = 1;
  if (transport_ && !ended_) close();
  if (--refs_ == 0) delete this;
}

void StreamState::join(ConnectionSet& set) noexcept {
  set_ = &set;
  set.retain();
  set.streams.push_back(static_cast<ConnectionLink&>(*this));
}

// The loop's buffer.

ReceiveBuffer& StreamState::shared() const noexcept { return core_->loop->impl().receive_buffer; }

bool StreamState::uses_shared() const noexcept {
  return size_ != 0 && own_ == nullptr && core_->loop && shared().used_by(*this);
}

bool StreamState::move_out() noexcept {
  const std::size_t skip = std::exchange(lent_, 0);
  size_ -= skip;
  if (size_ == 0) {
    data_ = nullptr;
    return true;
  }
  char* own = static_cast<char*>(std::malloc(size_));
  if (!own) {
    size_ += skip;
    lent_ = skip;
    return false;
  }
  own_capacity_ = size_;
  data_ = static_cast<char*>(std::memcpy(own, data_ + skip, size_));
  own_ = own;
  return true;
}

void StreamState::free_own() noexcept {
  std::free(std::exchange(own_, nullptr));
  own_capacity_ = 0;
}

void StreamState::consume(std::size_t count) noexcept {
  data_ += count;
  size_ -= count;
  lent_ = 0;
  if (size_ != 0) return;
  data_ = nullptr;
  if (own_) {
    free_own();
  } else if (core_->loop) {
    shared().give_back(*this);
  }
}

// Makes room for `more` bytes behind those that are there, in memory of our own.
bool StreamState::make_room(std::size_t more) noexcept {
  if (own_ == nullptr) {  // out of the loop's buffer, if anything is there
    char* own = static_cast<char*>(std::malloc(size_ + more));
    if (!own) return false;
    if (size_ != 0) std::memcpy(own, data_, size_);
    if (core_->loop) shared().give_back(*this);
    own_ = data_ = own;
    own_capacity_ = size_ + more;
    return true;
  }
  const auto used = static_cast<std::size_t>(data_ - own_);
  if (own_capacity_ - used - size_ >= more) return true;
  if (own_capacity_ - size_ >= more && used >= size_) {
    data_ = static_cast<char*>(std::memcpy(own_, data_, size_));
    return true;
  }
  const std::size_t capacity = std::max(size_ + more, own_capacity_ + own_capacity_ / 2);
  char* own = static_cast<char*>(std::malloc(capacity));
  if (!own) return false;
  std::memcpy(own, data_, size_);
  std::free(std::exchange(own_, own));
  data_ = own;
  own_capacity_ = capacity;
  return true;
}

// Brings a few bytes to where there is room behind them: the front of the loop's buffer.
bool StreamState::move_in() noexcept {
  ReceiveBuffer& buffer = shared();
  if (own_ == nullptr) {
    if (static_cast<std::size_t>(buffer.end() - data_) >= buffer.capacity() / 2) return true;
    data_ = static_cast<char*>(std::memmove(buffer.begin(), data_, size_));
    return true;
  }
  char* to = buffer.borrow(*this);
  if (!to) return false;
  data_ = static_cast<char*>(std::memcpy(to, data_, size_));
  free_own();
  return true;
}

// Receives up to `most` bytes; `more` of them are known to be missing.
long StreamState::receive(std::size_t more, std::size_t most) noexcept {
  constexpr std::size_t kFew = 4096;
  if (!transport_) return -EAGAIN;
  if (core_->closed) return -EBADF;
  ReceiveBuffer& buffer = shared();
  const bool was_empty = size_ == 0;
  char* at = nullptr;
  std::size_t room = 0;
  if (was_empty) {
    at = buffer.borrow(*this);
    if (!at) return -ENOMEM;
    room = buffer.capacity();
  } else if (size_ <= kFew && more <= buffer.capacity() / 2 - kFew) {
    if (!move_in()) return -ENOMEM;
    at = data_ + size_;
    room = static_cast<std::size_t>(buffer.end() - at);
  } else {
    room = std::min(std::max({more, size_, kFew}), most);
    if (!make_room(room)) return -ENOMEM;
    at = data_ + size_;
  }
  const long n = transport_->try_read(at, std::min(room, most));
  if (n <= 0) {
    if (was_empty) buffer.give_back(*this);
    return n;
  }
  if (was_empty) {
    data_ = at;
    if (static_cast<std::size_t>(n) == buffer.capacity()) buffer.was_too_small();
  }
  size_ += static_cast<std::size_t>(n);
  return n;
}

// Reads.

bool StreamState::advance(ReadAwaiter& read) noexcept {
  using What = ReadAwaiter::What;
  drop_lent();
  if (error_) {
    read.state_ = ReadAwaiter::State::failed;
    return true;
  }
  read.soon_ = false;
  for (int receives = 0; !decide(read); ++receives) {
    if (receives == kReceivesMax) {  // a peer that is faster than we are
      read.soon_ = true;
      return false;
    }
    // Not much more than twice the limit is kept for a reader that takes little at a time.
    const bool everything = read.what_ == What::view || read.what_ == What::all;
    const std::size_t missing = read.size_ > size_ ? read.size_ - size_ : 1;
    const std::size_t most =
        everything ? SIZE_MAX : std::max(missing, 2 * limit_ > size_ ? 2 * limit_ - size_ : 1);
    const long n = receive(missing, most);
    if (n == -EAGAIN) return false;
    if (n < 0) {
      fail(transport_ ? transport_->error(static_cast<int>(n), "recv") : nullptr);
      read.state_ = ReadAwaiter::State::failed;
      return true;
    }
    if (n == 0) {
      eof_ = true;
      // Without a half-close the end of one direction is the end of both.
      if (!transport_->can_write_eof()) close();
    }
  }
  return true;
}

bool StreamState::decide(ReadAwaiter& read) noexcept {
  using What = ReadAwaiter::What;
  using State = ReadAwaiter::State;
  switch (read.what_) {
    case What::some:
      if (size_ == 0 && !eof_ && read.size_ != 0) return false;
      read.taken_ = std::min(read.size_, size_);
      break;
    case What::all:
      if (!eof_) return false;
      read.taken_ = size_;
      break;
    case What::view:
      if (size_ < read.size_ && !eof_) return false;
      read.taken_ = size_;
      break;
    case What::exactly:
      if (size_ < read.size_ && !eof_) return false;
      read.taken_ = std::min(read.size_, size_);
      read.state_ = size_ < read.size_ ? State::incomplete : State::done;
      return true;
    case What::line:
    case What::until:
      return find_separator(read);
  }
  read.state_ = State::done;
  return true;
}

// asyncio's readuntil: of several separators that which ends first; `scanned_` is where the next
// search begins, as a separator may have arrived in part.
bool StreamState::find_separator(ReadAwaiter& read) noexcept {
  using State = ReadAwaiter::State;
  static constexpr Text kNewline("\n", 1);
  const bool line = read.what_ == ReadAwaiter::What::line;
  const Text* separators = line ? &kNewline : read.separators_;
  const std::size_t count = line ? 1 : read.separator_count_;
  const std::string_view bytes(data_, size_);
  std::size_t start = 0;
  std::size_t end = SIZE_MAX;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view separator(separators[i].data(), separators[i].size());
    if (separator.empty()) {
      read.state_ = State::misused;
      return true;
    }
    longest = std::max(longest, separator.size());
    const std::size_t at = bytes.find(separator, read.scanned_);
    if (at == bytes.npos || at + separator.size() > end) continue;
    if (at + separator.size() == end && at < start) continue;  // of two, the shorter one
    start = at;
    end = at + separator.size();
  }
  if (end != SIZE_MAX) {
    read.state_ = start > limit_ ? State::too_long : State::done;
    read.taken_ = read.state_ == State::done ? end : start;
    return true;
  }
  if (size_ + 1 > longest) read.scanned_ = size_ + 1 - longest;
  if (read.scanned_ > limit_) {
    read.state_ = State::not_found;
    read.taken_ = read.scanned_;
    return true;
  }
  if (!eof_) return false;
  read.state_ = line ? State::done : State::incomplete;
  read.taken_ = size_;
  return true;
}

void StreamState::wait_read(ReadAwaiter& read, bool soon) noexcept {
  reading_ = &read;
  Node& node = read.task_->node();
  if (soon) {
    core_->ready.push_back(node);
  } else if (transport_) {  // else a feed, or the end of start_tls, will wake it
    reader_waits_ = true;
    transport_->wait(Transport::kRead, node);
  }
}

void StreamState::leave_read() noexcept {
  if (reader_waits_ && transport_) transport_->forget(Transport::kRead);
  Node& node = reading_->task_->node();
  if (node.linked()) node.unlink();
  read_woken();
}

void StreamState::wake_reader() noexcept {
  if (!reading_ || core_->closed) return;
  if (reader_waits_ && transport_) transport_->forget(Transport::kRead);
  reader_waits_ = false;
  Node& node = reading_->task_->node();
  if (!node.linked()) core_->ready.push_back(node);
}

void StreamState::feed(Text bytes) {
  if (eof_) raise_runtime_error("feed_data after feed_eof");
  if (bytes.empty()) return;
  drop_lent();
  if (!make_room(bytes.size())) throw std::bad_alloc();
  std::memcpy(data_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  wake_reader();
}

void StreamState::feed_eof() noexcept {
  eof_ = true;
  wake_reader();
}

void StreamState::set_error(std::exception_ptr error) noexcept {
  error_ = std::move(error);
  wake_reader();
}

}  // namespace detail

Stream make_stream(detail::Ref<Transport> transport, std::size_t limit) {
  if (limit == 0) detail::raise_value_error("Limit cannot be <= 0");
  return Stream(
      detail::StreamRef(new detail::StreamState(get_running_loop(), std::move(transport), limit)));
}

}  // namespace hob
