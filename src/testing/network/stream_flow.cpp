// SPDX-License-Identifier: MIT
// How bytes get from one end to the other. Each end has a queue of segments on their way, which
// arrive in order. What a route loses comes later; what a cut stops is sent again until it gets
// through, and given up in the end: tcp_retries2 of tcp(7).
#include "testing/network/stream_socket.hpp"
#include "testing/network/world.hpp"

#include "sys/syscall.hpp"

#include <algorithm>

namespace hob::testing {
namespace {

constexpr std::size_t kHeader = 40;
constexpr Time kFirstRetryNs = 200'000'000;
constexpr Time kLastRetryNs = 120'000'000'000;
constexpr int kLossesMax = 16;  // 924.6 s
constexpr int kResetLossesMax = 15;

}  // namespace

StreamSocket* StreamSocket::peer() const noexcept {
  StreamSocket* peer = world_.find_stream(peer_);
  return peer && peer->state_ != State::failed ? peer : nullptr;
}

std::size_t StreamSocket::space() const noexcept {
  const std::size_t used = out_.size() + unacknowledged_;
  return used < send_buffer_ ? send_buffer_ - used : 0;
}

Route& StreamSocket::route() const {
  if (family_ == sys::kFamilyUnix) return world_.local_route();
  return world_.topology().route(host_, *peer_host_);
}

bool StreamSocket::blocked() const noexcept {
  return family_ != sys::kFamilyUnix && (route().cut || !peer_host_->up);
}

void StreamSocket::push(Segment::Kind kind, std::size_t size) {
  const std::size_t length = kind == Segment::Kind::bytes ? size + kHeader : kHeader;
  std::uint64_t again = 0;
  const Time arrival = route().sure_arrival(now(), length, world_.random(), again);
  world_.journal().statistics.stalls += again;
  if (again != 0) world_.note(Happened::sent_again, *this, peer(), again);
  last_arrival_ = std::max(last_arrival_, arrival);
  // What is told of the same kind at the same time is one packet.
  if (!flying_.empty() && flying_.back().kind == kind && flying_.back().arrival == last_arrival_ &&
      (kind == Segment::Kind::acknowledged || kind == Segment::Kind::room)) {
    flying_.back().size += size;
    return;
  }
  flying_.push_back({kind, size, last_arrival_});
  set_alarm();
}

void StreamSocket::pump() {
  if (state_ != State::open || end_sent_) return;
  Route& way = route();
  while (out_.size() > flying_bytes_ && window_ > 0) {
    std::size_t size = std::min({out_.size() - flying_bytes_, window_, way.options.segment});
    if (way.options.ragged) size = 1 + world_.random().below(size);
    if (world_.random().chance(way.options.resets)) {  // somebody in between has had enough
      if (StreamSocket* other = peer()) other->fail(ECONNRESET, Happened::reset);
      return fail(ECONNRESET, Happened::reset);
    }
    flying_bytes_ += size;
    window_ -= size;
    push(Segment::Kind::bytes, size);
  }
  if (write_ended_ && out_.size() == flying_bytes_) {
    end_sent_ = true;
    push(Segment::Kind::end, 0);
  }
}

void StreamSocket::set_alarm() {
  if (alarm_set_ || flying_.empty()) return;
  alarm_set_ = true;
  world_.at(flying_.front().arrival, [world = &world_, number = number_] {
    if (StreamSocket* socket = world->find_stream(number)) socket->arrivals();
  });
}

void StreamSocket::arrivals() {
  alarm_set_ = false;
  while (!flying_.empty() && flying_.front().arrival <= now()) {
    if (blocked()) return stall();
    const Segment segment = flying_.front();
    flying_.pop_front();
    losses_ = 0;
    hand_over(segment);
  }
  set_alarm();
  if (finished()) world_.bury(*this);
}

void StreamSocket::stall() {
  if (resetting_) {  // nobody sends a reset again
    drop_flight();
    return world_.bury(*this);
  }
  ++world_.journal().statistics.stalls;
  world_.note(Happened::sent_again, *this, peer(), 1);
  if (++losses_ > kLossesMax) return give_up();
  const Time wait = std::min(kFirstRetryNs << (losses_ - 1), kLastRetryNs);
  for (Segment& each : flying_) each.arrival = std::max(each.arrival, now() + wait);
  last_arrival_ = flying_.back().arrival;
  set_alarm();
}

// Who waits for an acknowledgement gives up, on whichever side it is.
void StreamSocket::give_up() {
  const bool only_answers = std::all_of(flying_.begin(), flying_.end(), [](const Segment& each) {
    return each.kind == Segment::Kind::acknowledged || each.kind == Segment::Kind::room;
  });
  StreamSocket* other = peer();
  if (other && other->unacknowledged_ > 0) other->fail(ETIMEDOUT, Happened::timed_out);
  if (!only_answers) return fail(ETIMEDOUT, Happened::timed_out);
  flying_.clear();
  losses_ = 0;
}

void StreamSocket::hand_over(const Segment& segment) {
  StreamSocket* other = peer();
  switch (segment.kind) {
    case Segment::Kind::established:
      if (other) other->established();
      return;
    case Segment::Kind::bytes:
      return hand_over_bytes(segment.size, other);
    case Segment::Kind::end:
      return hand_over_end(other);
    case Segment::Kind::acknowledged:
      if (other) other->acknowledge(segment.size);
      return;
    case Segment::Kind::room:
      if (other) other->make_room(segment.size);
      return;
    case Segment::Kind::reset:
      if (other) other->fail(ECONNRESET, Happened::reset);
      return;
  }
}

void StreamSocket::hand_over_bytes(std::size_t size, StreamSocket* other) {
  flying_bytes_ -= size;
  if (!other || other->closed_) {  // nobody will ever read it
    out_.drop_first(size);
    if (!other) return answer_with_reset(0);
    if (!other->resetting_) other->abort();
    return;
  }
  other->in_.append(out_.first(size));
  out_.drop_first(size);
  unacknowledged_ += size;
  NetworkStatistics& statistics = world_.journal().statistics;
  ++statistics.segments;
  statistics.bytes += size;
  world_.note(Happened::segment, *this, other, size);
  if (!other->held_back_) other->tell(EPOLLIN);
  other->push(Segment::Kind::acknowledged, size);
}

void StreamSocket::hand_over_end(StreamSocket* other) {
  world_.note(Happened::ended, *this, other);
  if (!other) return;
  other->eof_ = true;
  other->held_back_ = false;
  other->tell(0);
}

/// What answers bytes that nobody wants; may be late, when the way back is cut.
void StreamSocket::answer_with_reset(int number) {
  if (state_ != State::open) return;
  Route& back = family_ == sys::kFamilyUnix ? world_.local_route()
                                            : world_.topology().route(*peer_host_, host_);
  if (back.cut && number == kResetLossesMax) return fail(ETIMEDOUT, Happened::timed_out);
  const Time arrival = back.cut ? now() + std::min(kFirstRetryNs << number, kLastRetryNs)
                                : back.arrival(now(), kHeader, world_.random());
  world_.at(arrival, [world = &world_, self = number_, number, cut = back.cut] {
    StreamSocket* socket = world->find_stream(self);
    if (!socket || socket->state_ != State::open) return;
    if (cut) return socket->answer_with_reset(number + 1);
    socket->fail(ECONNRESET, Happened::reset);
  });
}

// A writer is called when a third of the buffer is free, as by Linux: not for each byte.
void StreamSocket::acknowledge(std::size_t size) {
  unacknowledged_ -= std::min(size, unacknowledged_);
  if (!wants_space_ || choked_ || space() < (send_buffer_ + 2) / 3) return;
  wants_space_ = false;
  tell(EPOLLOUT);
}

void StreamSocket::make_room(std::size_t size) {
  window_ += size;
  pump();
}

void StreamSocket::announce_room(std::size_t size) {
  unannounced_ += size;
  if (state_ != State::open || eof_) return;
  if (!in_.empty() && unannounced_ < receive_buffer_ / 4) return;
  push(Segment::Kind::room, std::exchange(unannounced_, 0));
}

/// A reset follows what is on its way; what is not is dropped.
void StreamSocket::abort() {
  in_.clear();
  out_.keep_first(flying_bytes_);
  write_ended_ = end_sent_ = resetting_ = true;
  push(Segment::Kind::reset, 0);
}

void StreamSocket::drop_flight() noexcept {
  StreamSocket* other = world_.find_stream(peer_);
  if (other && other->state_ == State::answering) other->abandon_answer();
  flying_.clear();
  flying_bytes_ = unacknowledged_ = 0;
  out_.clear();
}

bool StreamSocket::finished() const noexcept {
  return closed_ && flying_.empty() && (end_sent_ || state_ == State::failed);
}

void StreamSocket::fail(int error, Happened how) {
  if (state_ == State::failed || state_ == State::fresh) return;
  if (state_ == State::answering) return abandon_answer();
  world_.note(how, *this);
  if (how == Happened::timed_out) ++world_.journal().statistics.timeouts;
  if (how == Happened::reset) ++world_.journal().statistics.resets;
  // A reset of a connection whose peer has ended already is a broken pipe.
  error_ = error == ECONNRESET && eof_ ? EPIPE : error;
  const bool attempt = state_ == State::connecting;
  state_ = attempt ? State::fresh : State::failed;  // an attempt may be repeated
  held_back_ = choked_ = false;
  drop_flight();
  tell(0);
  if (closed_) world_.bury(*this);
}

}  // namespace hob::testing
