// SPDX-License-Identifier: MIT
// StreamSocket: one end of a simulated connection, TCP or Unix, or a socket that listens. Bytes
// that were sent travel as segments, in order; what was read comes back as acknowledgements and
// room.
#pragma once

#include "testing/network/byte_queue.hpp"
#include "testing/network/journal.hpp"
#include "testing/network/virtual_socket.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

namespace hob::testing {

class StreamSocket final : public VirtualSocket {
 public:
  using VirtualSocket::VirtualSocket;
  /// The end that a listener makes for `client`, not yet established.
  void answer(StreamSocket& listener, StreamSocket& client);
  /// Connected from the start, to each other.
  static void join(StreamSocket& a, StreamSocket& b);

  int type() const noexcept override { return sys::kTypeStream; }
  int listen(int backlog) override;
  int connect(const sys::Address& address) override;
  int accept(sys::Address& peer) override;
  long receive(char* data, std::size_t size, sys::Address* from, bool peek) override;
  long send(std::string_view bytes, const sys::Address* to) override;
  int shutdown_write() override;
  bool listening() const noexcept override { return state_ == State::listening; }
  void close() override;
  void crash() override;
  int peer_address(sys::Address& out) const noexcept override;
  const Host* peer_host() const noexcept override { return peer_host_; }
  std::size_t buffered() const noexcept override { return in_.size() + out_.size(); }
  unsigned readiness() const noexcept override;

  /// The connection ends, or the attempt to connect, as by a packet from the peer.
  void fail(int error, Happened how);
  bool connected_to(const Host& other) const noexcept;

 private:
  enum class State : std::uint8_t { fresh, listening, connecting, answering, open, failed };
  struct Segment {
    enum class Kind : std::uint8_t { established, bytes, end, acknowledged, room, reset };
    Kind kind;
    std::size_t size;
    Time arrival;
  };

  // Connecting: stream_connect.cpp.
  int connect_unix(const sys::Address& address);
  void send_attempt(int number);
  void attempt_arrives(int number, Time next);
  void refuse(Host& by, int number, Time next);
  void answer_arrives(std::uint32_t server, int number, Time next);
  void attempt_again(int number, Time next);
  void abandon_answer() noexcept;
  void established();
  bool backlog_full() const noexcept { return waiting_.size() + answering_ > backlog_; }
  StreamSocket* listener() const noexcept;

  // Bytes on their way: stream_flow.cpp.
  void push(Segment::Kind kind, std::size_t size);
  void pump();
  void set_alarm();
  void arrivals();
  bool blocked() const noexcept;
  void stall();
  void give_up();
  void hand_over(const Segment& segment);
  void hand_over_bytes(std::size_t size, StreamSocket* peer);
  void hand_over_end(StreamSocket* peer);
  void answer_with_reset(int number);
  void acknowledge(std::size_t size);
  void make_room(std::size_t size);
  void announce_room(std::size_t size);
  void abort();
  void drop_flight() noexcept;
  bool finished() const noexcept;
  StreamSocket* peer() const noexcept;
  std::size_t space() const noexcept;
  Route& route() const;
  void open_to(StreamSocket& peer);

  State state_ = State::fresh;
  bool closed_ = false;       // by the program; what was sent goes on
  bool write_ended_ = false;  // nothing more will be sent
  bool end_sent_ = false;     // that, or a reset, is on its way
  bool resetting_ = false;    // it is a reset
  bool eof_ = false;          // the peer's end has come
  bool choked_ = false;       // a write was cut short; it takes nothing for a moment
  bool held_back_ = false;    // a read was cut short
  bool wants_space_ = false;  // a writer was refused
  bool alarm_set_ = false;
  std::uint32_t peer_ = 0;
  Host* peer_host_ = nullptr;

  ByteQueue in_;
  ByteQueue out_;                   // not come yet: first what is in segments
  std::size_t flying_bytes_ = 0;    // so much
  std::size_t unacknowledged_ = 0;  // has come, but nobody told
  std::size_t window_ = 0;          // the peer has room for
  std::size_t unannounced_ = 0;     // was read, but the peer was not told
  std::deque<Segment> flying_;
  Time last_arrival_ = 0;
  int losses_ = 0;  // in a row, of the first segment

  // While listening.
  std::deque<std::uint32_t> waiting_;
  std::size_t answering_ = 0;
  std::size_t backlog_ = 0;
  std::uint32_t listener_ = 0;  // while answering: whose
};

}  // namespace hob::testing
