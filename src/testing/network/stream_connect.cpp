// SPDX-License-Identifier: MIT
// How a connection comes about: an attempt (SYN), an answer (SYN-ACK), and the word that it came
// (ACK), which lets the server accept it. Attempts without an answer are repeated after 1, 2, 4,
// ... seconds, and given up 127 s after the first: tcp_syn_retries of tcp(7).
#include "testing/network/stream_socket.hpp"
#include "testing/network/world.hpp"

#include "sys/syscall.hpp"

#include <algorithm>

namespace hob::testing {
namespace {

constexpr Time kSecond = 1'000'000'000;
constexpr int kAttempts = 7;
constexpr std::size_t kHeader = 40;  // of a packet without bytes

}  // namespace

int StreamSocket::connect(const sys::Address& address) {
  if (address.family() != family_) return -EAFNOSUPPORT;
  if (state_ == State::connecting) return -EALREADY;
  if (state_ == State::failed) return -EINVAL;
  if (state_ != State::fresh) return -EISCONN;
  if (!host_.up) return -ENETDOWN;
  if (family_ == sys::kFamilyUnix) return connect_unix(address);
  const int result = find_source(address);
  if (result < 0) return result;
  remote_ = address;
  error_ = 0;
  state_ = State::connecting;
  send_attempt(0);
  return -EINPROGRESS;
}

// At once, or not at all: unix(7).
int StreamSocket::connect_unix(const sys::Address& address) {
  VirtualSocket* named = world_.named(host_, address);
  if (!named) return world_.has_path(host_, address) ? -ECONNREFUSED : -ENOENT;
  if (!named->listening()) return -ECONNREFUSED;
  auto& server = static_cast<StreamSocket&>(*named);
  if (server.backlog_full()) return -EAGAIN;
  StreamSocket& end = world_.make_stream(host_, family_);
  end.local_ = remote_ = address;
  end.remote_ = local_;
  join(*this, end);
  server.waiting_.push_back(end.number_);
  world_.note(Happened::connected, *this, &end);
  ++world_.journal().statistics.connections;
  server.tell(EPOLLIN);
  tell(EPOLLOUT);
  return 0;
}

void StreamSocket::join(StreamSocket& a, StreamSocket& b) {
  a.open_to(b);
  b.open_to(a);
}

void StreamSocket::open_to(StreamSocket& peer) {
  state_ = State::open;
  peer_ = peer.number_;
  peer_host_ = &peer.host_;
  window_ = peer.receive_buffer_;
}

void StreamSocket::send_attempt(int number) {
  if (state_ != State::connecting) return;
  if (number == kAttempts) return fail(ETIMEDOUT, Happened::timed_out);
  const Time next = now() + (kSecond << number);
  peer_host_ = world_.topology().owner(remote_, host_);
  world_.note(Happened::connecting, *this);
  if (!peer_host_) return attempt_again(number, next);
  Route& way = route();
  if (way.cut || world_.random().chance(way.options.loss)) return attempt_again(number, next);
  const Time arrival = way.arrival(now(), kHeader, world_.random());
  world_.at(arrival, [world = &world_, self = number_, number, next] {
    if (StreamSocket* socket = world->find_stream(self)) socket->attempt_arrives(number, next);
  });
}

void StreamSocket::attempt_again(int number, Time next) {
  ++world_.journal().statistics.stalls;
  world_.at(next, [world = &world_, self = number_, number] {
    if (StreamSocket* socket = world->find_stream(self)) socket->send_attempt(number + 1);
  });
}

void StreamSocket::attempt_arrives(int number, Time next) {
  Host& there = *peer_host_;
  Route& back = world_.topology().route(there, host_);
  if (!there.up || route().cut) return attempt_again(number, next);
  StreamSocket* server = world_.listener(there, remote_);
  const bool refused = !server || world_.random().chance(route().options.resets);
  if (refused) return refuse(there, number, next);
  if (server->backlog_full()) {
    ++world_.journal().statistics.backlog_drops;
    world_.note(Happened::backlog_full, *this, server);
    return attempt_again(number, next);
  }
  StreamSocket& end = world_.make_stream(there, family_);
  end.answer(*server, *this);
  const bool lost = back.cut || world_.random().chance(back.options.loss);
  if (lost) {
    end.abandon_answer();
    return attempt_again(number, next);
  }
  world_.at(back.arrival(now(), kHeader, world_.random()),
            [world = &world_, self = number_, answer = end.number_, number, next] {
              if (StreamSocket* socket = world->find_stream(self)) {
                socket->answer_arrives(answer, number, next);
              } else if (StreamSocket* orphan = world->find_stream(answer)) {
                orphan->abandon_answer();
              }
            });
}

void StreamSocket::refuse(Host& by, int number, Time next) {
  Route& back = world_.topology().route(by, host_);
  if (back.cut || world_.random().chance(back.options.loss)) return attempt_again(number, next);
  world_.at(back.arrival(now(), kHeader, world_.random()), [world = &world_, self = number_] {
    StreamSocket* socket = world->find_stream(self);
    if (socket && socket->state_ == State::connecting) {
      ++world->journal().statistics.refused;
      socket->fail(ECONNREFUSED, Happened::refused);
    }
  });
}

void StreamSocket::answer(StreamSocket& listener, StreamSocket& client) {
  state_ = State::answering;
  listener_ = listener.number_;
  ++listener.answering_;
  local_ = client.remote_;
  remote_ = client.local_;
  send_buffer_ = listener.send_buffer_;
  receive_buffer_ = listener.receive_buffer_;
  peer_ = client.number_;
  peer_host_ = &client.host_;
  window_ = client.receive_buffer_;
  if (local_.is_wildcard()) {
    const std::uint16_t port = local_.port();
    local_ = world_.topology().source(host_, local_);
    local_.set_port(port);
  }
}

void StreamSocket::answer_arrives(std::uint32_t answer, int number, Time next) {
  StreamSocket* server = world_.find_stream(answer);
  if (!server || server->state_ != State::answering) return attempt_again(number, next);
  if (state_ != State::connecting) return server->abandon_answer();
  if (world_.topology().route(server->host_, host_).cut) {
    server->abandon_answer();
    return attempt_again(number, next);
  }
  open_to(*server);
  push(Segment::Kind::established, 0);
  tell(EPOLLOUT);
}

StreamSocket* StreamSocket::listener() const noexcept {
  StreamSocket* listener = world_.find_stream(listener_);
  return listener && listener->listening() ? listener : nullptr;
}

/// The client's word has come: it may be accepted.
void StreamSocket::established() {
  if (state_ != State::answering) return;
  StreamSocket* server = listener();
  if (!server) {
    if (StreamSocket* client = peer()) client->answer_with_reset(0);
    return world_.bury(*this);
  }
  --server->answering_;
  server->waiting_.push_back(number_);
  state_ = State::open;
  ++world_.journal().statistics.connections;
  world_.note(Happened::connected, *this, peer());
  server->tell(EPOLLIN);
}

/// The client never learns of it, or has changed its mind.
void StreamSocket::abandon_answer() noexcept {
  if (state_ != State::answering) return;
  if (StreamSocket* server = listener()) --server->answering_;
  world_.bury(*this);
}

}  // namespace hob::testing
