// SPDX-License-Identifier: MIT
// The calls. What they do with errors and ends is what Linux does.
#include "testing/network/stream_socket.hpp"

#include "sys/syscall.hpp"
#include "testing/network/world.hpp"

#include <algorithm>
#include <cstring>

namespace hob::testing {
namespace {

constexpr std::size_t kBacklogMax = 4096;  // net.core.somaxconn
constexpr std::uint64_t kMomentNs = 1'000'000;

}  // namespace

int StreamSocket::listen(int backlog) {
  if (state_ != State::fresh && state_ != State::listening) return -EINVAL;
  if (family_ != sys::kFamilyUnix && !is_bound()) {
    const int result = world_.bind(*this, local_, local_);
    if (result < 0) return result;
  }
  if (family_ == sys::kFamilyUnix && !is_bound()) return -EINVAL;
  for (const VirtualSocket* other : world_.bound(host_, type(), local_.port())) {
    const bool rival = family_ != sys::kFamilyUnix && other != this && other->listening();
    if (rival && other->family() == family_ && !reuses(*other) &&
        (other->bound_to(local_) || bound_to(other->local())))
      return -EADDRINUSE;
  }
  backlog_ = std::min(static_cast<std::size_t>(std::max(backlog, 0)), kBacklogMax);
  state_ = State::listening;
  return 0;
}

int StreamSocket::accept(sys::Address& peer) {
  if (state_ != State::listening) return -EINVAL;
  if (waiting_.empty()) return -EAGAIN;
  StreamSocket* accepted = world_.find_stream(waiting_.front());
  waiting_.pop_front();
  if (!accepted) return -ECONNABORTED;
  peer = accepted->remote_;
  return world_.descriptor(*accepted);
}

// First what has come, then the end, then an error; and after the error an end.
long StreamSocket::receive(char* data, std::size_t size, sys::Address* from, bool peek) {
  if (from) from->size = 0;
  if (state_ == State::connecting) return -EAGAIN;
  if (in_.empty() && !eof_ && error_ != 0) return -take_error();
  if (state_ == State::fresh || state_ == State::listening) return -ENOTCONN;
  if (held_back_) return -EAGAIN;
  if (in_.empty() || size == 0) return size == 0 || eof_ || state_ == State::failed ? 0 : -EAGAIN;
  std::size_t count = std::min(size, in_.size());
  // The rest comes a moment later: with an edge, because a short count has said that this was all.
  if (!peek && count > 1 && !eof_ && state_ == State::open &&
      world_.random().chance(route().options.short_reads)) {
    count = 1 + world_.random().below(count - 1);
    held_back_ = true;
    const auto moment = static_cast<Time>(world_.random().below(kMomentNs));
    world_.at(now() + moment, [world = &world_, number = number_] {
      StreamSocket* socket = world->find_stream(number);
      if (!socket) return;
      socket->held_back_ = false;
      socket->tell(0);
    });
  }
  std::memcpy(data, in_.first(count).data(), count);
  if (peek) return static_cast<long>(count);
  in_.drop_first(count);
  announce_room(count);
  return static_cast<long>(count);
}

long StreamSocket::send(std::string_view bytes, const sys::Address*) {
  if (state_ == State::connecting) return -EAGAIN;
  if (error_ != 0) return -take_error();
  if (state_ != State::open || write_ended_) return -EPIPE;
  if (bytes.empty()) return 0;
  const std::size_t room = choked_ ? 0 : space();
  if (room == 0) {
    wants_space_ = true;
    return -EAGAIN;
  }
  std::size_t count = std::min(bytes.size(), room);
  if (count > 1 && world_.random().chance(route().options.short_writes)) {
    count = 1 + world_.random().below(count - 1);
    choked_ = true;
    const auto moment = static_cast<Time>(world_.random().below(kMomentNs));
    world_.at(now() + moment, [world = &world_, number = number_] {
      StreamSocket* socket = world->find_stream(number);
      if (!socket) return;
      socket->choked_ = false;
      socket->acknowledge(0);
    });
  }
  if (count < bytes.size()) wants_space_ = true;
  out_.append(bytes.substr(0, count));
  pump();
  return static_cast<long>(count);
}

int StreamSocket::shutdown_write() {
  if (state_ != State::open) return -ENOTCONN;
  write_ended_ = true;
  pump();
  if (eof_) tell(EPOLLHUP);
  return 0;
}

void StreamSocket::close() {
  unwatch();
  if (state_ == State::listening) {
    for (const std::uint32_t number : std::exchange(waiting_, {})) {
      if (StreamSocket* client = world_.find_stream(number)) {
        client->linger_ = true;
        client->close();
      }
    }
  }
  if (state_ != State::open) return world_.bury(*this);
  closed_ = true;
  if (linger_ || !in_.empty()) {  // the peer must not believe that all was read
    abort();
  } else {
    write_ended_ = true;
    pump();
  }
  if (finished()) world_.bury(*this);
}

void StreamSocket::crash() {
  if (state_ == State::listening) {
    for (const std::uint32_t number : std::exchange(waiting_, {})) {
      if (StreamSocket* client = world_.find_stream(number)) world_.bury(*client);
    }
    state_ = State::fresh;
    answering_ = 0;
    return;
  }
  if (state_ == State::answering) return world_.bury(*this);
  if (state_ == State::fresh || state_ == State::failed) return;
  in_.clear();
  eof_ = false;
  state_ = State::failed;
  error_ = ENETDOWN;
  drop_flight();
  tell(0);
  if (closed_) world_.bury(*this);
}

int StreamSocket::peer_address(sys::Address& out) const noexcept {
  if (state_ != State::open) return -ENOTCONN;
  out = remote_;
  return 0;
}

unsigned StreamSocket::readiness() const noexcept {
  switch (state_) {
    case State::listening:
      return waiting_.empty() ? 0u : unsigned{EPOLLIN};
    case State::fresh:
      return error_ != 0 ? EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP : EPOLLOUT | EPOLLHUP;
    case State::connecting:
    case State::answering:
      return 0;
    case State::failed:
      return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP;
    case State::open:
      break;
  }
  unsigned ready = 0;
  if (!held_back_ && (!in_.empty() || eof_)) ready |= EPOLLIN;
  if (eof_) ready |= EPOLLRDHUP;
  if (eof_ && write_ended_) ready |= EPOLLHUP;
  if (!choked_ && space() >= (send_buffer_ + 2) / 3) ready |= EPOLLOUT;  // as Linux does
  return ready;
}

bool StreamSocket::connected_to(const Host& other) const noexcept {
  return (state_ == State::open || state_ == State::answering) && peer_host_ == &other;
}

}  // namespace hob::testing
