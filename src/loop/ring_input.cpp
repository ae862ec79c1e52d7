// SPDX-License-Identifier: MIT
#include "loop/ring_input.hpp"

#include "loop/descriptor.hpp"
#include "loop/uring_poller.hpp"
#include "sys/fd.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace hob::detail {

RingInput::RingInput(UringPoller& poller, Descriptor& descriptor, bool accepts) noexcept
    : poller_(poller), descriptor_(&descriptor), accepts_(accepts) {
  poller.inputs().push_back(*this);
}

RingInput::~RingInput() {
  if (linked()) unlink();
  std::free(kept_);
}

bool RingInput::arm() noexcept {
  if (goes_on()) return true;
  if (bulky_) return false;
  pausing_ = false;
  return accepts_ ? poller_.submit_accept(operation_, descriptor_->fd())
                  : poller_.submit_receive(operation_, descriptor_->fd());
}

long RingInput::take(char* data, std::size_t size) noexcept {
  if (kept_end_ != kept_begin_) {
    const std::size_t count = std::min(size, kept_end_ - kept_begin_);
    std::memcpy(data, kept_ + kept_begin_, count);
    kept_begin_ += count;
    if (kept_begin_ == kept_end_) {  // an idle connection has none
      std::free(std::exchange(kept_, nullptr));
      kept_begin_ = kept_end_ = kept_capacity_ = 0;
    }
    return static_cast<long>(count);
  }
  std::size_t taken = 0;
  std::size_t done = 0;
  while (done < piece_count_ && taken < size) {
    Piece& piece = pieces_[done];
    const std::size_t count = std::min<std::size_t>(size - taken, piece.end - piece.begin);
    std::memcpy(data + taken, poller_.buffer(piece.buffer) + piece.begin, count);
    taken += count;
    piece.begin += static_cast<std::uint32_t>(count);
    if (piece.begin != piece.end) break;
    poller_.give_back(piece.buffer);
    ++done;
  }
  if (done != 0) {
    std::copy(pieces_.begin() + static_cast<std::ptrdiff_t>(done),
              pieces_.begin() + static_cast<std::ptrdiff_t>(piece_count_), pieces_.begin());
    piece_count_ -= done;
  }
  if (piece_count_ != 0) keep();  // for the next read, whenever that comes
  if (taken != 0) return static_cast<long>(taken);
  if (goes_on()) return -EAGAIN;
  return outcome_ != kNone ? outcome_ : Descriptor::kTryDirectly;
}

int RingInput::take_connection() noexcept {
  if (connections_taken_ != connections_.size()) {
    const int fd = connections_[connections_taken_++];
    if (connections_taken_ == connections_.size()) {
      connections_.clear();
      connections_taken_ = 0;
    }
    return fd;
  }
  if (goes_on()) return -EAGAIN;
  // An error is told once: whoever pauses for it comes back to try.
  if (outcome_ != kNone) return std::exchange(outcome_, +kNone);
  return static_cast<int>(Descriptor::kTryDirectly);
}

void RingInput::pause() noexcept {
  if (!pausing_) poller_.cancel(operation_);
  pausing_ = true;
}

bool RingInput::keep_bytes(const char* data, std::size_t size) noexcept {
  if (kept_end_ + size > kept_capacity_) {
    const std::size_t capacity = std::max(kept_end_ + size, kept_capacity_ + kept_capacity_ / 2);
    char* larger = static_cast<char*>(std::realloc(kept_, capacity));
    if (!larger) return false;
    kept_ = larger;
    kept_capacity_ = capacity;
  }
  std::memcpy(kept_ + kept_end_, data, size);
  kept_end_ += size;
  return true;
}

void RingInput::keep() noexcept {
  if (!poller_.is_ours()) return;
  std::size_t done = 0;
  for (; done < piece_count_; ++done) {
    const Piece& piece = pieces_[done];
    if (!keep_bytes(poller_.buffer(piece.buffer) + piece.begin, piece.end - piece.begin)) break;
    poller_.give_back(piece.buffer);
  }
  std::copy(pieces_.begin() + static_cast<std::ptrdiff_t>(done),
            pieces_.begin() + static_cast<std::ptrdiff_t>(piece_count_), pieces_.begin());
  piece_count_ -= done;
}

void RingInput::drop() noexcept {
  for (std::size_t i = 0; i < piece_count_; ++i) poller_.give_back(pieces_[i].buffer);
  piece_count_ = 0;
  for (; connections_taken_ != connections_.size(); ++connections_taken_)
    const sys::Fd closes(connections_[connections_taken_]);
}

void RingInput::let_go() noexcept {
  drop();
  unlink();
  descriptor_ = nullptr;
  if (!goes_on()) {
    delete this;
    return;
  }
  poller_.cancel(operation_);
}

void RingInput::loop_closed(NodeList& ready) noexcept {
  drop();
  descriptor_->loop_closed(ready);
  delete this;
}

void RingInput::Operation::on_event(RingOperation& self, const sys::Ring::Event& event,
                                    NodeList& ready) noexcept {
  RingInput& input = *static_cast<Operation&>(self).input;
  input.accepts_ ? input.accepted(event) : input.received(event);
  if (input.descriptor_) {
    input.descriptor_->ready(true, false, false, ready);
  } else if (!event.more()) {
    delete &input;
  }
}

void RingInput::received(const sys::Ring::Event& event) noexcept {
  const int buffer = event.buffer();
  if (event.result > 0 && buffer >= 0) {
    const auto size = static_cast<std::size_t>(event.result);
    if (size == sys::Ring::kBufferSize && descriptor_) {
      bulky_ = true;
      pause();
    }
    if (!descriptor_ || outcome_ != kNone) return poller_.give_back(buffer);
    const bool in_place =
        kept_end_ == 0 && piece_count_ < kPiecesMax && descriptor_->reader_waits();
    if (!in_place) keep();
    if (in_place || piece_count_ != 0) {
      // Pieces are left only when there was no memory for them: so there is none for more of them.
      if (piece_count_ < kPiecesMax) {
        pieces_[piece_count_++] = {buffer, 0, static_cast<std::uint32_t>(size)};
        return;
      }
    } else if (keep_bytes(poller_.buffer(buffer), size)) {
      poller_.give_back(buffer);
      if (kept_end_ - kept_begin_ > kKeptMax) pause();
      return;
    }
    poller_.give_back(buffer);
    outcome_ = -ENOMEM;
    return pause();
  }
  if (buffer >= 0) poller_.give_back(buffer);
  // Ended for a reason that is no fact about the connection: it begins anew with the next wait.
  const bool harmless = event.result == -ENOBUFS || event.result == -ECANCELED ||
                        event.result == -EINTR || event.result == -EAGAIN;
  if (!event.more() && !harmless && outcome_ == kNone) outcome_ = std::min(event.result, 0);
}

void RingInput::accepted(const sys::Ring::Event& event) noexcept {
  if (event.result >= 0) {
    sys::Fd fd(event.result);
    if (!descriptor_) return;
    try {
      connections_.push_back(fd.get());
      static_cast<void>(fd.release());
    } catch (...) {  // closed: there is no memory to serve it
      outcome_ = -ENOMEM;
    }
    if (connections_.size() - connections_taken_ >= kConnectionsMax) pause();
    return;
  }
  const bool harmless =
      event.result == -ECANCELED || event.result == -EINTR || event.result == -EAGAIN;
  if (!harmless) outcome_ = event.result;
}

}  // namespace hob::detail
